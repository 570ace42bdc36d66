"""Has the chunks made, the one that is heard soonest first; tries again what breaks.

Knows: the engine, its slots, what each of its errors says about a chunk, the streams in flight.
Does not know: what a try's end means for jobs (`tries.py`), who plays.

As packets arrive they grow the sounds of all who were given this chunk; a try that begins again
appends only what a sound does not have yet, for an engine repeats itself to the letter.
"""

import asyncio
import contextlib
from typing import Final

import structlog

from engine.clock import Clock
from engine.describing import describe
from engine.errors import EngineError, EngineUnavailable, HostDied, SynthesisFailed
from engine.frames import FRAME_SECONDS
from engine.speech import tries
from engine.speech.adoption import adopt_card
from engine.speech.cache import AudioCache
from engine.speech.jobs import Job
from engine.speech.lanes import LiveChunk
from engine.speech.queue import Queue
from engine.synthesis.base import Engine, SynthesisRequest
from engine.synthesis.ogg import OggReader

#: Seconds between a failure of the engine and the next question whether it is there again.
_RETRY_AFTER: Final = 0.25

log = structlog.get_logger(__name__)


class Try:
    """One request to the engine, for every chunk that waits for this key."""

    def __init__(self, chunk: LiveChunk, due: float) -> None:
        self.key = chunk.key
        self.chunk_id = chunk.id
        self.chunk = chunk
        self.due = due
        self.suspect = False
        #: The host died while this and others were in work.
        self.shared_death = False
        self.packets: list[bytes] = []
        self.streamed = False
        self.unwelcome = False
        self.task: asyncio.Task[None] | None = None

    @property
    def job(self) -> Job:
        return self.chunk.owner.job

    def abandon(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Workers:
    """As many tries at once as the engine's card has slots."""

    def __init__(self, queue: Queue, cache: AudioCache, engine: Engine, clock: Clock) -> None:
        self._queue = queue
        self._cache = cache
        self._engine = engine
        self._clock = clock
        self._tries: dict[str, Try] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = False
        self._lost = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether the engine takes requests, as far as is known."""
        return self._ready

    def start(self) -> None:
        self._loops = [
            asyncio.create_task(self._attend(), name="engine"),
            asyncio.create_task(self._dispatch(), name="dispatch"),
        ]

    async def stop(self) -> None:
        """End all tries. What has been streamed whole is kept; what is cut short was no try."""
        for task in self._loops:
            task.cancel()
        for attempt in self._tries.values():
            if not attempt.streamed:
                attempt.abandon()
        await asyncio.gather(*self._loops, *self._tasks, return_exceptions=True)

    # ---- is the engine there?

    async def _attend(self) -> None:
        """Follow the engine: when it is there, take up its card and let tries begin."""
        while True:
            self._lost.clear()
            try:
                card = await self._engine.card()
                await adopt_card(self._queue, card, spare=self._engine.spare_speaks)
            except EngineError as error:
                log.warning("The engine does not answer", error=describe(error))
            else:
                self._ready = True
                self._queue.work.set()
                self._queue.tell_all()
                await self._lost.wait()
            await self._clock.sleep(_RETRY_AFTER)

    def _lose_engine(self) -> None:
        """No try begins until the engine has told its card again."""
        self._ready = False
        self._lost.set()
        self._queue.tell_all()

    # ---- what is made next?

    async def _dispatch(self) -> None:
        while True:
            await self._queue.work.wait()
            self._queue.work.clear()
            while (chosen := self._choose()) is not None:
                self._begin(*chosen)

    def _choose(self) -> tuple[LiveChunk, float] | None:
        """The chunk that is to be tried now and when it is due; None to wait."""
        card = self._queue.card
        if not self._ready or card is None or len(self._tries) >= card.card.slots:
            return None
        if any(each.suspect for each in self._tries.values()):
            return None
        while (entry := self._queue.schedule.earliest()) is not None:
            lane = self._queue.lane(entry[0])
            to_make = lane.next_to_make(card.id, self._queue.making, self._queue.pace)
            if to_make is None or to_make[1] != entry[1]:
                self._queue.touch(lane)  # the measured pace has moved since
                continue
            if self._suspect(to_make[0]) and self._tries:
                return None
            return to_make
        return None

    def _suspect(self, chunk: LiveChunk) -> bool:
        return any(each.suspect for each in self._queue.wanted.get(chunk.key, ()))

    def _begin(self, chunk: LiveChunk, due: float) -> None:
        attempt = Try(chunk, due)
        attempt.suspect = self._suspect(chunk)
        self._tries[attempt.key] = attempt
        self._queue.making[attempt.key] = attempt
        self._queue.touch(self._queue.lane(chunk.owner.job.lane))
        attempt.task = asyncio.create_task(self._try(attempt), name=f"try {attempt.chunk_id}")
        self._tasks.add(attempt.task)
        attempt.task.add_done_callback(self._tasks.discard)

    # ---- one try

    async def _try(self, attempt: Try) -> None:
        queue, key = self._queue, attempt.key
        try:
            await self._try_once(attempt)
        except asyncio.CancelledError:
            await queue.change(tries.put_back(queue, key))
            raise
        except Exception:
            # The edge of the worker: a fault of ours, a stream that is none, a full disk.
            log.exception("A try broke", job=attempt.chunk_id[0], chunk=attempt.chunk_id[1])
            await self._clock.sleep(_RETRY_AFTER)
        finally:
            del self._tries[key]
            del queue.making[key]
            queue.work.set()
            for lane_id in self._lanes(attempt):
                queue.touch(queue.lane(lane_id))

    async def _try_once(self, attempt: Try) -> None:
        queue, key = self._queue, attempt.key
        job_id, index = attempt.chunk_id
        if tries.hopeless(queue, key):
            await queue.change(tries.given_up(queue, key, error=_POISON))
            return
        if not await queue.change(tries.claim(queue, key)):
            return
        try:
            await self._make(attempt)
        except EngineUnavailable as error:
            self._lose_engine()
            log.info("The engine is away", job=job_id, chunk=index, error=describe(error))
            await queue.change(tries.put_back(queue, key))
        except HostDied as error:
            await self._died(attempt, error)
        except SynthesisFailed as error:
            await queue.change(tries.given_up(queue, key, error=error.user_message))

    async def _make(self, attempt: Try) -> None:
        card = self._queue.card
        if card is None:
            return
        request = card.request(attempt.chunk.owner.job, attempt.chunk.text)
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
            tries.made(
                self._queue,
                attempt.key,
                seconds=len(attempt.packets) * FRAME_SECONDS,
                size=size,
                voice="" if request.reference is None else request.voice,
            )
        )
        if not kept:
            await asyncio.to_thread(self._cache.drop, attempt.key)

    async def _stream(self, attempt: Try, request: SynthesisRequest) -> bytes:
        """The whole Ogg stream; its packets are given out as they come."""
        reader = OggReader()
        stream = bytearray()
        due_in = attempt.due - self._clock.monotonic()
        async with contextlib.aclosing(self._engine.synthesize(request, due_in=due_in)) as pieces:
            async for piece in pieces:
                stream += piece
                attempt.packets.extend(reader.feed(piece))
                for chunk in self._queue.wanted.get(attempt.key, ()):
                    sound = chunk.sound
                    if sound is not None and len(sound.packets) < len(attempt.packets):
                        sound.grow(attempt.packets[len(sound.packets) :])
        if not reader.complete:
            raise ValueError("the engine's stream ended without its last page")
        return bytes(stream)

    async def _died(self, attempt: Try, error: HostDied) -> None:
        """The host died. Whatever it had in work is suspect; only a death alone is proof."""
        self._lose_engine()
        others = [each for each in self._tries.values() if each is not attempt]
        alone = not others and not attempt.shared_death
        for each in others:
            each.shared_death = True
        job_id, index = attempt.chunk_id
        log.warning(
            "The engine's host died", job=job_id, chunk=index, alone=alone, error=describe(error)
        )
        end = tries.killed if alone else tries.suspected
        await self._queue.change(end(self._queue, attempt.key))

    def _lanes(self, attempt: Try) -> set[str]:
        waiting = self._queue.wanted.get(attempt.key, ())
        return {attempt.chunk.owner.job.lane} | {each.owner.job.lane for each in waiting}


_POISON: Final = "The engine broke down over this text again and again."
