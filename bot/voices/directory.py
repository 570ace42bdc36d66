"""Which voice a member means: every look-up of a voice by what they type, and what completes.

Three kinds of members look up voices. Members find those that they may use, and owners their own.
Admins, and members who report a voice, also find voices whose names they may not read: they see
such a voice as "a private voice (#12)". This file does not know any command, nor who may use which
voice (the registry judges that at every use).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.display_names import MemberNames
from bot.locales.escape import escape
from bot.messages.payload import builtin_name
from bot.voices import choices
from bot.voices.choices import MOST_CHOICES, Offered, Registered
from bot.voices.moderation_text import label, private, who
from bot.voices.upload_text import bold
from engine.model.engine import EngineInfo
from engine.model.errors import Refused, UnknownVoice
from engine.model.voice_names import name_key
from engine.model.voices import OPERATOR, Requester, Voice, voice_number
from engine.queue import FrontEndQueue
from engine.voices.permissions import open_to_all
from engine.voices.registry import VoiceRegistry
from engine.voices.selection import AmbiguousVoice, VoiceSelection

UNKNOWN_HERE: Final = (
    "There is no such voice here. Choose one of those that are offered as you type."
)
#: Candidates that an answer names where a name is ambiguous.
MOST_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class ServerVoices:
    """Voices of a server, for somebody who may read the names of the `readable` ones only.

    Of the others they see the member who spoke in them, where `speakers` (by key) are given, else
    the owner.
    """

    voices: Sequence[Voice]
    readable: Collection[int]  # ids
    speakers: Mapping[str, str] | None = None

    def find(self, typed: str) -> Voice:
        """The voice that is meant, by its number or by a readable name. Raises UnknownVoice,
        Refused."""
        number = typed_number(typed)
        if number is not None:
            found = [each for each in self.voices if each.id == number]
        else:
            wanted = name_key(typed)
            named = [each for each in self.voices if each.id in self.readable]
            found = [each for each in named if name_key(each.name) == wanted]
        if not found:
            raise UnknownVoice("no such voice on this server", user_message=UNKNOWN_HERE)
        if len(found) > 1:
            several = ", ".join(f"`@{each.id}` of {who(each.owner)}" for each in found[:MOST_NAMED])
            raise Refused(f"{len(found)} voices here have this name. Type one of these: {several}.")
        return found[0]


class VoiceDirectory:
    def __init__(self, registry: VoiceRegistry, speech: FrontEndQueue, names: MemberNames) -> None:
        self.registry = registry
        self._speech = speech
        self._names = names

    @property
    def info(self) -> EngineInfo | None:
        return self._speech.info

    # ---- for members

    async def find(self, requester: Requester, typed: str) -> Voice:
        """A registered voice that the member may use here. Raises UnknownVoice."""
        try:
            return await self.registry.find(requester, typed.strip())
        except AmbiguousVoice as error:
            raise _which(error) from error

    async def find_own(self, requester: Requester, typed: str) -> Voice:
        """A voice of the member's own. Raises UnknownVoice."""
        return await self.registry.find_own(requester.member, typed)

    async def selection(self, requester: Requester, typed: str | None) -> VoiceSelection:
        """What a text of this member is spoken in here: as typed, or as chosen before.

        Raises UnknownVoice.
        """
        typed = (typed or "").strip()
        try:
            return await self.registry.chosen(requester, typed or None)
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
        voice = await self.registry.get(selection.voice)
        return voice.name if voice is not None else None

    async def offer(
        self,
        guild: discord.Guild | None,
        requester: Requester,
        voices: Sequence[Voice],
        typed: str,
    ) -> list[Offered]:
        """Those of `voices` that fit what the member typed, the best first."""
        others = {each.owner for each in voices} - {requester.member, OPERATOR}
        known = await self._names.names(guild, others)
        named = {**known, requester.member: "yours", OPERATOR: "public"}
        offered = (Registered(each.key, each.name, named[each.owner]) for each in voices)
        return choices.registered(offered, typed)

    # ---- for admins, and for members who report a voice

    async def on_server(self, lane: str) -> ServerVoices:
        """All voices of a server, as its admins see them: they read the names that everyone there
        may read."""
        return readable_by_admins(await self.registry.seen(lane), lane)

    async def reportable(self, requester: Requester) -> ServerVoices:
        """The voices that a member may use here, and those that were heard here. They can read the
        names of the first; of the others they see who spoke in them, because the owner may have
        lent one to a few members."""
        assert requester.place is not None
        usable = await self.registry.usable(requester)
        speakers = await self.registry.speakers(requester.place)
        seen = await self.registry.seen(requester.place)
        heard = [each for each in seen if each.key in speakers]
        both = {each.id: each for each in (*usable, *heard)}
        return ServerVoices(list(both.values()), {each.id for each in usable}, speakers)

    async def offer_on_server(
        self, guild: discord.Guild | None, there: ServerVoices, typed: str
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
        names = {**known, OPERATOR: "public"}

        def offered(voice: Voice) -> Registered:
            name = names[shown[voice.id]]
            if voice.id in there.readable:
                return Registered(voice.key, voice.name, name)
            told = name if speakers is None else f"spoken by {name}"
            return Registered(voice.key, private(voice), told)

        return choices.registered(map(offered, there.voices), typed)

    async def default_name(self, key: str | None, lane: str) -> str:
        """What an answer calls a server's default voice."""
        if key is None:
            return "the engine's own voice"
        voice = await self.registry.get(key)
        if voice is not None:
            return label_for(voice, lane)
        return f"**{escape(builtin_name(self._speech, key) or key, 80)}**"


def readable_by_admins(voices: Sequence[Voice], lane: str) -> ServerVoices:
    return ServerVoices(voices, {each.id for each in voices if open_to_all(each, lane)})


def label_for(voice: Voice, lane: str) -> str:
    """What an answer to an admin calls a voice."""
    return label(voice, named=open_to_all(voice, lane))


def typed_number(typed: str) -> int | None:
    """The voice's number, typed as "@12" or "#12"."""
    return voice_number(typed.strip().replace("#", "@", 1))


def whose(voice: Voice) -> str:
    return "public" if voice.owner == OPERATOR else f"<@{voice.owner}>"


def _which(error: AmbiguousVoice) -> UnknownVoice:
    """Names of owners say more than numbers do; Discord shows those of today."""
    listed = [
        f"- `{each.key}` {bold(each.name)} · {whose(each)}"
        for each in error.candidates[:MOST_CHOICES]
    ]
    words = "Several voices have this name. Choose one as you type, or type its number:"
    return UnknownVoice(str(error), user_message="\n".join([words, *listed]))
