"""/voice upload, list, use, preview; and Use as my voice, on a message.

Knows: the options, and the sentences of the answers. Does not know: what an upload takes
(`library/uploads`), who may use what (the library judges). What an owner does: `voice_owner`.
"""

from typing import Final, Literal

import discord
from discord import app_commands

from bot.commands import voice_owner
from bot.commands.kind import Command
from bot.commands.report import add_report
from bot.discord_io.replies import Attached
from bot.parts import Parts
from bot.requester import requester_of
from bot.voices.completion import completed_by
from bot.voices.components import name_form
from bot.voices.download import Recording
from bot.voices.upload_text import Listed, bold, render_list
from bot.voices.uploads import PREVIEW
from bot.voices.usable import NONE, chosen, find, name_of, offer_all, offer_usable, whose
from engine.model.errors import BadRecording, NotAllowed
from engine.model.voice_names import public_name
from engine.model.voices import Scope, Voice

NOT_THEIRS: Final = "This works for messages of your own only: nobody gives away another's voice."
NO_RECORDING: Final = (
    "This message has no recording. Choose one of yours with a voice message, or with a file that "
    "has sound."
)
HERE_IS_NO_SERVER: Final = "This is no server: choose `everywhere`."
#: Of a message's files the first that Discord takes for sound or film; else the first.
SOUNDS: Final = ("audio/", "video/")


def commands(house: Parts) -> list[Command | app_commands.Group]:
    """/voice, as it works in servers and in direct messages."""
    voice = app_commands.Group(
        name="voice",
        description="Voices that members give me: yours, and those that you may use",
        allowed_contexts=_everywhere(),
    )
    for command in (
        _upload(house),
        _list(house),
        _use(house),
        _preview(house),
        *voice_owner.commands(house),
    ):
        voice.add_command(command)
    add_report(voice, house)
    return [voice]


def _everywhere() -> app_commands.AppCommandContext:
    return app_commands.AppCommandContext(guild=True, dm_channel=True)


def _upload(house: Parts) -> Command:
    @app_commands.command(name="upload", description="Give me a voice by a recording of it")
    @app_commands.describe(
        file="Ten to twenty seconds of clear speech: any sound or film",
        name="What the voice is called",
        scope="Who may use it besides you; nobody, if you choose nothing",
    )
    async def upload(
        interaction: discord.Interaction,
        file: discord.Attachment,
        name: str,
        scope: Literal["private", "server"] = "private",
    ) -> None:
        await house.uploads.ask(interaction, _recording(file), name, Scope(scope))

    return upload


def use_as_my_voice(house: Parts) -> app_commands.ContextMenu:
    """An attachment option takes no voice message; the menu of a message does."""

    @app_commands.context_menu(name="Use as my voice")
    async def use_as(interaction: discord.Interaction, message: discord.Message) -> None:
        if message.author.id != interaction.user.id:
            raise NotAllowed("a message of another", user_message=NOT_THEIRS)
        files = message.attachments
        if not files:
            raise BadRecording("a message without a file", user_message=NO_RECORDING)
        sounds = [each for each in files if (each.content_type or "").startswith(SOUNDS)]
        file = (sounds or files)[0]
        suggested = "My voice" if message.flags.voice else _suggested(file)
        await house.uploads.ask_name(
            interaction, _recording(file), lambda token: name_form(token, suggested)
        )

    use_as.allowed_contexts = _everywhere()  # nobody else need hear the recording
    return use_as


def _suggested(file: discord.Attachment) -> str:
    """A name from the file's: Discord keeps it with "_" for spaces, and as it was beside."""
    stem = file.title or file.filename.rpartition(".")[0] or file.filename
    return public_name(stem.replace("_", " "))


def _recording(file: discord.Attachment) -> Recording:
    return Recording(url=file.url, size=file.size)


def _list(house: Parts) -> Command:
    @app_commands.command(name="list", description="The voices that you may use here")
    async def list_(interaction: discord.Interaction) -> None:
        requester = requester_of(interaction)
        usable = await house.registry.usable(requester)
        there = {each.key for each in usable}
        own = await house.registry.own(requester.member)
        barred = [each for each in own if each.key not in there]
        lines = [_listed(each, requester.member) for each in usable]
        lines += [
            Listed(each.name, "yours", "which cannot be used here at present") for each in barred
        ]
        speaking = await name_of(house, await chosen(house, requester, None))
        await house.reply(interaction, render_list(lines, speaking))

    return list_


def _listed(voice: Voice, member: str) -> Listed:
    if voice.owner != member:
        return Listed(voice.name, whose(voice))
    match voice.scope:
        case Scope.SERVER:
            note = "shared with a server"
        case Scope.MEMBERS:
            note = "shared with " + (", ".join(f"<@{each}>" for each in sorted(voice.members)[:10]))
        case _:
            note = "private"
    return Listed(voice.name, "yours", note)


def _use(house: Parts) -> Command:
    @app_commands.command(name="use", description="Choose the voice in which /say speaks for you")
    @app_commands.describe(
        voice="Whose voice; completes as you type. `none` takes your choice back",
        where="On this server, or wherever you have not chosen another",
    )
    async def use(
        interaction: discord.Interaction,
        voice: str,
        where: Literal["here", "everywhere"] | None = None,
    ) -> None:
        requester = requester_of(interaction)
        if requester.place is None and where == "here":
            raise NotAllowed("no server", user_message=HERE_IS_NO_SERVER)
        everywhere = requester.place is None or where == "everywhere"
        place = "everywhere" if everywhere else "on this server"
        if voice.strip().casefold() in NONE:
            await house.registry.choose(requester, None, everywhere=everywhere)
            await house.reply(interaction, f"Your choice {place} is taken back.")
            return
        spoken = await chosen(house, requester, voice)
        await house.registry.choose(requester, spoken.voice, everywhere=everywhere)
        name = await name_of(house, spoken) or voice
        await house.reply(
            interaction, f"`/say` speaks in {bold(name)} for you {place} from now on."
        )

    use.autocomplete("voice")(completed_by(offer_all, house))
    return use


def _preview(house: Parts) -> Command:
    @app_commands.command(name="preview", description="Listen to the recording of a voice")
    @app_commands.describe(voice="Whose voice; completes as you type")
    async def preview(interaction: discord.Interaction, voice: str) -> None:
        requester = requester_of(interaction)
        found = await find(house, requester, voice)
        await interaction.response.defer(ephemeral=True, thinking=True)
        sound = await house.previews.of(requester.member, found.reference)
        sent = await house.reply(
            interaction,
            f"{bold(found.name)}, as it was recorded.",
            files=[Attached(PREVIEW, sound)],
        )
        if sent is not None:
            house.sent_files.sent(interaction, sent, {found.owner})

    preview.autocomplete("voice")(completed_by(offer_usable, house))
    return preview
