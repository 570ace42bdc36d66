"""An unmodified discord.py on the sandbox."""

from sandbox import Sandbox
from tests.sandbox.plain_bot import Bot


async def test_discord_py_connects_and_sees_the_guild(local: Sandbox, bot: Bot) -> None:
    """An unmodified discord.py becomes ready and knows the guild's channels and itself."""
    guild = local.guilds[0]
    text = guild.text("general")
    voice = guild.voice("Lounge", user_limit=3)
    await bot.until("guild_channel_create")
    await bot.until("guild_channel_create")
    seen = bot.get_guild(guild.id)
    assert seen is not None
    assert seen.me.id == local.world.application_id
    assert [each.name for each in seen.text_channels] == [text.name]
    assert seen.voice_channels[0].user_limit == voice.user_limit
