"""What all of the library's acts have in common: one transaction each, and its consequences.

Knows: that an act, its entry in the trail and the ends of jobs that follow from it belong together;
who has to look again. Does not know: any act.

Every act goes through `_act`: after it, in the same transaction, each live job in a registered
voice is judged anew, and those whose requester may no longer use it there end at once.
"""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, TypeVar

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.base.events import Feed, Subscription
from engine.base.settings import Settings
from engine.model.errors import EngineUnknown, UnknownVoice
from engine.model.jobs import EndReason, Job, JobRequest
from engine.model.voices import (
    Action,
    AuditEntry,
    Blocked,
    PlaceRules,
    Requester,
    Voice,
    voice_number,
)
from engine.queue import SpeechQueue
from engine.queue.retraction import Retraction
from engine.store.transaction import EVERYWHERE, Transaction
from engine.voices import permissions
from engine.voices.blocklist import FOLDER
from engine.voices.recording_files import RecordingFiles

T = TypeVar("T")

#: The same words whether a voice does not exist or may not be used: they are not to tell.
UNKNOWN: Final = (
    "There is no such voice that you may use here. Choose one of those that are offered as you "
    "type, or see `/voice list`."
)


class VoicePolicy:
    """Whether each of many uses is allowed, within one transaction: what was read stays valid."""

    def __init__(self, tx: Transaction, references: frozenset[str]) -> None:
        self._tx = tx
        self._references = references
        self._voices: dict[int, Voice | None] = {}
        self._places: dict[str | None, tuple[PlaceRules, Blocked]] = {}

    def voice(self, key: str) -> Voice | None:
        number = voice_number(key)
        if number is None:
            return None
        if number not in self._voices:
            self._voices[number] = self._tx.voices.get(number)
        return self._voices[number]

    def place(self, place: str | None) -> tuple[PlaceRules, Blocked]:
        """What is decided there."""
        if place not in self._places:
            everywhere = self._tx.freezes.voices_frozen_on(EVERYWHERE)
            barred = Blocked(
                voices=self._tx.freezes.voices_frozen_on(place) | everywhere,
                references=self._references,
                members=self._tx.freezes.members_blocked_on(place),
            )
            self._places[place] = self._tx.rules.of(place), barred
        return self._places[place]

    def allows(self, voice: Voice, requester: Requester) -> bool:
        return permissions.may_use(voice, requester, *self.place(requester.place))

    def usable(self, requester: Requester) -> list[Voice]:
        """All that this member may use there: their own first, then by name."""
        found = self._tx.voices.within_reach(requester.member, requester.place)
        return sorted(
            (voice for voice in found if self.allows(voice, requester)),
            key=lambda voice: (voice.owner != requester.member, voice.name.casefold(), voice.id),
        )

    def may_speak(self, spoken: Job | JobRequest) -> bool:
        """Whether a text may be spoken, as far as its voice is concerned."""
        if spoken.reference is None:
            return True
        voice = self.voice(spoken.voice)
        requester = Requester(member=spoken.requester, place=spoken.place)
        return (
            voice is not None
            and voice.reference == spoken.reference
            and self.allows(voice, requester)
        )


class VoiceTransactions:
    def __init__(self, settings: Settings, speech: SpeechQueue, clock: Clock) -> None:
        self._settings = settings
        self._speech = speech
        self._database = speech.database
        self._clock = clock
        self._recording_files = RecordingFiles(
            settings.mynah_references_dir, settings.mynah_data_dir / "references"
        )
        self._states: Path = settings.mynah_data_dir / "conditionals"
        self._frozen: Path = settings.mynah_data_dir / FOLDER
        #: Content hashes that the operator has barred everywhere.
        self._barred: frozenset[str] = frozenset()
        self._news = Feed[str](coarser=lambda key: "")
        self._tasks = TaskSet()
        #: Held while a recording's file comes or goes together with its rows.
        self._files = asyncio.Lock()
        speech.guard(self._check_say)

    def subscribe(self) -> Subscription[str]:
        """The keys of voices ("@12") of which something has changed from now on: name, scope, who
        may use it where. "": that may be so of any."""
        return self._news.subscribe()

    # ---- acts

    async def _act(
        self,
        change: Callable[[Transaction], T],
        *,
        tell: Collection[str] = (),
        forget: Callable[[Job], bool] = lambda job: False,
        ended_by: Callable[[Job], EndReason] = lambda job: EndReason.VOICE_GONE,
    ) -> T:
        """Commit `change`, and end what may not be spoken after it. Of the sound of jobs that
        `forget` names, nothing is kept that is still being made. `tell`: what changed."""

        def write(tx: Transaction, jobs: Collection[Job]) -> Retraction[T]:
            result = change(tx)
            policy = VoicePolicy(tx, self._barred)
            ends = {
                job.id: ended_by(job) for job in jobs if forget(job) or not policy.may_speak(job)
            }
            return Retraction(result=result, ends=ends, forget=forget)

        result = await self._speech.retract(write)
        for key in tell:
            self._news.publish(key)
        return result

    async def _read(self, query: Callable[[VoicePolicy, Transaction], T]) -> T:
        return await self._database.read(lambda tx: query(VoicePolicy(tx, self._barred), tx))

    def _policy(self, tx: Transaction) -> VoicePolicy:
        return VoicePolicy(tx, self._barred)

    def _tell(
        self,
        tx: Transaction,
        requester: Requester,
        action: Action,
        voice_id: int | None = None,
        detail: str = "",
    ) -> None:
        """Write it into the trail."""
        entry = AuditEntry(
            at=self._clock.time(),
            place=requester.place,
            actor=requester.member,
            action=action,
            voice_id=voice_id,
            detail=detail,
        )
        tx.audit.append(entry)

    def _check_say(self, tx: Transaction, say: JobRequest) -> None:
        """Before a job is committed, in its transaction: a voice may have been taken away since
        it was chosen."""
        if not self._policy(tx).may_speak(say):
            raise unknown(say.voice)


def engine_unknown() -> EngineUnknown:
    return EngineUnknown(
        "no engine has told its voices yet",
        user_message="The speech engine is loading for the first time, so its voices are not known "
        "yet. Try again when it has loaded.",
    )


def unknown(typed: str) -> UnknownVoice:
    return UnknownVoice(f"no voice {typed!r} for this asker", user_message=UNKNOWN)
