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
from collections import deque
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
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
        """How many wait for a slot."""
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
        self._requests = requests
        self._recordings = recordings
        self._wav_files = Slots(wav_files)
        self._refused_at: float | None = None  # when a request was last refused

    @property
    def waiting(self) -> int:
        """Requests that wait until they may make a WAV file."""
        return self._wav_files.waiting

    @property
    def wanted(self) -> bool:
        """Whether a request waits, or was refused just now."""
        refused = self._refused_at
        if refused is not None and self.clock.monotonic() - refused > _REMEMBERED:
            self._refused_at = None
        return self._refused_at is not None or self._wav_files.waiting > 0

    @contextmanager
    def request(self) -> Iterator["Admission"]:
        """Admit one request for the block. Raises HostFull."""
        if not self._requests:
            raise self._full("as many requests as it takes")
        self._requests -= 1
        try:
            with ExitStack() as more:
                yield Admission(self, more)
        finally:
            self._requests += 1

    def _full(self, of: str) -> HostFull:
        self._refused_at = self.clock.monotonic()
        return HostFull(f"the host is full: it has {of} already")

    def take_recording(self) -> None:
        """Raises HostFull."""
        if not self._recordings:
            raise self._full("as many recordings as it takes")
        self._recordings -= 1

    def give_recording_back(self) -> None:
        self._recordings += 1

    @asynccontextmanager
    async def wav_file(self, deadline_in: float) -> AsyncIterator[None]:
        """Wait until a WAV file may be made, the most urgent request first; for the block."""
        async with self._wav_files.take(self.clock.monotonic() + deadline_in):
            yield


class Admission:
    """One admitted request. What it takes besides, it holds until it is over."""

    def __init__(self, limits: AdmissionLimits, more: ExitStack) -> None:
        self._limits = limits
        self._more = more
        self._has_recording = False

    def for_recording(self) -> None:
        """The request is so large that it must bring a recording. Raises HostFull."""
        if not self._has_recording:
            self._limits.take_recording()
            self._has_recording = True
            self._more.callback(self._limits.give_recording_back)


class UnreadBuffer:
    """Pieces of one answer between the task that makes them and the task that sends them.

    `most`: bytes beyond which `put` waits until some were taken.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Add `piece`, however large it is; then wait while there is too much."""
        self._pieces.append(piece)
        self._size += len(piece)
        self._news.set()
        while self._size > self._most:
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._news.set()

    async def take(self) -> bytes | None:
        """The next piece, in order; None after the last."""
        while not self._pieces:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        piece = self._pieces.popleft()
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
        if key in self._logged_at and now - self._logged_at[key] < LOG_PAUSE:
            return False
        self._logged_at[key] = now
        return True
