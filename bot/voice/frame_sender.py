"""Speaks a lane's cues over one connection, and knows what of it was surely heard.

Knows: which cues are in the source, which left since the last sign of life. Does not know: where
to be, who listens, whether it may speak: whoever starts and stops it (the room) does.

The queue's rows follow the frames: `started` and `spoken` are told in the order in which frames
left, by one task, so that a slow disk delays no sound.
"""

import asyncio
from collections import deque
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

#: Cues in the source at once: the one that is heard, and the next so that no gap comes between.
AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class LeadIn:
    """Seconds of silence before the first sound after a join, and after a pause."""

    join: float
    pause: float


class FrameSender:
    """Lives from one interruption to the next. `run` until it is cancelled, then `stop`."""

    def __init__(
        self,
        connection: Connection,
        player: PlaybackQueue,
        metronome: FrameClock,
        clock: Clock,
        lead_in: LeadIn,
        *,
        held: bool,
    ) -> None:
        self._connection = connection
        self._player = player
        self._metronome = metronome
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._source = FrameSource(self._notify, first_lead=lead_in.join, lead=lead_in.pause)
        self._slots = asyncio.Semaphore(AHEAD)
        self._taken: deque[PlaybackItem] = deque()
        self._left: deque[tuple[float, PlaybackItem]] = deque()  # when its last frame left
        self._reports: asyncio.Queue[SourceEvent] = asyncio.Queue()
        self._sending = False
        if held:
            self._source.hold()

    async def run(self) -> None:
        """Speak until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take(), name="speaker-take")
            tasks.create_task(self._report(), name="speaker-report")

    def hold(self) -> None:
        """Stop at this frame, for a pause that a member asked for."""
        self._source.hold()

    def release(self) -> None:
        """Go on where `hold` stopped."""
        self._source.release()
        self._metronome.start(self._beat)

    async def stop(self, *, path_lived_until: float) -> None:
        """Stop at once; hand back to the queue what was not surely heard.

        `path_lived_until`: the clock's monotonic time up to which frames are known to have
        arrived.
        """
        self._source.stop()
        # Events that the metronome's thread has posted stand in the loop's queue by now.
        await asyncio.sleep(0)
        while not self._reports.empty():
            await self._tell(self._reports.get_nowait())
        unheard = [item for at, item in self._left if at > path_lived_until]
        first = next(iter([*unheard, *self._taken]), None)
        if first is not None:
            await self._player.rewind(first)
        self._taken.clear()
        self._left.clear()

    async def _take(self) -> None:
        while True:
            await self._slots.acquire()
            item = await self._player.next()
            self._taken.append(item)
            # The lead begins here, while the engine still works.
            self._source.expect()
            await self._send()
            await item.sound.begun()
            self._source.push(item)
            await self._send()

    async def _send(self) -> None:
        if not self._sending:
            self._sending = True
            await self._connection.speaking(True)
        self._metronome.start(self._beat)

    def _beat(self) -> bool:
        """One frame; on the metronome's thread, of which this is the edge: whatever fails here
        ends the connection, and the room makes another."""
        try:
            return self._send_frame()
        except Exception:
            log.exception("a frame could not be sent", guild=self._connection.guild.id)
            loss = Disconnect(DisconnectReason.UNSENDABLE)
            self._loop.call_soon_threadsafe(self._connection.report, loss)
            return False

    def _send_frame(self) -> bool:
        connection = self._connection
        if connection.loss is not None:
            return False
        if not connection.audible:
            # The encryption is being formed again (a member came or went): wait, lose nothing.
            connection.send(SILENCE)
            return True
        frame = self._source.read()
        if frame is None:
            return False
        connection.send(frame)
        return True

    def _notify(self, event: SourceEvent) -> None:
        self._loop.call_soon_threadsafe(self._note, event)

    def _note(self, event: SourceEvent) -> None:
        if isinstance(event, Finished):
            if event.item in self._taken:
                self._taken.remove(event.item)
                self._slots.release()
            if not event.item.sound.over:
                self._left.append((self._clock.monotonic(), event.item))
            self._forget_heard()
        self._reports.put_nowait(event)

    def _forget_heard(self) -> None:
        heard_until = self._connection.last_sign_of_life
        while self._left and self._left[0][0] <= heard_until:
            self._left.popleft()

    async def _report(self) -> None:
        while True:
            await self._tell(await self._reports.get())

    async def _tell(self, event: SourceEvent) -> None:
        match event:
            case Started(item):
                await self._player.started(item)
            case Finished(item):
                if not item.sound.over:
                    await self._player.spoken(item)
            case Idle():
                if self._sending and self._source.idle:
                    self._sending = False
                    await self._connection.speaking(False)
