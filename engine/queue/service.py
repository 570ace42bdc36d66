"""The front door of speech: submit, cancel, follow, play. One object a process.

Knows: in which order the parts start and stop. The rules of the queue are in the files that it
calls: `changes.py` first.
Does not know: Discord, HTTP, who asks.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from engine.base.clock import Clock
from engine.base.data_dir import DataDirectory
from engine.base.events import Subscription
from engine.base.settings import MEBIBYTE, Settings
from engine.model.engine import EngineInfo, EngineState
from engine.model.jobs import EndReason, Job, JobRequest, JobState, JobView, Lane
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Queue, unknown
from engine.queue.events import Changed
from engine.queue.job_audio import record
from engine.queue.limits import QueueLimits
from engine.queue.maintenance import Maintenance, RetentionLimits
from engine.queue.playback import PlaybackQueue
from engine.queue.recovery import recover
from engine.queue.retraction import Retraction, forget_audio, retract
from engine.queue.synthesis import Synthesis
from engine.queue.validation import check_disk, check_say
from engine.queue.views import view_finished, view_queue
from engine.store import jobs as queries
from engine.store.batches import slices
from engine.store.integrity import bring_up
from engine.store.sqlite import Database
from engine.tts.client.engine import Engine

T = TypeVar("T")

_DAY: Final = 86_400
#: Halves of surrogate pairs have no UTF-8, and PostgreSQL takes no NUL.
_NOT_TEXT: Final = re.compile("[\ud800-\udfff\0]")


class SpeechQueue:
    """Text in, sound out, nothing lost in between.

    `open` before anything else, `close` after everything, once each.
    """

    def __init__(self, settings: Settings, engine: Engine, clock: Clock) -> None:
        self._settings = settings
        self._engine = engine
        self._clock = clock
        self._directory = DataDirectory(settings.mynah_data_dir)
        self._cache = AudioCache(self._directory.audio)
        self._queue = Queue(self._directory.database, clock)
        self._synthesis = Synthesis(self._queue, self._cache, engine, clock)
        self._maintenance = Maintenance(
            self._queue,
            self._cache,
            clock,
            RetentionLimits(
                expiry=settings.mynah_job_expiry,
                keep_jobs=settings.mynah_keep_jobs * _DAY,
                cache_size=settings.mynah_cache_size * MEBIBYTE,
            ),
        )
        self._players: dict[str, PlaybackQueue] = {}
        self._opened = False

    # ---- start and stop

    async def open(self) -> None:
        """Take the data directory, examine and migrate the database, recover from a kill, begin
        to work. The engine need not be ready.

        Raises SetupError: DataDirectoryInUse, DatabaseDamaged.
        """
        self._directory.lock()
        try:
            await asyncio.to_thread(bring_up, self._directory.database)
            await recover(self._queue, self._cache)
            await self._engine.start()
        except BaseException:
            await self._queue.close()
            self._directory.unlock()
            raise
        self._synthesis.start()
        self._maintenance.start()
        self._opened = True

    async def close(self) -> None:
        """Stop working, save the state, let go of the engine and of the data directory.

        Does nothing where `open` has failed.
        """
        if not self._opened:
            return
        self._opened = False
        for player in self._players.values():
            player.close()
        await self._synthesis.stop()
        await self._maintenance.stop()
        await self._engine.close()
        await self._queue.close()
        self._directory.unlock()

    # ---- jobs

    async def submit(self, say: JobRequest) -> Job:
        """Commit a job; it is on disk when this returns. Never waits for the engine.

        A second submit with the same `origin_key` returns the first job.
        Raises NothingToSpeak, TextTooLong, UnknownVoice, QueueFull, StorageFull, and what a guard
        raises.
        """
        if say.origin_key is not None:
            first = self._queue.live_of(say.origin_key)
            if first is not None:
                return first
        say = replace(say, text=_NOT_TEXT.sub("", say.text))
        check_say(say, self._queue.info, most_characters=self._settings.mynah_max_text)
        reserve = self._settings.mynah_disk_reserve * MEBIBYTE
        await asyncio.to_thread(check_disk, self._directory.path, reserve)
        quota = QueueLimits(
            jobs=self._settings.mynah_max_queue, of_requester=self._settings.mynah_max_queue_member
        )
        return await self._queue.change(self._queue.add(say, quota))

    async def accept(self, job_id: int) -> None:
        """A held job may be heard now."""
        await self._queue.change(self._queue.accept(job_id))

    async def withdraw(self, job_id: int) -> None:
        """A held job was never promised after all: it ends, and is never heard."""
        await self._queue.change(
            self._queue.end([job_id], JobState.CANCELLED, by=EndReason.WITHDRAWN)
        )

    async def held(self) -> list[Job]:
        """Jobs whose promise is not settled, oldest first."""
        return [live.job for live in self._queue.jobs.values() if live.job.held]

    async def cancel(self, job_id: int, *, by: EndReason, actor: str | None) -> Job | None:
        """End a job; its sound stops at the next frame. None when it was over already."""
        ended = await self._queue.change(
            self._queue.end([job_id], JobState.CANCELLED, by=by, actor=actor)
        )
        return ended[0] if ended else None

    async def clear(self, lane: str, *, by: EndReason, actor: str | None) -> list[Job]:
        """End the job being spoken in a lane and all that wait there. As they ended, in order."""
        if lane in self._players:
            self._players[lane].forget()
        return await self._queue.change(self._queue.clear(lane, by=by, actor=actor))

    async def note(self, job_id: int, **origin: object) -> None:
        """Merge into `Job.origin`. Raises UnknownJob."""
        await self._queue.change(self._queue.note(job_id, origin))

    async def mark_shown(self, job_id: int, shown: str) -> None:
        """Keep what the job's status message shows now. It begins with the job's state."""
        await self._queue.change(self._queue.mark_shown(job_id, shown))

    # ---- what may not be heard any more, or is to be gone

    @property
    def database(self) -> Database:
        """For what is kept beside the queue, in the same file."""
        return self._queue.database

    def guard(self, check: Callable[[Connection, JobRequest], None]) -> None:
        """Have `check` asked about each job from now on, in the transaction that commits it; it
        raises Refused where the job may not be."""
        self._queue.guard = check

    async def retract(self, change: Callable[[Connection, Collection[Job]], Retraction[T]]) -> T:
        """Commit `change`, which is given all jobs that may yet be heard; those that it names end
        in the same breath: no job begins, is made or is heard in between."""
        return await self._queue.change(retract(self._queue, self._players.values(), change))

    def wanted_by_others(self, requester: str) -> set[str]:
        """Keys of audio that other members' live jobs wait for. Valid during `retract`."""
        return {
            key
            for key, chunks in self._queue.wanted.items()
            if any(chunk.owner.job.requester != requester for chunk in chunks)
        }

    async def forget_audio(self, keys: Collection[str]) -> None:
        """Remove the files of audio whose rows are gone. A piece that was made anew stays."""
        for some in slices(list(keys)):
            await self._queue.change(forget_audio(self._queue, self._cache, some))

    async def forget_reference(self, reference: str) -> None:
        """Have the engine drop what it made of a recording. Raises EngineUnavailable."""
        await self._engine.forget(reference)

    # ---- looking

    async def view(self, job_id: int) -> JobView:
        """Raises UnknownJob."""
        live = self._queue.jobs.get(job_id)
        if live is None:
            job = await self._queue.database.read(lambda c: queries.job(c, job_id))
            if job is None:
                raise unknown(job_id)
            counts = await self._queue.database.read(lambda c: queries.count_chunks(c, job_id))
            return view_finished(job, counts, paused=self._queue.lane(job.lane).lane.paused)
        views = await self.queue(live.job.lane)
        return next(view for view in views if view.job.id == job_id)

    async def queue(self, lane: str) -> list[JobView]:
        """The job being spoken first, then those that wait, in order."""
        live = self._queue.lanes.get(lane)
        if live is None:
            return []
        return view_queue(
            live,
            now=self._clock.time(),
            monotonic=self._clock.monotonic(),
            pace=self._queue.pace,
            engine_ready=self._engine.state is EngineState.READY,
        )

    async def unshown(self) -> list[Job]:
        """Jobs that are over, and whose end has not been shown: what `mark_shown` was last given
        does not begin with their state. Oldest first."""
        return await self._queue.database.read(queries.unshown_jobs)

    async def job_for(self, origin_key: str) -> Job | None:
        """The job that was submitted with this key."""
        return await self._queue.database.read(lambda c: queries.job_of(c, origin_key))

    async def audio(self, job_id: int) -> bytes | None:
        """An Ogg Opus file of all that was made of a job, pauses included; None when it, or a
        part of it, is no longer there."""
        found = await self._queue.database.read(lambda c: queries.chunks_of(c, [job_id]))
        chunks = [row.chunk for row in found[job_id]]
        return await asyncio.to_thread(record, self._cache, chunks)

    def follow(self) -> Subscription[Changed]:
        """What changes from now on. However slow the follower, each change is held once."""
        return self._queue.feed.subscribe()

    # ---- the engine

    @property
    def info(self) -> EngineInfo | None:
        """The engine's card, also while it is away; None before the first start of an engine."""
        return None if self._queue.info is None else self._queue.info.info

    @property
    def engine_state(self) -> EngineState:
        return self._engine.state

    @property
    def fallback_speaks(self) -> bool:
        """Whether another engine speaks while the one that was chosen is down."""
        return self._engine.fallback_speaks

    # ---- lanes

    async def lanes(self) -> list[Lane]:
        """Every lane that has been placed, paused, or spoken in."""
        return [lane.lane for lane in self._queue.lanes.values() if lane.stored]

    async def place(self, lane: str, where: Mapping[str, Any] | None) -> None:
        """Commit where the lane is about to speak; None: that it is about to leave.

        A place means that the lane is about to be reached: its jobs are synthesized from now on.
        """
        await self._queue.change(self._place(lane, where))

    async def set_paused(self, lane: str, paused: bool) -> None:
        """Commit a pause or its end. Nothing is synthesized in a pause, and nothing expires."""
        await self._queue.change(self._pause(lane, paused))

    def reachable(self, lane: str, reachable: bool | None) -> None:
        """Whether the lane can be heard now; None: not yet, but it is about to be, as it is
        before the first call, and after a lane out of reach is placed.

        While it cannot, nothing is synthesized for it. Unless it can, its jobs come nearer to
        their expiry.
        """
        live = self._queue.lane(lane)
        if live.reachable is not reachable:
            live.reach(reachable, self._clock.monotonic())
            self._queue.reschedule(live)
            self._queue.feed.changed(lane)

    def player(self, lane: str) -> PlaybackQueue:
        """Who sends the lane's sound. There is one at a time: the one before is closed."""
        before = self._players.get(lane)
        if before is not None:
            before.close()
        self._players[lane] = PlaybackQueue(self._queue, self._cache, lane)
        return self._players[lane]

    async def _place(self, lane: str, where: Mapping[str, Any] | None) -> None:
        live = self._queue.lane(lane)
        await self._queue.put_lane(replace(live.lane, where=where))
        if where is None or live.reachable is False:
            live.reach(False if where is None else None, self._clock.monotonic())
            self._queue.reschedule(live)

    async def _pause(self, lane: str, paused: bool) -> None:
        live = self._queue.lane(lane)
        await self._queue.put_lane(replace(live.lane, paused=paused))
