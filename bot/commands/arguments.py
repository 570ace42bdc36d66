"""Arguments of commands that name a voice or a setting: each converts what is typed, and completes.

    async def preview(self, interaction: discord.Interaction, voice: UsableVoice) -> None: ...

discord.py makes a transformer when the command's file is imported, so a transformer finds the
directory of voices on the client. A command's checks run before its arguments are converted
(discord.py 2.7.1, `Command._invoke_with_namespace`), but not before one completes: a completion for
admins asks for their permission itself. Errors of a conversion reach `tree.Gate`.
"""

from collections.abc import Iterable
from typing import Any, Final, Protocol, cast

import discord
import structlog
from discord import app_commands

from bot.context import is_admin, requester_of
from bot.locales.catalog import label
from bot.voices import choices
from bot.voices.choices import Offered
from bot.voices.directory import VoiceDirectory
from bot.voices.style_text import offer_settings, offer_values
from engine.model.errors import NotAllowed, UnknownVoice
from engine.model.voices import Scope, Voice
from engine.voices.directory import readable_by_admins, typed_number
from engine.voices.moderation import Moderation
from engine.voices.selection import VoiceSelection

log = structlog.get_logger(__name__)

#: What a member types to take back their choice of a voice; an admin, that of the default voice.
NO_CHOICE: Final = ("none", "reset")
NONE: Final = "none"


class HasDirectory(Protocol):
    """What the transformers need of the client."""

    @property
    def voice_directory(self) -> VoiceDirectory: ...


def _directory(interaction: discord.Interaction) -> VoiceDirectory:
    return cast("HasDirectory", interaction.client).voice_directory


class _Completes(app_commands.Transformer):
    """An argument that completes by `offer`."""

    async def offer(self, interaction: discord.Interaction, typed: str) -> Iterable[Offered]:
        raise NotImplementedError

    async def autocomplete(
        self, interaction: discord.Interaction, value: str | float, /
    ) -> list[app_commands.Choice[Any]]:
        try:
            offered = await self.offer(interaction, str(value))
        except Exception as error:
            # The edge of a completion: it offers nothing then.
            log.error("a completion failed", interaction=interaction.id, exc_info=error)
            return []
        return [app_commands.Choice(name=each.label, value=each.value) for each in offered]


# ---- voices that members use, and their own


class _UsableVoice(_Completes):
    """A registered voice that the member may use here."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> Voice:
        return await _directory(interaction).find(requester_of(interaction), value)

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        directory, requester = _directory(interaction), requester_of(interaction)
        usable = await directory.selection.usable(requester)
        return await directory.offer(interaction.guild, requester, usable, typed)


class _AnyVoice(_UsableVoice):
    """What may be used here: registered voices, and the engine's own."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> Any:
        return await _directory(interaction).select(requester_of(interaction), value)

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        first = await super().offer(interaction, typed)
        return choices.together(first, choices.builtin(_directory(interaction).info, typed))


class _VoiceOrNone(_AnyVoice):
    """The same, or None to take a choice back."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> Any:
        if value.strip().casefold() in NO_CHOICE:
            return None
        return await super().transform(interaction, value)


class _OwnVoice(_Completes):
    async def transform(self, interaction: discord.Interaction, value: str, /) -> Voice:
        return await _directory(interaction).find_own(requester_of(interaction), value)

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        directory, requester = _directory(interaction), requester_of(interaction)
        own = await directory.owners.own(requester.member)
        return await directory.offer(interaction.guild, requester, own, typed)


UsableVoice = app_commands.Transform[Voice, _UsableVoice]
AnyVoice = app_commands.Transform[VoiceSelection, _AnyVoice]
VoiceOrNone = app_commands.Transform[VoiceSelection | None, _VoiceOrNone]
OwnVoice = app_commands.Transform[Voice, _OwnVoice]


# ---- the settings of a voice


class _Word(_Completes):
    async def transform(self, interaction: discord.Interaction, value: str, /) -> str:
        return value.strip()


class _StyleSetting(_Word):
    """The name of a setting. It completes from the engine's info and the voice's present values."""

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        return offer_settings(await _typed_voice(interaction), _directory(interaction).info, typed)


class _StyleValue(_Word):
    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        setting = str(interaction.namespace.setting or "")
        return offer_values(_directory(interaction).info, setting, typed)


async def _typed_voice(interaction: discord.Interaction) -> Voice | None:
    """The voice that the member has typed so far, if it is one of theirs."""
    typed = str(interaction.namespace.voice or "")
    try:
        return await _directory(interaction).find_own(requester_of(interaction), typed)
    except UnknownVoice:
        return None


StyleSetting = app_commands.Transform[str, _StyleSetting]
StyleValue = app_commands.Transform[str, _StyleValue]


# ---- voices of a server


class _ReportableVoice(_Completes):
    async def transform(self, interaction: discord.Interaction, value: str, /) -> Voice:
        if interaction.guild is None:
            raise NotAllowed("not in a server", code="report-in-server")
        return await _directory(interaction).find_reportable(requester_of(interaction), value)

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        if interaction.guild is None:
            return []
        directory = _directory(interaction)
        there = await directory.moderation.reportable(requester_of(interaction))
        return await directory.offer_on_server(interaction.guild, there, typed)


class _ServerVoice(_Completes):
    """For admins. Subclasses offer fewer."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> Any:
        return await _directory(interaction).find_on_server(_lane(interaction), value)

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        if not is_admin(interaction):
            return []
        directory, lane = _directory(interaction), _lane(interaction)
        voices = await self.offered(directory.moderation, lane)
        there = readable_by_admins(voices, lane)
        return await directory.offer_on_server(interaction.guild, there, typed)

    async def offered(self, moderation: Moderation, lane: str) -> list[Voice]:
        """Those of the server's voices that the command is about."""
        return await moderation.seen(lane)


class _SharedVoice(_ServerVoice):
    async def offered(self, moderation: Moderation, lane: str) -> list[Voice]:
        voices = await moderation.seen(lane)
        return [each for each in voices if each.scope is Scope.SERVER and each.place == lane]


class _VoiceToFreeze(_ServerVoice):
    async def offered(self, moderation: Moderation, lane: str) -> list[Voice]:
        frozen = await moderation.frozen(lane)
        return [each for each in await moderation.seen(lane) if each.id not in frozen]


class _VoiceToRelease(_ServerVoice):
    """Frozen voices, and those with an open report."""

    async def offered(self, moderation: Moderation, lane: str) -> list[Voice]:
        reported = {each.voice_id for each in await moderation.open_reports(lane)}
        concerned = reported | await moderation.frozen(lane)
        return [each for each in await moderation.seen(lane) if each.id in concerned]


class _AuditedVoice(_ServerVoice):
    """A voice's number. By its number also a voice that was deleted: the audit log outlives it."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> int:
        number = typed_number(value)
        return number if number is not None else (await super().transform(interaction, value)).id


class _DefaultVoice(_ServerVoice):
    """The key of a voice that everyone on the server may use; None for the engine's own choice."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> str | None:
        if value.strip().casefold() == NONE:
            return None
        builtin = choices.builtin_id(_directory(interaction).info, value)
        return builtin if builtin is not None else (await super().transform(interaction, value)).key

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[Offered]:
        if not is_admin(interaction):
            return []
        none = [Offered(label("choice-no-default"), NONE)] if NONE.startswith(typed) else []
        first = [*none, *await super().offer(interaction, typed)]
        return choices.together(first, choices.builtin(_directory(interaction).info, typed))

    async def offered(self, moderation: Moderation, lane: str) -> list[Voice]:
        voices = await moderation.seen(lane)
        readable = readable_by_admins(voices, lane).readable
        return [each for each in voices if each.id in readable]


def _lane(interaction: discord.Interaction) -> str:
    """The group of admins' commands is registered for servers only, and its check asks again."""
    assert interaction.guild_id is not None
    return str(interaction.guild_id)


ReportableVoice = app_commands.Transform[Voice, _ReportableVoice]
SharedVoice = app_commands.Transform[Voice, _SharedVoice]
VoiceToFreeze = app_commands.Transform[Voice, _VoiceToFreeze]
VoiceToRelease = app_commands.Transform[Voice, _VoiceToRelease]
AuditedVoice = app_commands.Transform[int, _AuditedVoice]
DefaultVoice = app_commands.Transform[str | None, _DefaultVoice]
