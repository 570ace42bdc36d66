"""/voice upload, list, use, preview, report; and Use as my voice, in the menu of a message.

This file has the options and the sentences of the answers. It does not know what an upload takes
(`voices/uploads`), nor who may use what (the registry judges). What owners do with their voices is
in `voice_owner`.
"""

from typing import Final, Literal

import discord
from discord import app_commands

from bot.commands.arguments import ReportableVoice, UsableVoice, VoiceOrNone
from bot.commands.tree import PREFIX, Handlers, typed_in
from bot.commands.voice_owner import VoiceOwner
from bot.context import requester_of
from bot.discord_io.registration import localized
from bot.discord_io.replies import Attached, Reply
from bot.locales.catalog import label, text
from bot.voices import moderation_text
from bot.voices.abuse_reports import AbuseReports
from bot.voices.directory import VoiceDirectory
from bot.voices.download import Recording
from bot.voices.previews import Previews
from bot.voices.upload_text import list_line, render_list, voice_name
from bot.voices.uploads import PREVIEW, Uploads
from engine.model.errors import BadRecording, NotAllowed, Refused
from engine.model.voice_names import MOST_CHARACTERS, public_name
from engine.model.voices import Scope
from engine.voices.moderation import MOST_WORDS
from engine.voices.owners import VoiceOwners
from engine.voices.selection import Selection

#: Of a message's files, the first that Discord takes for sound or film; else the first.
SOUNDS: Final = ("audio/", "video/")
#: The custom id of the form's field.
NAME_INPUT: Final = "name"
EVERYWHERE: Final = app_commands.AppCommandContext(guild=True, dm_channel=True)


class VoiceCommands(app_commands.Group):
    """Works in servers and in direct messages."""

    def __init__(
        self,
        owners: VoiceOwners,
        selection: Selection,
        directory: VoiceDirectory,
        uploads: Uploads,
        previews: Previews,
        abuse_reports: AbuseReports,
        owner: VoiceOwner,
        reply: Reply,
    ) -> None:
        description = localized("group-voice")
        super().__init__(name="voice", description=description, allowed_contexts=EVERYWHERE)
        self._owners = owners
        self._selection = selection
        self._directory = directory
        self._uploads = uploads
        self._previews = previews
        self._abuse_reports = abuse_reports
        self._reply = reply
        for command in owner.commands:
            self.add_command(command)
        self.handlers: Handlers = {
            "voice:agree": uploads.agreed,
            "voice:name": self._named,
            "voice:use": self._use_pressed,
        }
        #: An attachment option takes no voice message; the menu of a message does.
        self.use_as_my_voice = app_commands.ContextMenu(
            name=localized("menu-use-as-my-voice"),
            callback=self._use_as_my_voice,
            allowed_contexts=EVERYWHERE,  # so that nobody else needs to hear the recording
        )

    @app_commands.command(name="upload", description=localized("command-voice-upload"))
    @app_commands.describe(
        file=localized("option-upload-file"),
        name=localized("option-upload-name"),
        scope=localized("option-upload-scope"),
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
            raise NotAllowed("a message of another", code="not-own-message")
        files = message.attachments
        if not files:
            raise BadRecording("a message without a file", code="message-without-recording")
        sounds = [each for each in files if (each.content_type or "").startswith(SOUNDS)]
        file = (sounds or files)[0]
        suggested = label("upload-suggested-name") if message.flags.voice else _suggested(file)
        await self._uploads.ask_name(
            interaction, _recording(file), lambda token: _name_form(token, suggested)
        )

    async def _named(self, interaction: discord.Interaction, token: str) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await self._uploads.named(interaction, token, typed_in(interaction, NAME_INPUT))

    @app_commands.command(name="list", description=localized("command-voice-list"))
    async def list_(self, interaction: discord.Interaction) -> None:
        requester = requester_of(interaction)
        usable = await self._selection.usable(requester)
        there = {each.key for each in usable}
        lines = [list_line(each, requester.member) for each in usable]
        lines += [
            list_line(each, requester.member, usable=False)
            for each in await self._owners.own(requester.member)
            if each.key not in there
        ]
        speaking = await self._directory.select(requester, None)
        name = await self._directory.name_of(speaking)
        await self._reply(interaction, render_list(lines, name))

    @app_commands.command(name="use", description=localized("command-voice-use"))
    @app_commands.describe(voice=localized("option-use-voice"), where=localized("option-use-where"))
    async def use(
        self,
        interaction: discord.Interaction,
        voice: VoiceOrNone,
        where: Literal["here", "everywhere"] | None = None,
    ) -> None:
        requester = requester_of(interaction)
        everywhere = where == "everywhere" or (where is None and requester.place is None)
        key = voice.voice if voice is not None else None
        await self._selection.choose(requester, key, everywhere=everywhere)
        if voice is None:
            said = text("voice-choice-undone", everywhere=everywhere)
        else:
            name = await self._directory.name_of(voice) or voice.voice
            said = text("voice-chosen", voice=voice_name(name), everywhere=everywhere)
        await self._reply(interaction, said)

    async def _use_pressed(self, interaction: discord.Interaction, key: str) -> None:
        """Choose a registered voice: here; in a direct message, everywhere."""
        requester = requester_of(interaction)
        voice = await self._selection.find(requester, key)
        everywhere = requester.place is None
        await self._selection.choose(requester, voice.key, everywhere=everywhere)
        said = text("voice-chosen", voice=voice_name(voice.name), everywhere=everywhere)
        await self._reply(interaction, said)

    @app_commands.command(name="preview", description=localized("command-voice-preview"))
    @app_commands.describe(voice=localized("option-preview-voice"))
    async def preview(self, interaction: discord.Interaction, voice: UsableVoice) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        sound = await self._previews.of(requester_of(interaction).member, voice.reference)
        words = text("voice-preview", voice=voice_name(voice.name))
        file = Attached(PREVIEW, sound, frozenset({voice.owner}))
        await self._reply(interaction, words, file=file)

    @app_commands.command(name="report", description=localized("command-voice-report"))
    @app_commands.describe(
        voice=localized("option-report-voice"), reason=localized("option-report-reason")
    )
    async def report(
        self,
        interaction: discord.Interaction,
        voice: ReportableVoice,
        reason: app_commands.Range[str, 1, MOST_WORDS],
    ) -> None:
        """Members may report a voice that they heard, also if they may not use it."""
        guild, requester = interaction.guild, requester_of(interaction)
        if guild is None:
            raise Refused("not in a server", code="servers-only")
        usable = await self._selection.usable(requester)
        await self._abuse_reports.report(requester, guild, voice, reason)
        about = (
            moderation_text.voice_label(voice, named=True)
            if voice in usable
            else moderation_text.private(voice)
        )
        await self._reply(interaction, text("voice-reported", voice=about))


def _name_form(token: str, suggested: str) -> discord.ui.Modal:
    title = label("menu-use-as-my-voice")
    form = discord.ui.Modal(title=title, custom_id=f"{PREFIX}voice:name:{token}")
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        label=label("upload-name"),
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
