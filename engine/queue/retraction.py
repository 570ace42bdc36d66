"""A commit that takes something away: voices that may not be heard any more, a member's texts.

Knows: what of the queue follows from it: live jobs that end, sounds that are not heard again, audio
that is not kept. Does not know: why.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

from engine.model.jobs import EndReason, Job, JobState
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Queue
from engine.queue.playback import PlaybackQueue
from engine.store import audio as audio_index

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
    change: Callable[[Connection, Collection[Job]], Retraction[T]],
    *,
    actor: str | None = None,
) -> T:
    """Commit `change`, which is given all jobs that may yet be heard; those that it names end
    before anything else happens to the queue. To be run by `Queue.change`."""
    jobs = {live.job.id: live.job for live in queue.jobs.values()}
    for player in players:
        jobs |= {job.id: job for job in player.past()}
    amended = await queue.database.write(lambda c: change(c, list(jobs.values())))
    for by in set(amended.ends.values()):
        ids = [job_id for job_id, reason in amended.ends.items() if reason is by]
        await queue.end(ids, JobState.CANCELLED, by=by, actor=actor)
    for player in players:
        player.forget(lambda job: job.id in amended.ends)
    for key, making in queue.making.items():
        if key not in queue.wanted and amended.forget(making.job):
            making.unwelcome = True
    return amended.result


async def forget_audio(queue: Queue, cache: AudioCache, keys: Collection[str]) -> None:
    """Remove the files of audio that the cache has forgotten, but for what it has, or is about to
    have, anew. To be run by `Queue.change`."""

    def look(connection: Connection) -> tuple[Collection[str], int]:
        return audio_index.known(connection, keys), audio_index.total_bytes(connection)

    anew, queue.cached_bytes = await queue.database.read(look)
    for key in keys:
        if key not in anew and key not in queue.making:
            await asyncio.to_thread(cache.drop, key)
