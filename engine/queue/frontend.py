"""The queue as one front end sees it: its own jobs and lanes, and nothing else."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.base.events import Subscription
from engine.base.settings import Settings
from engine.model.engine import EngineInfo, EngineState
from engine.model.jobs import Chunk, EndReason, Job, JobRequest, JobState, JobView, Lane, LaneKey
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import (
    Change,
    Changed,
    NewJob,
    Queue,
    alone,
    job_change,
    lane_change,
    unknown,
)
from engine.queue.engine_change import adopt_audio
from engine.queue.playback import PlaybackQueue
from engine.queue.rendering import settle
from engine.queue.validation import NOT_TEXT, check_disk, check_request
from engine.queue.views import view_finished, view_queue, view_rendered
from engine.store.sqlite import Database
from engine.store.transaction import Transaction
from engine.tts.client.engine import Engine


class FrontEndQueue:
    """Text in, sound out, for one front end; made by `SpeechQueue.for_frontend`."""

    def __init__(
        self,
        frontend: str,
        queue: Queue,
        cache: AudioCache,
        engine: Engine,
        settings: Settings,
        players: dict[LaneKey, PlaybackQueue],
    ) -> None:
        self.frontend = frontend
        self._queue = queue
        self._cache = cache
        self._engine = engine
        self._players = players
        self._settings = settings

    # ---- jobs

    async def submit(self, request: JobRequest) -> Job:
        """Commit a job; it is on disk when this returns. Never waits for the engine.

        A second submit with the same `key` returns the first job.
        Raises NothingToSpeak, TextTooLong, UnknownVoice, QueueFull, StorageFull, and whatever the
        guard raises.
        """
        if request.key is not None:
            first = self._queue.live_by_key(self.frontend, request.key)
            if first is not None:
                return first
        request = replace(request, frontend=self.frontend, text=NOT_TEXT.sub("", request.text))
        limits = self._settings
        check_request(request, self._queue.engine, most_characters=limits.mynah_max_text)
        await asyncio.to_thread(check_disk, limits.mynah_data_dir, limits.mynah_disk_reserve)
        return await self._submit(request)

    async def pending(self) -> list[Job]:
        """Jobs that have not been confirmed yet, oldest first."""
        return [
            live.job
            for live in self._queue.jobs.values()
            if live.job.pending and live.job.frontend == self.frontend
        ]

    @alone
    async def confirm(self, job_id: int) -> None:
        """Confirm a pending job, after its requester was informed: from now on it may be played."""
        if self._is_live(job_id) and self._queue.jobs[job_id].job.pending:
            await self._queue.apply(job_change(job_id, pending=False))

    async def abort(self, job_id: int) -> None:
        """End a pending job whose requester could not be informed; it is never played."""
        await self.cancel(job_id, by=EndReason.ABORTED, actor=None)

    @alone
    async def cancel(self, job_id: int, *, by: EndReason, actor: str | None) -> Job | None:
        """End a job; its sound stops at the next frame. Returns None if it was over already."""
        if not self._is_live(job_id):
            return None
        (ended,) = await self._queue.end([job_id], JobState.CANCELLED, by=by, actor=actor)
        return ended

    async def clear(self, lane: str, *, by: EndReason, actor: str | None) -> list[Job]:
        """End all live jobs of a lane, and return them as they ended, in order."""
        key = self._key(lane)
        if key in self._players:
            self._players[key].forget()
        return await self._clear(key, by, actor)

    @alone
    async def note(self, job_id: int, /, **note: object) -> None:
        """Merge `note` into `Job.note`. Raises UnknownJob."""

        def merge(tx: Transaction) -> Iterable[Change]:
            job = self._own(tx.jobs.get(job_id))
            if job is None:
                raise unknown(job_id)
            return [job_change(job_id, note={**job.note, **note})]

        await self._queue.apply(first=merge)

    @alone
    async def mark_shown(self, job_id: int, shown: str) -> None:
        """Store what the job's status message shows now; it begins with the job's state."""

        def mark(tx: Transaction) -> Iterable[Change]:
            known = self._own(tx.jobs.get(job_id)) is not None
            return [job_change(job_id, shown=shown)] if known else []

        await self._queue.apply(first=mark)

    # ---- reading

    async def view(self, job_id: int) -> JobView:
        """Raises UnknownJob."""
        if not self._is_live(job_id):
            return await self._queue.database.read(lambda tx: self._view_finished(tx, job_id))
        live = self._queue.jobs[job_id]
        if live.job.urgency is not None:
            return view_rendered(live)
        views = await self.queue(live.job.lane)
        return next(view for view in views if view.job.id == job_id)

    async def queue(self, lane: str) -> list[JobView]:
        """The lane's spoken jobs in order: the one that is being spoken, then those that wait.
        Fetch-only jobs are left out."""
        live = self._queue.lanes.get(self._key(lane))
        if live is None:
            return []
        return view_queue(
            live,
            now=self._queue.clock.time(),
            monotonic=self._queue.clock.monotonic(),
            pace=self._queue.pace,
            engine_ready=self._engine.state is EngineState.READY,
        )

    async def unshown(self) -> list[Job]:
        """Jobs that are over but whose end was not shown: the last `mark_shown` does not begin
        with their state. Oldest first."""
        return await self._queue.database.read(lambda tx: tx.jobs.unshown(self.frontend))

    async def audio(self, job_id: int) -> bytes | None:
        """An Ogg Opus file of all audio of a job, pauses included; None if the job or a part of
        its audio is gone."""

        def look(tx: Transaction) -> list[Chunk]:
            return tx.chunks.of([job_id])[job_id] if self._own(tx.jobs.get(job_id)) else []

        chunks = await self._queue.database.read(look)
        return await asyncio.to_thread(self._cache.record, chunks)

    def subscribe(self) -> Subscription[Changed]:
        """The changes from now on. A slow subscriber misses none: each is kept once."""
        return self._queue.feeds[self.frontend].subscribe()

    @property
    def database(self) -> Database:
        """For other data in the same file as the queue."""
        return self._queue.database

    # ---- the engine

    @property
    def info(self) -> EngineInfo | None:
        """The engine's info, even while it is away; None before an engine has ever started."""
        return self._queue.info

    @property
    def engine_state(self) -> EngineState:
        return self._engine.state

    @property
    def fallback_speaks(self) -> bool:
        """Whether the fallback engine speaks because the main one is down."""
        return self._engine.fallback_speaks

    # ---- lanes

    async def lanes(self) -> list[Lane]:
        """All lanes on disk: those that had a job or a target, or were paused."""
        now = self._queue.clock.monotonic()
        return [
            replace(live.lane, stalled_seconds=live.stalled(now))
            for live in self._queue.lanes.values()
            if live.stored and live.key.frontend == self.frontend
        ]

    @alone
    async def set_target(self, lane: str, target: Mapping[str, Any] | None) -> None:
        """Commit where the lane is about to speak; None if it is about to leave.

        With a target, the lane's jobs are synthesized from now on, because it will soon be
        reachable.
        """
        key = self._key(lane)
        await self._set_lane(key, target=target)
        live = self._queue.lane(key)
        if target is None or live.reachable is False:
            live.reach(False if target is None else None, self._queue.clock.monotonic())
            self._queue.reschedule(live)

    @alone
    async def set_paused(self, lane: str, paused: bool) -> None:
        """Commit a pause or its end. During a pause nothing is synthesized and nothing expires."""
        await self._set_lane(self._key(lane), paused=paused)

    def reachable(self, lane: str, reachable: bool | None) -> None:
        """Set whether the lane can be heard now. None means that it will be soon: so it is before
        the first call, and after an unreachable lane gets a target.

        While it is False, nothing is synthesized for the lane's listeners. While it is not True,
        its jobs come closer to their expiry.
        """
        live = self._queue.lane(self._key(lane))
        if live.reachable is not reachable:
            live.reach(reachable, self._queue.clock.monotonic())
            self._queue.reschedule(live)
            self._queue.publish(live.key)

    def player(self, lane: str) -> PlaybackQueue:
        """The source of sound for the lane's frame sender. A lane has one at a time: this closes
        the previous one."""
        key = self._key(lane)
        if key in self._players:
            self._players[key].close()
        self._players[key] = PlaybackQueue(self._queue, self._cache, key)
        return self._players[key]

    # ---- this front end's jobs and lanes

    @alone
    async def _submit(self, request: JobRequest) -> Job:
        queue, engine = self._queue, self._queue.engine
        lane = queue.lane(self._key(request.lane))
        stalled = lane.stalled(queue.clock.monotonic())
        full = lane.refusal(
            request.requester,
            most=self._settings.mynah_max_queue,
            most_of_requester=self._settings.mynah_max_queue_member,
        )
        now = queue.clock.time()
        submitted: list[Job] = []

        def insert(tx: Transaction) -> Iterable[Change]:
            if request.key is not None:
                first = tx.jobs.by_key(self.frontend, request.key)
                if first is not None:
                    submitted.append(first)
                    return []
            if full is not None:
                raise full
            # Another engine may have come into use since `check_request`.
            if engine is not None and (refusal := engine.refusal(request)) is not None:
                raise refusal
            queue.guard(tx, request)
            job = tx.jobs.insert(
                request if engine is None else replace(request, voice=engine.voice_of(request)),
                created_at=now,
                stalled_before=stalled,
                engine=None if engine is None else engine.id,
                substitution=None if engine is None else engine.substitution(request),
            )
            submitted.append(job)
            chunks = [] if engine is None else adopt_audio(tx, engine.cut(job).chunks)
            new = NewJob(job, chunks)
            return [new] if lane.stored else [lane_change(lane.key, stalled_seconds=stalled), new]

        await queue.apply(first=insert)
        (job,) = submitted
        if job.id in queue.jobs:
            await settle(queue, [queue.jobs[job.id]])  # the cache may already have its audio
        return job

    @alone
    async def _clear(self, key: LaneKey, by: EndReason, actor: str | None) -> list[Job]:
        lane = self._queue.lane(key)
        waiting = [live.job.id for live in (*lane.jobs, *lane.rendered)]
        return await self._queue.end(waiting, JobState.CANCELLED, by=by, actor=actor)

    async def _set_lane(self, key: LaneKey, **values: object) -> None:
        stalled = self._queue.lane(key).stalled(self._queue.clock.monotonic())
        await self._queue.apply(lane_change(key, stalled_seconds=stalled, **values))

    def _key(self, lane: str) -> LaneKey:
        return LaneKey(self.frontend, lane)

    def _is_live(self, job_id: int) -> bool:
        live = self._queue.jobs.get(job_id)
        return live is not None and live.job.frontend == self.frontend

    def _own(self, job: Job | None) -> Job | None:
        return job if job is not None and job.frontend == self.frontend else None

    def _view_finished(self, tx: Transaction, job_id: int) -> JobView:
        job = self._own(tx.jobs.get(job_id))
        if job is None:
            raise unknown(job_id)
        lane = self._queue.lanes.get(job.lane_key)
        paused = lane is not None and lane.lane.paused
        return view_finished(job, tx.chunks.count(job_id), paused=paused)
