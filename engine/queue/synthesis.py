"""Has the engine make the chunks, the one that is needed soonest first, and retries failures.

Knows: the engine, its slots, what each of its errors means for a chunk, the streams in flight.
Does not know: what the end of an attempt means for jobs (`attempts.py` does), playback.

Packets are appended to the sounds of all players that have this chunk as they arrive. A repeated
attempt appends only the packets that a sound does not have yet: an engine's output is reproducible
to the byte.
"""

import asyncio
import contextlib
from typing import Final

import structlog

from engine.base.aio import TaskSet
from engine.base.error_text import describe
from engine.model.audio_format import FRAME_SECONDS
from engine.model.engine import SynthesisRequest
from engine.model.errors import EngineError, EngineUnavailable, Failure, HostDied, SynthesisFailed
from engine.model.jobs import LaneKey
from engine.queue import attempts
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Attempt, Queue
from engine.queue.engine_change import use_engine
from engine.queue.rendering import Turns
from engine.queue.state import LiveChunk
from engine.tts.client.engine import Engine

#: Seconds between a failure of the engine and the next request for its info.
_RETRY_AFTER: Final = 0.25

log = structlog.get_logger(__name__)


class Synthesis:
    """As many attempts at once as the engine has slots."""

    def __init__(self, queue: Queue, cache: AudioCache, engine: Engine) -> None:
        self._queue = queue
        self._cache = cache
        self._engine = engine
        self._clock = queue.clock
        self._attempts = queue.in_flight
        self._tasks = TaskSet()  # one for each attempt
        self._turns = Turns()
        self._ready = False
        self._lost = asyncio.Event()
        self._loops = TaskSet()

    def start(self) -> None:
        self._loops.start(self._attend(), name="engine")
        self._loops.start(self._dispatch(), name="dispatch")

    async def stop(self) -> None:
        """End all attempts. Complete streams are stored; the other attempts do not count."""
        await self._loops.cancel()
        for attempt in self._attempts.values():
            if not attempt.streamed:
                attempt.abandon()
        await self._tasks.settle()

    # ---- whether the engine is ready

    async def _attend(self) -> None:
        """Watch the engine: when it answers, use it and let attempts begin."""
        while True:
            self._lost.clear()
            try:
                info = await self._engine.info()
                await use_engine(self._queue, info, fallback=self._engine.fallback_speaks)
            except EngineError as error:
                log.warning("The engine does not answer", error=describe(error))
            else:
                self._ready = True
                self._queue.work.set()
                self._queue.publish_all()
                await self._lost.wait()
            await self._clock.sleep(_RETRY_AFTER)

    def _lose_engine(self) -> None:
        """Let no attempt begin until the engine has sent its info again."""
        self._ready = False
        self._lost.set()
        self._queue.publish_all()

    # ---- which chunk is made next

    async def _dispatch(self) -> None:
        while True:
            await self._queue.work.wait()
            self._queue.work.clear()
            while (chosen := self._choose()) is not None:
                self._begin(*chosen)

    def _choose(self) -> tuple[LiveChunk, float] | None:
        """The chunk to make now, and when it is due; None to wait."""
        engine = self._queue.engine
        if not self._ready or engine is None or len(self._attempts) >= engine.info.slots:
            return None
        if any(each.suspect for each in self._attempts.values()):
            return None
        now = self._clock.monotonic()
        spoken, rendered = self._earliest(engine.id), self._earliest_rendering(engine.id)
        renders = rendered is not None and self._turns.renders(
            None if spoken is None else spoken[1], rendered[1], now
        )
        chosen = rendered if renders else spoken
        if chosen is None or (self._suspect(chosen[0]) and self._attempts):
            return None
        overdue = rendered is not None and rendered[1] <= now
        self._turns.took(rendering=renders, overdue=overdue)
        return chosen

    def _earliest(self, engine: str) -> tuple[LiveChunk, float] | None:
        """The chunk for listeners that is due first."""
        while (entry := self._queue.deadlines.earliest()) is not None:
            lane = self._queue.lane(entry[0])
            to_make = lane.next_to_make(engine, self._queue.in_flight, self._queue.pace)
            if to_make is not None and to_make[1] == entry[1]:
                return to_make
            self._queue.reschedule(lane)  # the measured pace has changed since
        return None

    def _earliest_rendering(self, engine: str) -> tuple[LiveChunk, float] | None:
        """The chunk of a fetch-only job that is due first."""
        entry = self._queue.renderings.earliest()
        if entry is None:
            return None
        return self._queue.lane(entry[0]).next_to_render(engine, self._queue.in_flight)

    def _suspect(self, chunk: LiveChunk) -> bool:
        return any(each.suspect for each in self._queue.wanted.get(chunk.key, ()))

    def _begin(self, chunk: LiveChunk, due: float) -> None:
        attempt = Attempt(chunk.key, chunk, due, suspect=self._suspect(chunk))
        self._queue.in_flight[chunk.key] = attempt
        self._queue.reschedule(self._queue.lane(chunk.owner.job.lane_key))
        attempt.task = self._tasks.start(self._run(attempt), name=f"attempt {attempt.chunk.id}")

    # ---- one attempt

    async def _run(self, attempt: Attempt) -> None:
        queue, key = self._queue, attempt.key
        try:
            await self._attempt_once(attempt)
        except asyncio.CancelledError:
            await queue.change(attempts.give_back(queue, key, attempts=-1))
            raise
        except Exception:
            # The edge of the worker: a bug in our code, an invalid stream, a full disk.
            log.exception("An attempt broke", job=attempt.chunk.id[0], chunk=attempt.chunk.id[1])
            await self._clock.sleep(_RETRY_AFTER)
        finally:
            del queue.in_flight[key]
            queue.work.set()
            for lane in self._lanes(attempt):
                queue.reschedule(queue.lane(lane))

    async def _attempt_once(self, attempt: Attempt) -> None:
        queue, key = self._queue, attempt.key
        job_id, index = attempt.chunk.id
        if attempts.exhausted(queue, key):
            await queue.change(attempts.fail(queue, key, error=Failure("engine-breaks")))
            return
        if not await queue.change(attempts.claim(queue, key)):
            return
        try:
            await self._make(attempt)
        except EngineUnavailable as error:
            self._lose_engine()
            log.info("The engine is away", job=job_id, chunk=index, error=describe(error))
            await queue.change(attempts.give_back(queue, key, attempts=-1))
        except HostDied as error:
            await self._died(attempt, error)
        except SynthesisFailed as error:
            await queue.change(attempts.fail(queue, key, error=error.failure))

    async def _make(self, attempt: Attempt) -> None:
        engine = self._queue.engine
        if engine is None:
            return
        request = engine.request(attempt.chunk.owner.job, attempt.chunk.chunk.text)
        stream = await self._stream(attempt, request)
        attempt.streamed = True
        for chunk in self._queue.wanted.get(attempt.key, ()):
            if chunk.sound is not None:
                chunk.sound.finish()
        try:
            await asyncio.to_thread(self._cache.write, attempt.key, stream)
            size: int | None = len(stream)
        except OSError as error:
            log.error("The audio cache cannot be written", error=describe(error))
            size = None
        kept = await self._queue.change(
            attempts.made(
                self._queue,
                attempt.key,
                seconds=len(attempt.packets) * FRAME_SECONDS,
                size=size,
                voice="" if request.reference is None else request.voice,
            )
        )
        if not kept:
            await asyncio.to_thread(self._cache.drop, attempt.key)

    async def _stream(self, attempt: Attempt, request: SynthesisRequest) -> bytes:
        """The whole Ogg stream; its packets go to the players as they arrive."""
        stream = bytearray()
        deadline_in = attempt.due - self._clock.monotonic()
        async with contextlib.aclosing(
            self._engine.synthesize(request, deadline_in=deadline_in)
        ) as pieces:
            async for piece in pieces:
                stream += piece.data
                attempt.packets.extend(piece.packets)
                for chunk in self._queue.wanted.get(attempt.key, ()):
                    sound = chunk.sound
                    if sound is not None and len(sound.packets) < len(attempt.packets):
                        sound.grow(attempt.packets[len(sound.packets) :])
        return bytes(stream)

    async def _died(self, attempt: Attempt, error: HostDied) -> None:
        """The engine's server died. Every chunk that it worked on is suspect; only a chunk that it
        worked on alone is to blame."""
        self._lose_engine()
        others = [each for each in self._attempts.values() if each is not attempt]
        alone = not others and not attempt.shared_death
        for each in others:
            each.shared_death = True
        job_id, index = attempt.chunk.id
        log.warning(
            "The engine's host died", job=job_id, chunk=index, alone=alone, error=describe(error)
        )
        await self._queue.change(attempts.give_back(self._queue, attempt.key, deaths=int(alone)))

    def _lanes(self, attempt: Attempt) -> set[LaneKey]:
        waiting = self._queue.wanted.get(attempt.key, ())
        return {each.owner.job.lane_key for each in (attempt.chunk, *waiting)}
