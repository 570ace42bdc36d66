"""Turns items into 20 ms frames: what a listener hears, frame by frame. It never waits. Pure.

A source works until the next interruption of the voice path. The event loop calls `expect`, `push`,
`hold`, `release` and `stop`, none of which waits. `read` runs on the frame clock's thread and takes
no lock: it carries out the commands in a deque, and answers by events.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.model.audio_format import CLOSING_SILENCE_FRAMES, FRAMES_PER_SECOND, SILENCE
from engine.queue.audio_stream import PlaybackItem

#: After a lead-in, silence continues for this long while the first packet is made: 1 s.
PATIENCE_FRAMES: Final = FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Started:
    """The item's first frame is sent now."""

    item: PlaybackItem


@dataclass(frozen=True, slots=True)
class Finished:
    """The item's last frame is sent now, or the item was dropped."""

    item: PlaybackItem


@dataclass(frozen=True, slots=True)
class Idle:
    """There is nothing more to send; the closing silence was sent."""


SourceEvent = Started | Finished | Idle


def frames(seconds: float) -> int:
    """The number of frames that last `seconds`, rounded."""
    return round(seconds * FRAMES_PER_SECOND)


class FrameSource:
    """`first_lead_in` and `lead_in`: seconds of silence before the first sound after a join, and
    before the first after a pause. `notify` is called on the thread that reads."""

    def __init__(
        self, notify: Callable[[SourceEvent], None], *, first_lead_in: float, lead_in: float
    ) -> None:
        self._notify = notify
        self._lead_in = lead_in
        self._commands: deque[Callable[[], None]] = deque()
        self._stopped = False
        # The following belong to the thread that reads.
        self._items: deque[PlaybackItem] = deque()
        self._position = 0  # in the first item's packets
        self._next_lead_in = first_lead_in
        self._silence = 0  # frames of silence to send before anything else
        self._patience = 0  # frames of silence left to wait for a first packet
        self._closing = 0  # frames of silence to send at the end of speech
        self._held = False
        self._idle = True

    # From the event loop.

    def expect(self) -> None:
        """Sound will come: begin the lead-in, if nothing is being sent."""
        self._commands.append(self._begin_lead_in)

    def push(self, item: PlaybackItem) -> None:
        """Send `item` after the items that are here already."""
        self._commands.append(lambda: self._append(item))

    def hold(self) -> None:
        """Stop at this frame."""
        self._commands.append(self._hold)

    def release(self) -> None:
        """Continue at the frame where `hold` stopped, after a lead-in."""
        self._commands.append(self._release)

    def stop(self) -> None:
        """Send nothing more, from the next frame on."""
        self._stopped = True

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent."""
        return self._idle and not self._commands

    # From the frame clock.

    def read(self) -> bytes | None:
        """The next frame; None if there is nothing to send until the next command."""
        while self._commands:
            self._commands.popleft()()
        if self._stopped:
            return None
        frame = None if self._held else self._next()
        if frame is not None:
            self._idle = False
            return frame
        if self._closing:
            self._closing -= 1
            return SILENCE
        if not self._idle:
            self._idle = True
            self._notify(Idle())
        return None

    def _next(self) -> bytes | None:
        if self._silence:
            self._silence -= 1
            self._closing = max(0, self._closing - 1)
            self._drop_over()
            return SILENCE
        while self._items:
            item = self._items[0]
            if item.sound.over:
                self._end(item, CLOSING_SILENCE_FRAMES if self._position else 0)
                if self._silence:
                    return self._next()
                continue
            # Read the flag before the length: the flag is set after the last packet.
            complete = item.sound.complete
            available = len(item.sound.packets)
            if self._position < available:
                return self._speak(item, complete and self._position + 1 == available)
            if complete:
                self._end(item, 0)
                continue
            return SILENCE  # the engine does not keep up
        if self._patience:
            self._patience -= 1
            return SILENCE
        return None

    def _speak(self, item: PlaybackItem, last: bool) -> bytes:
        if self._position == 0:
            self._notify(Started(item))
        packet = item.sound.packets[self._position]
        self._position += 1
        self._patience = 0
        self._closing = CLOSING_SILENCE_FRAMES
        if last:
            self._end(item, frames(item.pause_after))
        return packet

    def _end(self, item: PlaybackItem, silence: int) -> None:
        self._items.popleft()
        self._position = 0
        self._silence = silence
        self._notify(Finished(item))

    def _drop_over(self) -> None:
        """During a pause, release items that were dropped before they began."""
        while self._items and self._position == 0 and self._items[0].sound.over:
            self._notify(Finished(self._items.popleft()))

    def _append(self, item: PlaybackItem) -> None:
        self._begin_lead_in()
        self._items.append(item)

    def _begin_lead_in(self) -> None:
        if self._idle:
            self._idle = False
            self._silence = max(self._silence, frames(self._next_lead_in))
            self._patience = PATIENCE_FRAMES
            self._next_lead_in = self._lead_in

    def _hold(self) -> None:
        self._held = True

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._silence = max(self._silence, frames(self._lead_in))
