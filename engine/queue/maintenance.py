"""What happens as time passes: jobs expire, finished jobs are purged, the cache stays small.

Expiry counts only time in which a lane could not be heard. A heartbeat, written while jobs wait,
tells how long the bot was down: at the start, the time since the last heartbeat is added.
"""

import asyncio
from collections.abc import Collection
from typing import Final

import structlog

from engine.base.aio import TaskSet, first_of
from engine.base.settings import MEBIBYTE, Settings
from engine.model.jobs import JobState
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Queue, alone, lane_change
from engine.store.transaction import Transaction

#: Seconds between heartbeats, and between checks for expired jobs. Both are at most this part of
#: the expiry, because a kill makes the stalled time too long by up to one interval.
_HEARTBEAT: Final = 15.0
_CHECK_EVERY: Final = 1.0
_PART_OF_EXPIRY: Final = 1 / 20
_PURGE_EVERY: Final = 3600.0
_DAY: Final = 86_400
#: A finished job whose end was not shown is kept this many times longer.
_UNSHOWN_FACTOR: Final = 2
#: Rows of audio that one query reads during eviction.
_EVICTION_BATCH: Final = 200

log = structlog.get_logger(__name__)


class Maintenance:
    def __init__(self, queue: Queue, cache: AudioCache, settings: Settings) -> None:
        self._queue = queue
        self._cache = cache
        self._clock = queue.clock
        self._expiry = settings.mynah_job_expiry
        self._keep_jobs = settings.mynah_keep_jobs * _DAY
        self._cache_size = settings.mynah_cache_size * MEBIBYTE
        self._check_every = min(_CHECK_EVERY, self._expiry * _PART_OF_EXPIRY)
        self._beat_every = min(_HEARTBEAT, self._expiry * _PART_OF_EXPIRY)
        self._tasks = TaskSet()

    def start(self) -> None:
        self._tasks.start(self._run(), name="maintenance")

    async def stop(self) -> None:
        await self._tasks.cancel()
        await self._beat()

    async def _run(self) -> None:
        purge_at = beat_at = self._clock.monotonic()
        while True:
            self._queue.wake.clear()
            now = self._clock.monotonic()
            try:
                if now >= purge_at:
                    purge_at = now + _PURGE_EVERY
                    await self._purge()
                if now >= beat_at:
                    beat_at = now + self._beat_every
                    await self._beat()
                await self._expire()
                if self._queue.cached_bytes > self._cache_size:
                    await self._make_room()
            except Exception:
                # The edge of this task: a full or failing disk. Trying again later loses nothing.
                log.exception("Keeping the queue in order failed")
            until = now + self._check_every if self._queue.jobs else purge_at
            await self._rest(until - self._clock.monotonic())

    async def _rest(self, seconds: float) -> None:
        """Sleep; while the queue is empty, only until it wakes this.

        While jobs wait, the checks run at least every second anyway. A check scans all jobs that
        stall, which would be too much work at every submit.
        """
        if self._queue.jobs:
            await self._clock.sleep(seconds)
            return
        await first_of(self._clock.sleep(seconds), self._queue.wake.wait())

    @alone
    async def _beat(self) -> None:
        """Commit a heartbeat, and each lane's stalled time so far."""
        queue = self._queue
        if not queue.jobs:
            return
        monotonic, now = self._clock.monotonic(), self._clock.time()
        await queue.apply(
            *(
                lane_change(lane.key, stalled_seconds=lane.stalled(monotonic))
                for lane in queue.lanes.values()
                if lane.stalls
            ),
            first=lambda tx: tx.metadata.put("alive", now),
        )

    async def _expire(self) -> None:
        now = self._clock.monotonic()
        expired = [
            live.job.id
            for lane in self._queue.lanes.values()
            if lane.stalls
            for live in lane.jobs
            if lane.stalled(now) - live.job.stalled_before >= self._expiry
        ]
        if expired:
            log.info("Jobs expired", jobs=expired)
            await self._queue.change(self._queue.end(expired, JobState.EXPIRED))

    @alone
    async def _purge(self) -> None:
        """Delete finished jobs, and the audio that no remaining job has: audio is kept no longer
        than the text that it speaks."""
        queue = self._queue
        now, keep = self._clock.time(), self._keep_jobs
        pinned = self._pinned()

        def write(tx: Transaction) -> tuple[int, set[str], int]:
            gone = tx.jobs.delete_ended(
                shown_before=now - keep, before=now - _UNSHOWN_FACTOR * keep
            )
            unclaimed = tx.audio.unclaimed() - pinned
            tx.audio.drop(unclaimed)
            return gone, unclaimed, tx.audio.total_bytes()

        gone, unclaimed, queue.cached_bytes = await queue.database.write(write)
        await self._drop(unclaimed)
        if gone or unclaimed:
            log.info("Finished jobs were forgotten", jobs=gone, audio=len(unclaimed))

    def _pinned(self) -> set[str]:
        """Keys of audio that jobs wait for or that is being made."""
        return self._queue.wanted.keys() | self._queue.in_flight.keys()

    async def _drop(self, keys: Collection[str]) -> None:
        """Delete the files of audio whose rows are gone. The next start deletes those that a kill
        leaves behind."""
        for key in keys:
            await asyncio.to_thread(self._cache.drop, key)

    @alone
    async def _make_room(self) -> None:
        """Evict the least recently used audio that no job waits for, until the cache fits."""
        queue = self._queue
        pinned = self._pinned()

        def choose(tx: Transaction) -> tuple[list[str], int]:
            left = tx.audio.total_bytes()
            dropped: list[str] = []
            skipped = 0
            while left > self._cache_size:
                oldest = tx.audio.oldest(count=_EVICTION_BATCH, skip=skipped)
                if not oldest:
                    break
                evicted: list[str] = []
                for row in oldest:
                    if row.key in pinned:
                        skipped += 1
                    elif left > self._cache_size:
                        evicted.append(row.key)
                        left -= row.bytes
                tx.audio.drop(evicted)
                dropped += evicted
            return dropped, left

        dropped, queue.cached_bytes = await queue.database.write(choose)
        await self._drop(dropped)
