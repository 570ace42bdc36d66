"""Direct messages with the bot: commands there, and what the bot may send."""

import io
from collections.abc import AsyncIterator

import discord
import pytest
from discord import app_commands

from sandbox import NotPossible, Sandbox, Upload
from tests.sandbox.plain_bot import INTENTS, Bot, running


@pytest.fixture
async def bot(local: Sandbox) -> AsyncIterator[Bot]:
    local.guild("Home")
    bot = Bot(INTENTS | discord.Intents(dm_messages=True))
    bot.tree.allowed_contexts = app_commands.AppCommandContext()
    async with running(local, bot) as bot:
        yield bot


@pytest.fixture
async def heard(bot: Bot) -> list[discord.Interaction]:
    """Interactions of commands, as the bot saw them."""
    heard: list[discord.Interaction] = []
    voice = app_commands.Group(
        name="voice",
        description="Voices.",
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
    )

    @voice.command(name="list", description="My voices.")
    async def list_(interaction: discord.Interaction, whose: discord.User | None = None) -> None:
        heard.append(interaction)
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Preview", custom_id="preview"))
        await interaction.response.send_message(f"{whose} has none", view=view, ephemeral=True)

    @voice.command(description="Give a recording.")
    async def upload(interaction: discord.Interaction, file: discord.Attachment) -> None:
        heard.append(interaction)
        await interaction.response.send_message((await file.read()).decode())

    @bot.tree.command(description="Speak.")
    @app_commands.guild_only()
    async def say(interaction: discord.Interaction) -> None: ...

    @bot.tree.command(description="Anywhere.")
    async def anywhere(interaction: discord.Interaction) -> None:
        heard.append(interaction)
        await interaction.response.send_message("here")

    @bot.event
    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            heard.append(interaction)
            file = discord.File(io.BytesIO(b"sound"), "preview.ogg")
            await interaction.response.send_message(file=file, ephemeral=True)

    bot.tree.add_command(voice)
    await bot.tree.sync()
    return heard


async def test_a_command_in_direct_messages(
    local: Sandbox, bot: Bot, heard: list[discord.Interaction]
) -> None:
    """It has a user and no guild; the answer is in the same channel."""
    alice = local.guilds[0].member("Alice")
    interaction = await (await alice.command("anywhere", channel=alice.dm)).answered()
    seen = heard[0]
    assert (seen.guild_id, seen.guild_locale) == (None, None)
    assert isinstance(seen.user, discord.User)
    assert seen.user.id == alice.id
    assert isinstance(seen.channel, discord.DMChannel)
    assert seen.channel.id == alice.dm.id
    assert seen.context.dm_channel
    assert seen._integration_owners == {0: 0}
    assert seen.app_permissions.attach_files
    assert not seen.app_permissions.connect
    assert seen.filesize_limit == 10 * 1024 * 1024
    assert alice.dm.messages == [interaction.message]
    assert (await seen.original_response()).content == "here"


async def test_only_commands_for_direct_messages_are_offered(
    local: Sandbox, bot: Bot, heard: list[discord.Interaction]
) -> None:
    """Not a command for guilds only, not a guild's own, and none once no guild is shared."""
    guild = local.guilds[0]
    alice = guild.member("Alice")
    with pytest.raises(NotPossible):
        await alice.command("say", channel=alice.dm)
    own = {"name": "own", "description": "Of a guild."}
    local.commands.overwrite(guild.id, [own])
    await alice.command("own")
    with pytest.raises(NotPossible):
        await alice.command("own", channel=alice.dm)
    await alice.quit()
    with pytest.raises(NotPossible):
        await alice.command("anywhere", channel=alice.dm)


async def test_private_answers_buttons_and_files_in_direct_messages(
    local: Sandbox, bot: Bot, heard: list[discord.Interaction]
) -> None:
    """All of them work there as in a guild."""
    alice, bert = (local.guilds[0].member(each) for each in ("Alice", "Bert"))
    listed = await (await alice.command("voice list", {"whose": bert}, channel=alice.dm)).answered()
    assert (listed.content, listed.ephemeral) == ("bert has none", True)
    assert listed.message is not None
    assert alice.dm.messages == []
    with pytest.raises(NotPossible):
        await bert.press(listed.message, "Preview")
    pressed = await (await alice.press(listed.message, "Preview")).answered()
    assert pressed.message is not None
    assert heard[-1].message is not None
    assert heard[-1].message.id == listed.message.id
    assert await alice.download(pressed.message) == [b"sound"]
    given = {"file": Upload("a.wav", b"RIFF")}
    assert (await (await alice.command("voice upload", given, channel=alice.dm)).answered()).content


async def test_the_bot_writes_first(local: Sandbox, bot: Bot) -> None:
    """It opens the channel, sends, edits and deletes there; the member answers."""
    alice = local.guilds[0].member("Alice")
    user = await bot.fetch_user(alice.id)
    sent = await user.send("hello", file=discord.File(io.BytesIO(b"data"), "export.zip"))
    assert sent.channel.id == alice.dm.id
    message = alice.dm.messages[0]
    assert await alice.download(message) == [b"data"]
    await sent.edit(content="gone", attachments=[])
    assert (message.content, message.attachments) == ("gone", [])
    heard = bot.loop.create_task(bot.wait_for("message", check=lambda each: not each.author.bot))
    await bot.until("message")
    said = await alice.say("thanks", alice.dm)
    received = await heard
    assert (received.content, received.guild) == ("thanks", None)
    with pytest.raises(discord.Forbidden) as refused:
        await received.delete()
    assert refused.value.code == 50003
    await sent.delete()
    assert alice.dm.messages == [said]


async def test_who_takes_no_direct_messages(local: Sandbox, bot: Bot) -> None:
    """50007 if the member blocks them, 50278 if no guild is shared; answers still arrive."""
    alice = local.guilds[0].member("Alice")
    user = await bot.fetch_user(alice.id)
    alice.dm.block()
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("hello")
    assert refused.value.code == 50007
    alice.dm.block(False)
    await user.send("hello")
    await alice.quit()
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("hello")
    assert refused.value.code == 50278
    with pytest.raises(discord.HTTPException) as unknown:
        await bot.create_dm(discord.Object(1))
    assert unknown.value.code == 50033


async def test_the_operator_is_the_applications_owner(local: Sandbox, bot: Bot) -> None:
    """The bot can write to them once they are in a guild with it."""
    owner = (await bot.application_info()).owner
    assert owner.id == local.operator.id
    with pytest.raises(discord.Forbidden):
        await owner.send("a report")
    operator = local.guilds[0].welcome(local.operator)
    await owner.send("a report")
    assert [each.content for each in operator.dm.messages] == ["a report"]


async def test_one_user_in_two_guilds(
    local: Sandbox, bot: Bot, heard: list[discord.Interaction]
) -> None:
    """The same id and the same direct messages; messages private to them are private everywhere."""
    alice = local.guilds[0].member("Alice")
    away = local.guild("Away")
    there = away.welcome(alice)
    assert there.id == alice.id
    assert there.dm is alice.dm
    await (await there.command("anywhere")).answered()
    assert (heard[-1].guild_id, heard[-1].user.id) == (away.id, alice.id)
    with pytest.raises(NotPossible):
        await alice.command("anywhere", channel=away.first_text)
    await there.quit()
    assert local.world.shares_guild(alice)


async def test_direct_messages_are_not_told_without_their_intent(local: Sandbox) -> None:
    """A bot that did not subscribe to them still gets interactions from there."""
    guild = local.guild("Home")
    async with running(local, Bot()) as bot:

        @bot.tree.command(description="Anywhere.")
        async def anywhere(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("here")

        await bot.tree.sync()
        alice = guild.member("Alice")
        await alice.say("psst", alice.dm)
        answered = await (await alice.command("anywhere", channel=alice.dm)).answered()
        assert answered.content == "here"
        events = [bot.events.get_nowait() for _ in range(bot.events.qsize())]
        assert "interaction" in events
        assert "message" not in events
