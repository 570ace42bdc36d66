"""A commit that takes voices or a member's texts out of the queue.

Knows: what follows for the queue: live jobs end, rewound sound is dropped, audio is not stored.
Does not know: why they are taken out.
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
    """The outcome of a change: its `result`, the jobs that it ends and why, and the jobs whose
    audio in the making must not be stored (`forget`)."""

    result: T
    ends: Mapping[int, EndReason]
    forget: Callable[[Job], bool] = lambda job: False


async def retract(
    queue: Queue,
    players: Collection[PlaybackQueue],
    change: Callable[[Transaction, Collection[Job]], Retraction[T]],
) -> T:
    """Commit `change` in one transaction with the ends of the jobs that it names. It receives all
    jobs that may still be heard. Run it through `Queue.change`."""
    jobs = {live.job.id: live.job for live in queue.jobs.values()}
    for player in players:
        jobs |= {job.id: job for job in player.past()}
    retractions: list[Retraction[T]] = []

    def write(tx: Transaction) -> Iterable[Change]:
        retraction = change(tx, list(jobs.values()))
        retractions.append(retraction)
        for by in set(retraction.ends.values()):
            ids = [job_id for job_id, reason in retraction.ends.items() if reason is by]
            yield from queue.ended(ids, JobState.CANCELLED, by=by)

    await queue.apply(first=write)
    (retraction,) = retractions
    for player in players:
        player.forget(lambda job: job.id in retraction.ends)
    for key, in_flight in queue.in_flight.items():
        if key not in queue.wanted and retraction.forget(in_flight.job):
            in_flight.unwelcome = True
    return retraction.result


async def forget_audio(queue: Queue, cache: AudioCache, keys: Collection[str]) -> None:
    """Delete the files of audio whose rows are gone, except for audio that was made again or is
    being made. Run it through `Queue.change`."""

    def look(tx: Transaction) -> tuple[Collection[str], int]:
        return tx.audio.known(keys), tx.audio.total_bytes()

    again, queue.cached_bytes = await queue.database.read(look)
    for key in keys:
        if key not in again and key not in queue.in_flight:
            await asyncio.to_thread(cache.drop, key)
