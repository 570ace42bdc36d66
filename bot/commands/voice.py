"""/voice upload, list, use, preview, report; and Use as my voice, in the menu of a message.

This file has the options and the sentences of the answers. It does not know what an upload takes
(`voices/uploads`), nor who may use what (the registry judges). What owners do with their voices is
in `voice_owner`.
"""

from typing import Final, Literal

import discord
from discord import app_commands

from bot.commands.arguments import ReportableVoice, UsableVoice, VoiceOrNone
from bot.commands.components import PREFIX, Handlers, typed_in
from bot.commands.voice_owner import VoiceOwner
from bot.context import requester_of
from bot.discord_io.ephemeral_files import EphemeralFiles
from bot.discord_io.replies import Attached, Reply
from bot.voices.abuse_reports import MOST_REASON, AbuseReports
from bot.voices.directory import VoiceDirectory, whose
from bot.voices.download import Recording
from bot.voices.moderation_text import label, private
from bot.voices.previews import Previews
from bot.voices.upload_text import Listed, bold, render_list
from bot.voices.uploads import PREVIEW, Uploads
from engine.model.errors import BadRecording, NotAllowed, Refused
from engine.model.voice_names import MOST_CHARACTERS, public_name
from engine.model.voices import Scope, Voice
from engine.voices.registry import VoiceRegistry

NOT_THEIRS: Final = "Use this on a message of your own: nobody can give away another's voice."
NO_RECORDING: Final = (
    "This message has no recording. Choose one of yours with a voice message, or with a file that "
    "has sound."
)
NO_SERVER_HERE: Final = "You are not in a server here: choose `everywhere`."
#: Of a message's files, the first that Discord takes for sound or film; else the first.
SOUNDS: Final = ("audio/", "video/")
#: The custom id of the form's field.
NAME_INPUT: Final = "name"
EVERYWHERE: Final = app_commands.AppCommandContext(guild=True, dm_channel=True)


class VoiceCommands(app_commands.Group):
    """Works in servers and in direct messages."""

    def __init__(
        self,
        registry: VoiceRegistry,
        directory: VoiceDirectory,
        uploads: Uploads,
        previews: Previews,
        abuse_reports: AbuseReports,
        owner: VoiceOwner,
        reply: Reply,
        ephemeral_files: EphemeralFiles,
    ) -> None:
        super().__init__(
            name="voice",
            description="Voices that members give me: yours, and those that you may use",
            allowed_contexts=EVERYWHERE,
        )
        self._registry = registry
        self._directory = directory
        self._uploads = uploads
        self._previews = previews
        self._abuse_reports = abuse_reports
        self._reply = reply
        self._ephemeral_files = ephemeral_files
        for command in owner.commands:
            self.add_command(command)
        self.handlers: Handlers = {
            "voice:agree": uploads.agreed,
            "voice:name": self._named,
            "voice:use": self._use_pressed,
        }
        #: An attachment option takes no voice message; the menu of a message does.
        self.use_as_my_voice = app_commands.ContextMenu(
            name="Use as my voice",
            callback=self._use_as_my_voice,
            allowed_contexts=EVERYWHERE,  # so that nobody else needs to hear the recording
        )

    @app_commands.command(name="upload", description="Give me a voice by a recording of it")
    @app_commands.describe(
        file="Ten to twenty seconds of clear speech: any sound or film",
        name="What the voice is called",
        scope="Who may use it besides you; nobody, if you choose nothing",
    )
    async def upload(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment,
        name: str,
        scope: Literal["private", "server"] = "private",
    ) -> None:
        await self._uploads.ask(interaction, _recording(file), name, Scope(scope))

    async def _use_as_my_voice(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        if message.author.id != interaction.user.id:
            raise NotAllowed("a message of another", user_message=NOT_THEIRS)
        files = message.attachments
        if not files:
            raise BadRecording("a message without a file", user_message=NO_RECORDING)
        sounds = [each for each in files if (each.content_type or "").startswith(SOUNDS)]
        file = (sounds or files)[0]
        suggested = "My voice" if message.flags.voice else _suggested(file)
        await self._uploads.ask_name(
            interaction, _recording(file), lambda token: _name_form(token, suggested)
        )

    async def _named(self, interaction: discord.Interaction, token: str) -> None:
        """The form for the name came back."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self._uploads.named(interaction, token, typed_in(interaction, NAME_INPUT))

    @app_commands.command(name="list", description="The voices that you may use here")
    async def list_(self, interaction: discord.Interaction) -> None:
        requester = requester_of(interaction)
        usable = await self._registry.usable(requester)
        there = {each.key for each in usable}
        lines = [_listed(each, requester.member) for each in usable]
        lines += [
            Listed(each.name, "yours", "cannot be used here at present")
            for each in await self._registry.own(requester.member)
            if each.key not in there
        ]
        speaking = await self._directory.selection(requester, None)
        name = await self._directory.name_of(speaking)
        await self._reply(interaction, render_list(lines, name))

    @app_commands.command(name="use", description="Choose the voice in which /say speaks for you")
    @app_commands.describe(
        voice="Whose voice; completes as you type. `none` takes your choice back",
        where="On this server, or wherever you have not chosen another",
    )
    async def use(
        self,
        interaction: discord.Interaction,
        voice: VoiceOrNone,
        where: Literal["here", "everywhere"] | None = None,
    ) -> None:
        requester = requester_of(interaction)
        if requester.place is None and where == "here":
            raise NotAllowed("no server", user_message=NO_SERVER_HERE)
        everywhere = requester.place is None or where == "everywhere"
        place = "everywhere" if everywhere else "on this server"
        if voice is None:
            await self._registry.choose(requester, None, everywhere=everywhere)
            await self._reply(interaction, f"I took back your choice of a voice {place}.")
            return
        await self._registry.choose(requester, voice.voice, everywhere=everywhere)
        name = await self._directory.name_of(voice) or voice.voice
        await self._reply(interaction, f"`/say` now speaks in {bold(name)} for you {place}.")

    async def _use_pressed(self, interaction: discord.Interaction, key: str) -> None:
        """Choose a registered voice: here; in a direct message, everywhere."""
        requester = requester_of(interaction)
        voice = await self._registry.find(requester, key)
        await self._registry.choose(requester, voice.key, everywhere=requester.place is None)
        place = "everywhere" if requester.place is None else "on this server"
        await self._reply(interaction, f"`/say` now speaks in {bold(voice.name)} for you {place}.")

    @app_commands.command(name="preview", description="Listen to the recording of a voice")
    @app_commands.describe(voice="Whose voice; completes as you type")
    async def preview(self, interaction: discord.Interaction, voice: UsableVoice) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        sound = await self._previews.of(requester_of(interaction).member, voice.reference)
        words = f"{bold(voice.name)}, as it was recorded."
        sent = await self._reply(interaction, words, files=[Attached(PREVIEW, sound)])
        if sent is not None:
            self._ephemeral_files.sent(interaction, sent, {voice.owner})

    @app_commands.command(
        name="report", description="Tell the admins and the operator what is wrong"
    )
    @app_commands.describe(
        voice="A voice that was spoken here; completes as you type",
        reason="What is wrong with it; the admins and the operator read it",
    )
    async def report(
        self,
        interaction: discord.Interaction,
        voice: ReportableVoice,
        reason: app_commands.Range[str, 1, MOST_REASON],
    ) -> None:
        """Members may report a voice that they heard, also if they may not use it."""
        guild, requester = interaction.guild, requester_of(interaction)
        if guild is None:
            raise Refused("not in a server", code="servers-only")
        usable = await self._registry.usable(requester)
        await self._abuse_reports.report(requester, guild, voice, reason)
        about = label(voice, named=True) if voice in usable else private(voice)
        await self._reply(
            interaction,
            f"You reported {about}. I am telling the admins of this server and the operator.",
        )


def _name_form(token: str, suggested: str) -> discord.ui.Modal:
    """The form that asks for the name of a voice."""
    form = discord.ui.Modal(title="Use as my voice", custom_id=f"{PREFIX}voice:name:{token}")
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        label="What is the voice called?",
        custom_id=NAME_INPUT,
        default=suggested,
        max_length=MOST_CHARACTERS,
    )
    form.add_item(field)
    return form


def _suggested(file: discord.Attachment) -> str:
    """A name from the file's: Discord writes "_" for spaces there, and keeps a title as it is."""
    stem = file.title or file.filename.rpartition(".")[0] or file.filename
    return public_name(stem.replace("_", " "))


def _recording(file: discord.Attachment) -> Recording:
    return Recording(url=file.url, size=file.size)


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
