"""What clients may take of a server: requests, slots, memory, lines of the log. It knows no HTTP.

    request      from the first byte of its body until its answer was sent; one more is refused
    recording    requests that bring a recording: up to 3 MB each; one more is refused
    WAV file     requests whose WAV file is made or read: up to 32 MB each; others wait
    slot         requests that the engine works on; others wait

An Ogg answer holds at most `MOST_UNREAD` bytes that its reader has not taken. So all answers
together hold at most 64 + 64 MB, and all recordings 45 MB.
"""

import asyncio
import heapq
import itertools
import math
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Final

from engine.base.clock import Clock
from engine.model.errors import HostFull

MOST_REQUESTS: Final = 64
MOST_RECORDINGS: Final = 16
MOST_WAV_FILES: Final = 2
#: Bytes of an Ogg answer beyond which the engine waits for the reader: 87 s of sound at 96 kbit/s.
#: The bot's chunks are 12 s long with eSpeak and never longer than 40 s, so they never wait.
MOST_UNREAD: Final = 1024 * 1024
#: Seconds for which a refused client counts as waiting: clients ask again after one second.
_REMEMBERED: Final = 5.0
#: Seconds in which the log says the same thing once.
LOG_PAUSE: Final = 60.0


class Slots:
    """`count` slots. Those who wait for one get it in the order of their deadlines."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()

    @property
    def waiting(self) -> int:
        return sum(not turn.done() for _, _, turn in self._waiting)

    @asynccontextmanager
    async def take(self, deadline: float) -> AsyncIterator[None]:
        """Hold a slot for the block. `deadline`: a moment on a clock that all callers share."""
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (deadline, next(self._arrivals), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._pass_on()  # the slot came at the moment of the cancellation
                raise
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class AdmissionLimits:
    def __init__(
        self,
        clock: Clock,
        *,
        requests: int = MOST_REQUESTS,
        recordings: int = MOST_RECORDINGS,
        wav_files: int = MOST_WAV_FILES,
    ) -> None:
        self.clock = clock
        self.recordings = recordings  # places that are free
        self._requests = requests
        self._wav_files = Slots(wav_files)
        self._refused_at = -math.inf  # when a request was last refused

    @property
    def waiting(self) -> int:
        """Requests that wait until they may make a WAV file."""
        return self._wav_files.waiting

    @property
    def wanted(self) -> bool:
        """Whether a request waits, or was refused just now."""
        return self.clock.monotonic() - self._refused_at <= _REMEMBERED or self.waiting > 0

    @contextmanager
    def request(self) -> Iterator["Admission"]:
        """Admit one request for the block. Raises HostFull."""
        if not self._requests:
            raise self.full("requests")
        self._requests -= 1
        admission = Admission(self)
        try:
            yield admission
        finally:
            self._requests += 1
            self.recordings += admission.has_recording

    def full(self, of: str) -> HostFull:
        self._refused_at = self.clock.monotonic()
        return HostFull(f"the host is full: it has as many {of} as it takes already")

    def wav_file(self, deadline_in: float) -> AbstractAsyncContextManager[None]:
        """Wait until a WAV file may be made, the most urgent request first; for the block."""
        return self._wav_files.take(self.clock.monotonic() + deadline_in)


class Admission:
    """One admitted request. It holds the place of its recording until it is over."""

    def __init__(self, limits: AdmissionLimits) -> None:
        self._limits = limits
        self.has_recording = False

    def for_recording(self) -> None:
        """The request is so large that it must bring a recording. Raises HostFull."""
        if self.has_recording:
            return
        if not self._limits.recordings:
            raise self._limits.full("recordings")
        self._limits.recordings -= 1
        self.has_recording = True


class UnreadBuffer:
    """Pieces of one answer between the task that makes them and the task that sends them.

    `most`: bytes beyond which `put` waits until some were taken.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._size = 0
        self._room = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Add `piece`, however large it is; then wait while there is too much."""
        self._pieces.put_nowait(piece)
        self._size += len(piece)
        while self._size > self._most:
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        self._pieces.put_nowait(None)

    async def take(self) -> bytes | None:
        """The next piece, in order; None after the last."""
        piece = await self._pieces.get()
        if piece is None:
            self.end()  # the end stays
        else:
            self._size -= len(piece)
            self._room.set()
        return piece


class LogLimit:
    """How often the log repeats what strangers can cause: they must not fill the disk.

    A message is known by a key. All keys are kept, so there must be few.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._logged_at: dict[Hashable, float] = {}

    def allows(self, key: Hashable) -> bool:
        """Whether to log this again now. True counts as logged."""
        now = self._clock.monotonic()
        if now - self._logged_at.get(key, -math.inf) < LOG_PAUSE:
            return False
        self._logged_at[key] = now
        return True
