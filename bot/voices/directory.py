"""Which voice a member means, and what completes as they type: the look-ups of
`engine/voices/directory.py` with the names that Discord shows.

Admins, and members who report a voice, see a voice whose name they may not read as "a private voice
(#12)". This file does not know any command, nor who may use which voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.display_names import MemberNames
from bot.locales.catalog import label, text
from bot.locales.escape import Markup
from bot.messages.payload import builtin_name
from bot.voices import choices, moderation_text
from bot.voices.choices import MOST_CHOICES, Offered, Registered
from bot.voices.upload_text import voice_name
from engine.model.engine import EngineInfo
from engine.model.errors import UnknownVoice
from engine.model.voices import OPERATOR, Requester, Voice, voice_number
from engine.queue import FrontEndQueue
from engine.voices.directory import AmbiguousVoice, PlaceVoices
from engine.voices.moderation import Moderation
from engine.voices.owners import VoiceOwners
from engine.voices.permissions import open_to_all
from engine.voices.selection import Selection, VoiceSelection


@dataclass(frozen=True, slots=True)
class VoiceDirectory:
    owners: VoiceOwners
    selection: Selection
    moderation: Moderation
    _speech: FrontEndQueue
    _names: MemberNames

    @property
    def info(self) -> EngineInfo | None:
        return self._speech.info

    # ---- for members

    async def find(self, requester: Requester, typed: str) -> Voice:
        """A registered voice that the member may use here. Raises UnknownVoice."""
        try:
            return await self.selection.find(requester, typed.strip())
        except AmbiguousVoice as error:
            raise _which(error) from error

    async def find_own(self, requester: Requester, typed: str) -> Voice:
        """A voice of the member's own. Raises UnknownVoice."""
        return await self.owners.find_own(requester.member, typed)

    async def select(self, requester: Requester, typed: str | None) -> VoiceSelection:
        """What a text of this member is spoken in here: as typed, or as chosen before.

        Raises UnknownVoice.
        """
        typed = (typed or "").strip()
        try:
            return await self.selection.chosen(requester, typed or None)
        except AmbiguousVoice as error:
            raise _which(error) from error
        except UnknownVoice as error:
            if voice_number(typed) is not None:
                raise
            raise choices.unknown(self.info, typed) from error

    async def name_of(self, selection: VoiceSelection) -> str | None:
        """The name of a voice that the requester may use; None for the engine's own choice."""
        if not selection.voice:
            return None
        if selection.reference is None:
            return builtin_name(self._speech, selection.voice) or selection.voice
        voice = await self.selection.get(selection.voice)
        return voice.name if voice is not None else None

    async def offer(
        self, guild: discord.Guild | None, requester: Requester, voices: Sequence[Voice], typed: str
    ) -> list[Offered]:
        """Those of `voices` that fit what the member typed, the best first."""
        others = {each.owner for each in voices} - {requester.member, OPERATOR}
        known = await self._names.names(guild, others)
        named = {**known, requester.member: label("owner-yours"), OPERATOR: label("owner-public")}
        offered = (Registered(each.key, each.name, named[each.owner]) for each in voices)
        return choices.registered(offered, typed)

    # ---- for admins, and for members who report a voice

    async def find_on_server(self, place: str, typed: str) -> Voice:
        """A voice that an admin means. Raises UnknownVoice."""
        return _find(await self.moderation.on_place(place), typed)

    async def find_reportable(self, requester: Requester, typed: str) -> Voice:
        """A voice that a member wants to report. Raises UnknownVoice."""
        return _find(await self.moderation.reportable(requester), typed)

    async def offer_on_server(
        self, guild: discord.Guild | None, there: PlaceVoices, typed: str
    ) -> list[Offered]:
        """Those that fit what the member typed, the best first."""
        speakers = there.speakers
        shown = {
            each.id: each.owner
            if speakers is None or each.id in there.readable
            else speakers[each.key]
            for each in there.voices
        }
        known = await self._names.names(guild, set(shown.values()) - {OPERATOR})
        names = {**known, OPERATOR: label("owner-public")}

        def offered(voice: Voice) -> Registered:
            name = names[shown[voice.id]]
            if voice.id in there.readable:
                return Registered(voice.key, voice.name, name)
            told = name if speakers is None else label("owner-spoken-by", member=name)
            return Registered(voice.key, moderation_text.private(voice), told)

        return choices.registered(map(offered, there.voices), typed)

    async def default_name(self, key: str | None, lane: str) -> Markup:
        """What an answer calls a server's default voice."""
        if key is None:
            return text("label-engine")
        voice = await self.selection.get(key)
        if voice is not None:
            return label_for(voice, lane)
        return text("label-builtin", voice=builtin_name(self._speech, key) or key)


def label_for(voice: Voice, lane: str) -> Markup:
    """What an answer to an admin calls a voice."""
    return moderation_text.voice_label(voice, named=open_to_all(voice, lane))


def _find(there: PlaceVoices, typed: str) -> Voice:
    try:
        return there.find(typed)
    except AmbiguousVoice as error:
        raise _which(error) from error


def _which(error: AmbiguousVoice) -> UnknownVoice:
    """Names of owners say more than numbers do; Discord shows those of today."""
    listed = [
        text(
            "ambiguous-voice-row",
            key=Markup(each.key),
            voice=voice_name(each.name),
            owner=moderation_text.who(each.owner),
        )
        for each in error.candidates[:MOST_CHOICES]
    ]
    return UnknownVoice(str(error), code=error.code, voices=Markup("\n" + "\n".join(listed)))
