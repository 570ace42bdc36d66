"""What a bot meets after it was killed, or after its answers were lost."""

import asyncio

import aiohttp
import discord
import pytest
from discord import app_commands, ui

from sandbox import NotPossible, Sandbox
from tests.sandbox.plain_bot import Bot, running


async def test_a_killed_bot_finds_itself_still_in_voice(local: Sandbox) -> None:
    """Its old session keeps its place in voice until the time to resume is over; the new session
    sees it, takes it over with a join of the same channel, and keeps it when the old session
    ends."""
    guild = local.guild("Home")
    lounge = guild.voice("Lounge")
    first = Bot()
    async with running(local, first):
        await join(first, lounge.id)
        await guild.bot_joined(lounge)
        first_session = guild.bot.voice.session_id
        await local.away()  # cut without a close frame, as by a kill
    await local.back()
    async with running(local, Bot()) as second:
        seen = second.get_channel(lounge.id)
        assert isinstance(seen, discord.VoiceChannel)
        assert [each.id for each in seen.members] == [guild.bot.id]
        await join(second, lounge.id)
        await local.world.watch.until(
            lambda: guild.bot.voice.session_id != first_session, 5, "the new session in voice"
        )
        local.clock.advance(61)
        await local.world.watch.until(
            lambda: first_session not in local.gateway.sessions, 5, "the end of the old session"
        )
        assert guild.bot.voice.channel is lounge


@pytest.mark.parametrize("goodbye", [True, False])
async def test_only_a_goodbye_ends_a_session_at_once(local: Sandbox, goodbye: bool) -> None:
    """A close with 1000 ends it and its place in voice; the end of a process does not."""
    guild = local.guild("Home")
    lounge = guild.voice("Lounge")
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(local.gateway_url)
        await socket.send_json({"op": 2, "d": {"token": local.token, "intents": 1 << 7}})
        state = {"guild_id": str(guild.id), "channel_id": str(lounge.id)}
        await socket.send_json({"op": 4, "d": state})
        await guild.bot_joined(lounge)
        if goodbye:
            await socket.close(code=1000)
        else:
            transport = socket.get_extra_info("socket")
            transport.shutdown(2)
        await local.world.watch.until(lambda: not local.gateway.is_connected, 5, "the end")
    if goodbye:
        await guild.bot_left()
    assert (guild.bot.voice.channel is None) is goodbye
    assert bool(local.gateway.sessions) is not goodbye


async def join(bot: Bot, channel_id: int) -> None:
    channel = bot.get_channel(channel_id)
    assert isinstance(channel, discord.VoiceChannel)
    await channel.guild.change_voice_state(channel=channel)


async def test_an_answer_that_took_effect_and_failed_is_met_as_40060(
    local: Sandbox, bot: Bot
) -> None:
    """discord.py tries again after the 502; on request, the original response is there."""
    told: asyncio.Future[tuple[int, int]] = bot.loop.create_future()

    @bot.tree.command(description="Speak.")
    async def say(interaction: discord.Interaction) -> None:
        try:
            await interaction.response.send_message("once")
        except discord.HTTPException as error:
            original = await interaction.original_response()
            told.set_result((error.code, original.id))

    await bot.tree.sync()
    local.rest.apply_then_fail("POST", "/callback$", status=502)
    interaction = await local.guilds[0].member("Alice").command("say")
    message = await interaction.original()
    assert await asyncio.wait_for(told, 10) == (40060, message.id)


async def test_an_unanswered_interaction_has_no_original_response(local: Sandbox, bot: Bot) -> None:
    """10015, which shows that an unclear answer was not given."""

    @bot.tree.command(description="Never answered.")
    async def silent(interaction: discord.Interaction) -> None: ...

    await bot.tree.sync()
    interaction = await local.guilds[0].member("Alice").command("silent")
    webhook = discord.Webhook.partial(local.world.application_id, interaction.token, client=bot)
    with pytest.raises(discord.NotFound) as refused:
        await webhook.fetch_message("@original")  # type: ignore[arg-type]
    assert refused.value.code == 10015


class Form(ui.Modal, title="Dictionary"):
    word: ui.TextInput["Form"] = ui.TextInput(label="Word", custom_id="word")
    sound: ui.TextInput["Form"] = ui.TextInput(label="Sound", custom_id="sound", required=False)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{self.word}: {self.sound}")


async def test_forms_and_selects(local: Sandbox, bot: Bot) -> None:
    """A form's fields reach the bot; a required field cannot be left out, and only offered values
    can be chosen."""
    alice = local.guilds[0].member("Alice")

    @bot.tree.command(description="Add a word.")
    async def word(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Form())

    class Choice(ui.View):
        @ui.select(placeholder="Voice", options=[discord.SelectOption(label="en")])
        async def choose(
            self, interaction: discord.Interaction, select: "ui.Select[Choice]"
        ) -> None:
            await interaction.response.edit_message(content=select.values[0], view=None)

    @bot.tree.command(description="Choose a voice.")
    async def voice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Which?", view=Choice())

    await bot.tree.sync()
    asked = await (await alice.command("word")).answered()
    with pytest.raises(NotPossible):
        await alice.submit(asked, {"sound": "x"})
    told = await (await alice.submit(asked, {"word": "GIF", "sound": "jif"})).answered()
    assert told.content == "GIF: jif"
    which = await (await alice.command("voice")).original()
    with pytest.raises(NotPossible):
        await alice.select(which, "Voice", ["fr"])
    await (await alice.select(which, "Voice", ["en"])).answered()
    assert which.content == "en"


async def test_rights_to_a_command(local: Sandbox, bot: Bot) -> None:
    """Without the permission that a command requires by default, or in a channel where commands are
    denied, the client does not offer it."""
    guild = local.guilds[0]

    @bot.tree.command(description="For moderators.")
    @app_commands.default_permissions(manage_guild=True)
    async def setup(interaction: discord.Interaction) -> None:
        assert interaction.permissions.manage_guild
        assert interaction.app_permissions.connect
        await interaction.response.send_message("ok", ephemeral=True)

    await bot.tree.sync()
    with pytest.raises(NotPossible):
        await guild.member("Alice").command("setup")
    assert (await (await guild.owner.command("setup")).answered()).content == "ok"
