"""Files: in options, in messages and in voice messages, as discord.py sees them."""

import io
from dataclasses import dataclass, field

import discord
import pytest

from sandbox import NotPossible, Sandbox, Upload
from tests.sandbox.plain_bot import Bot

MIB = 1024 * 1024


@dataclass
class Given:
    """What the bot received."""

    files: list[discord.Attachment] = field(default_factory=list)
    messages: list[discord.Message] = field(default_factory=list)


@pytest.fixture
async def given(bot: Bot) -> Given:
    given = Given()

    @bot.tree.command(description="Take a recording.")
    async def upload(interaction: discord.Interaction, file: discord.Attachment) -> None:
        given.files.append(file)
        await interaction.response.send_message("thanks", ephemeral=True)

    @bot.tree.context_menu(name="Use as my voice")
    async def use(interaction: discord.Interaction, message: discord.Message) -> None:
        given.messages.append(message)
        await interaction.response.send_message("thanks", ephemeral=True)

    await bot.tree.sync()
    return given


async def test_an_option_carries_a_file_and_its_address(
    local: Sandbox, bot: Bot, given: Given
) -> None:
    """Name, size, type and two addresses, which work for a day."""
    alice = local.guilds[0].member("Alice")
    await (await alice.command("upload", {"file": Upload("me.wav", b"RIFF")})).answered()
    file = given.files[0]
    assert (file.filename, file.size, file.content_type) == ("me.wav", 4, "audio/x-wav")
    assert file.ephemeral
    assert file.title is None
    assert "/ephemeral-attachments/" in file.url
    assert await file.read() == b"RIFF"
    assert await file.read(use_cached=True) == b"RIFF"
    local.clock.advance(24 * 3600)
    with pytest.raises(discord.NotFound):
        await file.read()


async def test_an_address_must_be_discords_own(local: Sandbox, bot: Bot, given: Given) -> None:
    """Without its signature, or with another's, it does not work."""
    alice = local.guilds[0].member("Alice")
    for name in ("a.wav", "b.wav"):
        await (await alice.command("upload", {"file": Upload(name, b"x")})).answered()
    first, second = given.files
    query = second.url.partition("?")[2]
    for url in (first.url.partition("?")[0], first.url.partition("?")[0] + "?" + query):
        with pytest.raises(discord.NotFound):
            await bot.http.get_from_cdn(url)


@pytest.mark.parametrize(
    ("sent", "kept", "title"),
    [
        ("my voice (1).wav", "my_voice_1.wav", "my voice (1)"),
        ("Übung.ogg", "Ubung.ogg", "Übung"),
        ("../../etc/passwd.mp3", "etc_passwd.mp3", "../../etc/passwd"),
        ("_a\u202egnp.wav", "agnp.wav", "_a\u202egnp"),
        ("a.wav", "a.wav", None),
    ],
)
async def test_discord_cleans_names(
    local: Sandbox, bot: Bot, given: Given, sent: str, kept: str, title: str | None
) -> None:
    """Like werkzeug's secure_filename; the original name becomes the title."""
    alice = local.guilds[0].member("Alice")
    await (await alice.command("upload", {"file": Upload(sent, b"x")})).answered()
    assert (given.files[0].filename, given.files[0].title) == (kept, title)


async def test_a_name_of_which_nothing_is_left(local: Sandbox, bot: Bot, given: Given) -> None:
    """It gets a random name, with its ending."""
    alice = local.guilds[0].member("Alice")
    await (await alice.command("upload", {"file": Upload("声.wav", b"x")})).answered()
    assert given.files[0].filename.isascii()
    assert len(given.files[0].filename) > len(".wav")
    assert given.files[0].filename.endswith(".wav")
    assert given.files[0].title == "声"


async def test_members_upload_ten_mebibytes_or_with_nitro_more(
    local: Sandbox, bot: Bot, given: Given
) -> None:
    """The client refuses larger files; files that it may send come with its limit."""
    guild = local.guilds[0]
    alice, rich = guild.member("Alice"), guild.member("Rich", nitro=True)
    large = Upload("a.wav", bytes(10 * MIB + 1))
    for work in (
        alice.command("upload", {"file": large}),
        alice.say("", guild.text("general"), [large]),
    ):
        with pytest.raises(NotPossible):
            await work
    await (await rich.command("upload", {"file": large})).answered()
    assert given.files[0].size == 10 * MIB + 1


async def test_a_message_command_gives_the_files_of_the_message(
    local: Sandbox, bot: Bot, given: Given
) -> None:
    """With author, flags and attachments; a message of files needs no text."""
    guild = local.guilds[0]
    alice, text = guild.member("Alice"), guild.text("general")
    said = await alice.say("", text, [Upload("a.mp3", b"abc"), Upload("b.txt", b"d")])
    await (await alice.message_command("Use as my voice", said)).answered()
    message = given.messages[0]
    assert message.author.id == alice.id
    assert [each.filename for each in message.attachments] == ["a.mp3", "b.txt"]
    assert not message.attachments[0].ephemeral
    assert not message.attachments[0].is_voice_message()
    assert await message.attachments[0].read() == b"abc"
    await said.delete()
    with pytest.raises(discord.NotFound):
        await message.attachments[0].read()


async def test_a_voice_message(local: Sandbox, bot: Bot, given: Given) -> None:
    """Its flag, its length and its waveform; one recording and no text."""
    guild = local.guilds[0]
    alice, text = guild.member("Alice"), guild.text("general")
    last_page = b"OggS\0\4" + (48_000 * 7 // 2).to_bytes(8, "little")
    recording = Upload("voice-message.ogg", b"sound" + last_page)
    said = await alice.say("", text, [recording], voice_message=True)
    await (await alice.message_command("Use as my voice", said)).answered()
    message = given.messages[0]
    assert message.flags.voice
    file = message.attachments[0]
    assert file.is_voice_message()
    assert (file.duration, file.content_type) == (3.5, "audio/ogg")
    assert file.waveform
    with pytest.raises(NotPossible):
        await alice.say("listen", text, [recording], voice_message=True)
    with pytest.raises(NotPossible):
        await alice.say("", text, [recording, recording], voice_message=True)


async def test_private_messages_have_no_commands_in_their_menu(
    local: Sandbox, bot: Bot, given: Given
) -> None:
    """As in Discord's client."""
    alice = local.guilds[0].member("Alice")
    answered = await (await alice.command("upload", {"file": Upload("a.wav", b"x")})).answered()
    assert answered.message is not None
    with pytest.raises(NotPossible):
        await alice.message_command("Use as my voice", answered.message)


async def test_a_bots_files_are_limited_each(local: Sandbox, bot: Bot) -> None:
    """40005 over 10 MiB, more in a boosted guild; 30015 over ten files."""
    guild = local.guilds[0]
    channel = bot.get_partial_messageable(guild.text("general").id)

    def files(count: int, size: int) -> list[discord.File]:
        return [discord.File(io.BytesIO(bytes(size)), f"{i}.wav") for i in range(count)]

    await channel.send(files=files(2, 10 * MIB))
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(files=files(1, 10 * MIB + 1))
    assert (refused.value.status, refused.value.code) == (413, 40005)
    guild.boost(2)
    await channel.send(files=files(1, 10 * MIB + 1))
    seen = bot.get_guild(guild.id)
    assert seen is not None
    assert seen.filesize_limit == 50 * MIB
    sent = await channel.send(files=files(10, 1))
    with pytest.raises(discord.HTTPException) as refused:
        await sent.add_files(*files(1, 1))
    assert refused.value.code == 30015


async def test_what_an_edit_removes_is_gone(local: Sandbox, bot: Bot) -> None:
    """The file can no longer be fetched, and the message is blank: no file, no button."""
    text = local.guilds[0].text("general")
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Replay", custom_id="replay"))
    file = discord.File(io.BytesIO(b"sound"), "a.ogg")
    sent = await bot.get_partial_messageable(text.id).send("one", file=file, view=view)
    await sent.edit(content="Deleted.", attachments=[], view=None)
    message = text.messages[0]
    assert (message.content, message.attachments, message.components) == ("Deleted.", [], [])
    with pytest.raises(discord.NotFound):
        await sent.attachments[0].read()
    assert local.files.kept == []
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(content=None)
    assert refused.value.code == 50006
