"""A commit that takes something away: voices that must not be heard any more, a member's texts.

Knows: what of the queue follows from it: live jobs that end, sounds that are not heard again, audio
that is not kept. Does not know: why.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.model.jobs import EndReason, Job, JobState
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Change, Queue
from engine.queue.playback import PlaybackQueue
from engine.store.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction(Generic[T]):
    """What a change did: its `result`, which of the jobs that it was given end by it, and for
    which jobs no sound is kept that is being made now."""

    result: T
    ends: Mapping[int, EndReason]
    forget: Callable[[Job], bool] = lambda job: False


async def retract(
    queue: Queue,
    players: Collection[PlaybackQueue],
    change: Callable[[Transaction, Collection[Job]], Retraction[T]],
) -> T:
    """Commit `change`, which is given all jobs that may yet be heard, in one transaction with the
    ends of those that it names. `Queue.change` runs it."""
    jobs = {live.job.id: live.job for live in queue.jobs.values()}
    for player in players:
        jobs |= {job.id: job for job in player.past()}
    retractions: list[Retraction[T]] = []

    def take_away(tx: Transaction) -> Iterable[Change]:
        retraction = change(tx, list(jobs.values()))
        retractions.append(retraction)
        for by in set(retraction.ends.values()):
            ids = [job_id for job_id, reason in retraction.ends.items() if reason is by]
            yield from queue.ended(ids, JobState.CANCELLED, by=by)

    await queue.apply(first=take_away)
    (retraction,) = retractions
    for player in players:
        player.forget(lambda job: job.id in retraction.ends)
    for key, in_flight in queue.in_flight.items():
        if key not in queue.wanted and retraction.forget(in_flight.job):
            in_flight.unwelcome = True
    return retraction.result


async def forget_audio(queue: Queue, cache: AudioCache, keys: Collection[str]) -> None:
    """Remove the files of audio that the cache has forgotten, but for what it has, or is about to
    have, again. `Queue.change` runs it."""

    def look(tx: Transaction) -> tuple[Collection[str], int]:
        return tx.audio.known(keys), tx.audio.total_bytes()

    again, queue.cached_bytes = await queue.database.read(look)
    for key in keys:
        if key not in again and key not in queue.in_flight:
            await asyncio.to_thread(cache.drop, key)
