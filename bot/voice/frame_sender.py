"""Sends a lane's sound over one connection, and knows what of it was surely heard.

Knows which items are in the source, and which were sent since the path was last seen to work.
`guild_voice.py` decides when it starts and stops.

One task reports `started` and `spoken` to the queue, in the order in which frames were sent. So a
slow disk delays no sound.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from bot.voice.connection import Connection, Disconnect, DisconnectReason
from bot.voice.frame_clock import FrameClock
from bot.voice.frame_source import Finished, FrameSource, Idle, SourceEvent, Started
from engine.base.clock import Clock
from engine.model.audio_format import SILENCE
from engine.queue import PlaybackQueue
from engine.queue.audio_stream import PlaybackItem

log = structlog.get_logger(__name__)

#: Items in the source at once: the one that is heard, and the next, so that no gap is between.
AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class LeadIn:
    """Seconds of silence before the first sound after a join, and after a pause."""

    join: float
    pause: float


class FrameSender:
    """Works from `start` to `stop`, until the next interruption."""

    def __init__(
        self,
        connection: Connection,
        playback: PlaybackQueue,
        frame_clock: FrameClock,
        clock: Clock,
        lead_in: LeadIn,
    ) -> None:
        self._connection = connection
        self._playback = playback
        self._frame_clock = frame_clock
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._source = FrameSource(self._notify, first_lead_in=lead_in.join, lead_in=lead_in.pause)
        self._slots = asyncio.Semaphore(AHEAD)
        self._taken: deque[PlaybackItem] = deque()
        self._sent: deque[tuple[float, PlaybackItem]] = deque()  # when its last frame left
        self._events: asyncio.Queue[SourceEvent] = asyncio.Queue()
        self._sending = False
        self._task: asyncio.Task[None] | None = None

    def start(self, ended: Callable[[], None]) -> None:
        """Begin to send. `ended` is called when that has ended, by `stop` or by a fault."""
        self._task = asyncio.create_task(self._run(), name="frame-sender")
        self._task.add_done_callback(lambda _: ended())

    @property
    def has_failed(self) -> bool:
        return self._task is not None and self._task.done()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take(), name="sender-take")
            tasks.create_task(self._report(), name="sender-report")

    def hold(self) -> None:
        self._source.hold()

    def release(self) -> None:
        self._source.release()
        self._frame_clock.start(self._tick)

    async def stop(self, *, path_lived_until: float) -> None:
        """Stop at once, and return to the queue what was not surely heard.

        `path_lived_until`: frames that were sent before this time are known to have arrived, in
        monotonic seconds.
        """
        if self._task is not None:
            self._task.cancel()
            (error,) = await asyncio.gather(self._task, return_exceptions=True)
            if isinstance(error, Exception):
                log.error("a frame sender failed", guild=self._connection.guild.id, exc_info=error)
        self._source.stop()
        # Events that the frame clock's thread has posted are in the loop's queue by now.
        await asyncio.sleep(0)
        while not self._events.empty():
            await self._handle(self._events.get_nowait())
        unheard = [item for at, item in self._sent if at > path_lived_until]
        first = next(iter([*unheard, *self._taken]), None)
        if first is not None:
            await self._playback.rewind(first)
        self._taken.clear()
        self._sent.clear()

    async def _take(self) -> None:
        while True:
            await self._slots.acquire()
            item = await self._playback.next()
            self._taken.append(item)
            # The lead-in begins here, while the engine still works.
            self._source.expect()
            await self._send()
            await item.sound.begun()
            self._source.push(item)
            await self._send()

    async def _send(self) -> None:
        if not self._sending:
            self._sending = True
            await self._connection.speaking(True)
        self._frame_clock.start(self._tick)

    def _tick(self) -> bool:
        """Send one frame; runs on the frame clock's thread. This is that thread's edge: whatever
        fails here ends the connection, and the guild's voice makes another one."""
        connection = self._connection
        try:
            if connection.ended is not None:
                return False
            # While the encryption forms again (a member came or left): wait, and lose nothing.
            frame = self._source.read() if connection.audible else SILENCE
            if frame is not None:
                connection.send(frame)
            return frame is not None
        except Exception:
            log.exception("a frame could not be sent", guild=connection.guild.id)
            disconnect = Disconnect(DisconnectReason.UNSENDABLE)
            self._loop.call_soon_threadsafe(connection.report, disconnect)
            return False

    def _notify(self, event: SourceEvent) -> None:
        self._loop.call_soon_threadsafe(self._note, event)

    def _note(self, event: SourceEvent) -> None:
        if isinstance(event, Finished):
            if event.item in self._taken:
                self._taken.remove(event.item)
                self._slots.release()
            if not event.item.sound.over:
                self._sent.append((self._clock.monotonic(), event.item))
            heard_until = self._connection.last_sign_of_life
            while self._sent and self._sent[0][0] <= heard_until:
                self._sent.popleft()
        self._events.put_nowait(event)

    async def _report(self) -> None:
        while True:
            await self._handle(await self._events.get())

    async def _handle(self, event: SourceEvent) -> None:
        match event:
            case Started(item):
                await self._playback.started(item)
            case Finished(item):
                if not item.sound.over:
                    await self._playback.spoken(item)
            case Idle():
                if self._sending and self._source.idle:
                    self._sending = False
                    await self._connection.speaking(False)
