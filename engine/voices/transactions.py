"""What all actions on voices have in common: one transaction each, and its consequences.

Knows: that one transaction holds an action, its entry in the audit log and the ends of the jobs
that it affects; which subscribers get the change. Does not know: any single action.

Every action that can end jobs goes through `act`. In the same transaction, `act` checks each live
job in a registered voice again. Jobs whose requester may no longer use the voice there end at once.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.base.events import Feed, Subscription
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
from engine.queue.service import Retraction
from engine.store.transaction import EVERYWHERE, Transaction
from engine.voices import permissions

T = TypeVar("T")


class VoicePolicy:
    """Decides whether uses are allowed, within one transaction: cached rows stay valid."""

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
        """The rules and blocks that hold on `place`."""
        if place not in self._places:
            everywhere = self._tx.freezes.voices_frozen_on(EVERYWHERE)
            blocked = Blocked(
                voices=self._tx.freezes.voices_frozen_on(place) | everywhere,
                references=self._references,
                members=self._tx.freezes.members_blocked_on(place),
            )
            self._places[place] = self._tx.rules.of(place), blocked
        return self._places[place]

    def allows(self, voice: Voice, requester: Requester) -> bool:
        return permissions.may_use(voice, requester, *self.place(requester.place))

    def usable(self, requester: Requester) -> list[Voice]:
        """All voices that the requester may use: their own first, then by name."""
        found = self._tx.voices.within_reach(requester.member, requester.place)
        return sorted(
            (voice for voice in found if self.allows(voice, requester)),
            key=lambda voice: (voice.owner != requester.member, voice.name.casefold(), voice.id),
        )

    def may_speak(self, job: Job | JobRequest) -> bool:
        """Whether the text may be spoken in its voice. Always true for the engine's own voices."""
        if job.reference is None:
            return True
        voice = self.voice(job.voice)
        requester = Requester(member=job.requester, place=job.place)
        return (
            voice is not None and voice.reference == job.reference and self.allows(voice, requester)
        )


class VoiceTransactions:
    """Create one object per process: it guards the queue's requests."""

    def __init__(self, speech: SpeechQueue, clock: Clock) -> None:
        self._speech = speech
        self._clock = clock
        self._blocked_references: frozenset[str] = frozenset()
        self._changes = Feed[str](coarser=lambda key: "")
        self._tasks = TaskSet()
        #: Held while a recording's file and its rows are stored or deleted together.
        self.recordings_lock = asyncio.Lock()
        speech.guard(self._check_request)

    async def close(self) -> None:
        await self._tasks.settle()
        self._changes.close()

    def subscribe(self) -> Subscription[str]:
        """The keys ("@12") of voices that change from now on: in name, scope, or who may use them
        where. The key "" means that any voice may have changed."""
        return self._changes.subscribe()

    def publish(self, changed: Collection[str]) -> None:
        for key in changed:
            self._changes.publish(key)

    @property
    def blocked_references(self) -> frozenset[str]:
        """Content hashes of the recordings that the operator has blocked everywhere."""
        return self._blocked_references

    def block_references(self, references: frozenset[str]) -> None:
        """Block these recordings, and no others, from the next transaction on."""
        self._blocked_references = references

    async def read(self, query: Callable[[Transaction], T]) -> T:
        return await self._speech.database.read(query)

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Commit a change that affects no job."""
        return await self._speech.database.write(change)

    async def act(
        self,
        change: Callable[[Transaction], T],
        *,
        changed: Collection[str] = (),
        forget: Callable[[Job], bool] = lambda job: False,
        ended_by: Callable[[Job], EndReason] = lambda job: EndReason.VOICE_GONE,
    ) -> T:
        """Commit `change`, end the jobs that may not be spoken after it, and publish `changed`.

        `forget` selects jobs that end in any case; the queue drops their sound that is still being
        made. `ended_by` gives the reason for the end of a job. `changed`: keys of changed voices.
        """

        def write(tx: Transaction, jobs: Collection[Job]) -> Retraction[T]:
            result = change(tx)
            policy = self.policy(tx)
            ends = {
                job.id: ended_by(job) for job in jobs if forget(job) or not policy.may_speak(job)
            }
            return Retraction(result=result, ends=ends, forget=forget)

        result = await self._speech.retract(write)
        self.publish(changed)
        return result

    def policy(self, tx: Transaction) -> VoicePolicy:
        return VoicePolicy(tx, self._blocked_references)

    def record(
        self,
        tx: Transaction,
        requester: Requester,
        action: Action,
        voice_id: int | None = None,
        detail: str = "",
    ) -> None:
        """Append an entry to the audit log."""
        entry = AuditEntry(
            at=self._clock.time(),
            place=requester.place,
            actor=requester.member,
            action=action,
            voice_id=voice_id,
            detail=detail,
        )
        tx.audit.append(entry)

    async def run_to_completion(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end even if the caller is cancelled. `close` waits for it."""
        return await self._tasks.run_to_completion(work)

    def _check_request(self, tx: Transaction, request: JobRequest) -> None:
        """Raise UnknownVoice if the voice was withdrawn after it was chosen. The queue calls this
        in the transaction that commits the job."""
        if not self.policy(tx).may_speak(request):
            raise unknown(request.voice)


def engine_unknown() -> EngineUnknown:
    return EngineUnknown("no engine has told its voices yet", code="engine-loading")


def unknown(typed: str) -> UnknownVoice:
    """The same whether the voice does not exist or may not be used: it must not reveal which."""
    return UnknownVoice(f"no voice {typed!r} for this requester", code="unknown-voice")
