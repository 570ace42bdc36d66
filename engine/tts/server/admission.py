"""How many orders a host takes at once, and what they may hold in all.

    order        from the first byte of its body until its answer was sent; one more is refused
    recording    of those, the ones that bring a recording: up to 3 MB each; one more is refused
    wave         of those, the ones whose WAV file is made or read: up to 32 MB each; others wait

An Ogg answer holds at most `MOST_UNREAD` bytes that its reader has not taken. So all answers
together hold at most 64 + 64 MB, and all recordings 45 MB.

Knows: how many hold a place, and who waits for one. Does not know: HTTP, the engine's slots.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Final

from engine.base.clock import Clock
from engine.model.errors import HostFull
from engine.tts.server.slots import Slots

MOST_ORDERS: Final = 64
MOST_RECORDINGS: Final = 16
MOST_WAVES: Final = 2
#: Bytes of an Ogg answer beyond which the engine waits for the reader: 87 s of sound at 96 kbit/s.
#: A chunk of the bot's is 12 s with eSpeak and never longer than 40: it never waits.
MOST_UNREAD: Final = 1024 * 1024
#: Seconds for which a refusal counts as somebody who waits: clients ask again after one.
_REMEMBERED: Final = 5.0


class AdmissionLimits:
    def __init__(
        self,
        clock: Clock,
        *,
        commands: int = MOST_ORDERS,
        recordings: int = MOST_RECORDINGS,
        waves: int = MOST_WAVES,
    ) -> None:
        self.clock = clock
        self._orders = commands
        self._recordings = recordings
        self._waves = Slots(waves)
        self._refused: float | None = None  # when an order was last refused

    @property
    def waiting(self) -> int:
        """Orders that wait for a place for their WAV file."""
        return self._waves.waiting

    @property
    def wanted(self) -> bool:
        """Whether an order waits for a place, or was refused one just now."""
        if self._refused is not None and self.clock.monotonic() - self._refused > _REMEMBERED:
            self._refused = None
        return self._refused is not None or self._waves.waiting > 0

    @contextmanager
    def command(self) -> Iterator["Admission"]:
        """A place for one order, for the block. Raises HostFull."""
        if not self._orders:
            raise self._full("as many requests as it takes")
        self._orders -= 1
        try:
            with ExitStack() as more:
                yield Admission(self, more)
        finally:
            self._orders += 1

    def _full(self, of: str) -> HostFull:
        self._refused = self.clock.monotonic()
        return HostFull(f"the host is full: it has {of} already")

    def take_recording(self) -> None:
        """Raises HostFull."""
        if not self._recordings:
            raise self._full("as many recordings as it takes")
        self._recordings -= 1

    def give_recording_back(self) -> None:
        self._recordings += 1

    @asynccontextmanager
    async def wave(self, deadline_in: float) -> AsyncIterator[None]:
        """A place for a WAV file, for the block; the most urgent of those who wait gets it."""
        async with self._waves.take(self.clock.monotonic() + deadline_in):
            yield


class Admission:
    """The place of one order. What else it needs, it has until the order is over."""

    def __init__(self, places: AdmissionLimits, more: ExitStack) -> None:
        self._places = places
        self._more = more
        self._has_recording = False

    def for_recording(self) -> None:
        """The order is so large that it must bring a recording. Raises HostFull."""
        if not self._has_recording:
            self._places.take_recording()
            self._has_recording = True
            self._more.callback(self._places.give_recording_back)
