"""From cues to 20 ms frames: what a listener hears, frame by frame, and never a wait.

Knows: cues, their order, silence before, between and after them. Does not know: Discord, time
(a frame is 20 ms), who makes the packets.

A Source lives from one interruption of the voice path to the next. The event loop talks to it
by `expect`, `push`, `hold`, `release` and `stop`, none of which waits; `read` runs on the
metronome's thread and takes no lock: it obeys what stands in a deque, and answers by events.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.model.audio_format import CLOSING_SILENCE_FRAMES, FRAMES_PER_SECOND, SILENCE
from engine.queue.audio_stream import PlaybackItem

#: After a lead, silence goes on for so long while the first packet is still being made: 1 s.
PATIENCE_FRAMES: Final = FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Started:
    """The cue's first frame leaves now."""

    item: PlaybackItem


@dataclass(frozen=True, slots=True)
class Finished:
    """The cue's last frame leaves now, or it was dropped."""

    item: PlaybackItem


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing more to send; the closing silence has left."""


SourceEvent = Started | Finished | Idle


def frames(seconds: float) -> int:
    """The number of frames that last `seconds`, rounded."""
    return round(seconds * FRAMES_PER_SECOND)


class FrameSource:
    """`first_lead` and `lead`: seconds of silence before the first sound after a join, and before
    the first after a pause. `notify` is called on the thread that reads."""

    def __init__(
        self, notify: Callable[[SourceEvent], None], *, first_lead: float, lead: float
    ) -> None:
        self._notify = notify
        self._lead = lead
        self._orders: deque[Callable[[], None]] = deque()
        self._stopped = False
        # What follows belongs to the thread that reads.
        self._cues: deque[PlaybackItem] = deque()
        self._position = 0  # in the first cue's packets
        self._next_lead = first_lead
        self._silence = 0  # frames of silence due before anything else
        self._patience = 0  # frames of silence to spend on waiting for a first packet
        self._closing = 0  # frames of silence due at the end of speech
        self._held = False
        self._idle = True

    # From the event loop.

    def expect(self) -> None:
        """Sound is on its way: begin the lead silence, if nothing is being sent."""
        self._orders.append(self._begin_lead)

    def push(self, item: PlaybackItem) -> None:
        """Speak `item` after those already here."""
        self._orders.append(lambda: self._append(item))

    def hold(self) -> None:
        """Stop at this frame."""
        self._orders.append(self._hold)

    def release(self) -> None:
        """Go on at the frame where `hold` stopped, after a lead of silence."""
        self._orders.append(self._release)

    def stop(self) -> None:
        """Send nothing more, from the next frame on, for ever."""
        self._stopped = True

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent."""
        return self._idle and not self._orders

    # From the metronome.

    def read(self) -> bytes | None:
        """The next frame, or None when there is nothing to send until the next order."""
        while self._orders:
            self._orders.popleft()()
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
        while self._cues:
            item = self._cues[0]
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
        self._cues.popleft()
        self._position = 0
        self._silence = silence
        self._notify(Finished(item))

    def _drop_over(self) -> None:
        """While a pause lasts, let go of cues that were dropped before they began."""
        while self._cues and self._position == 0 and self._cues[0].sound.over:
            self._notify(Finished(self._cues.popleft()))

    def _append(self, item: PlaybackItem) -> None:
        self._begin_lead()
        self._cues.append(item)

    def _begin_lead(self) -> None:
        if self._idle:
            self._idle = False
            self._silence = max(self._silence, frames(self._next_lead))
            self._patience = PATIENCE_FRAMES
            self._next_lead = self._lead

    def _hold(self) -> None:
        self._held = True

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._silence = max(self._silence, frames(self._lead))
