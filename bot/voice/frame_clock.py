"""The clock by which frames are sent: one thread for all voice connections of the process.

discord.py gives each connection a player thread of its own. One thread for all needs fewer switches
between threads, starts a stream at once (discord.py's second frame comes 40 ms after its first),
and tests can crank it by hand.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from engine.model.audio_format import FRAME_SECONDS

log = structlog.get_logger(__name__)

#: A tick that is later than this is not caught up with: a listener's buffer takes a few frames at
#: once; more would be cut or played faster.
MOST_CATCH_UP = 5 * FRAME_SECONDS

#: Sends one frame; runs on the clock's thread. Returns whether it wants the next tick too.
Tick = Callable[[], bool]


class FrameClock(Protocol):
    """Calls each tick every 20 ms, as long as it returns True."""

    def start(self, tick: Tick) -> None:
        """Call `tick` at once, then every 20 ms. A tick that is running already is not affected."""
        ...

    def close(self) -> None: ...


class ThreadFrameClock:
    """The real clock. Each tick keeps its own phase, so connections do not send in one burst."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._due: list[tuple[float, int, Tick]] = []
        self._running: set[Tick] = set()
        self._again: set[Tick] = set()  # started just before they end
        self._order = itertools.count()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="frame-clock", daemon=True)
        self._thread.start()

    def start(self, tick: Tick) -> None:
        with self._condition:
            if self._closed:
                return
            if tick in self._running:
                self._again.add(tick)
                return
            self._running.add(tick)
            heapq.heappush(self._due, (time.monotonic(), next(self._order), tick))
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            due, tick = taken
            try:
                again = tick()
            except Exception:
                # The edge of this thread: one connection's fault must not silence the others.
                log.exception("a tick failed and is stopped")
                again = False
            with self._condition:
                if again or tick in self._again:
                    self._again.discard(tick)
                    following = due + FRAME_SECONDS
                    if following < time.monotonic() - MOST_CATCH_UP:
                        following = time.monotonic()
                    heapq.heappush(self._due, (following, next(self._order), tick))
                else:
                    self._running.discard(tick)

    def _take(self) -> tuple[float, Tick] | None:
        """Wait for the next tick that is due. None after `close`."""
        with self._condition:
            while not self._closed:
                if not self._due:
                    self._condition.wait()
                    continue
                due, _, tick = self._due[0]
                wait = due - time.monotonic()
                if wait <= 0:
                    heapq.heappop(self._due)
                    return due, tick
                self._condition.wait(wait)
            return None


class ManualFrameClock:
    """Ticks only when it is cranked: for tests."""

    def __init__(self) -> None:
        self._running: list[Tick] = []

    def start(self, tick: Tick) -> None:
        if tick not in self._running:
            self._running.append(tick)

    def close(self) -> None:
        self._running.clear()

    def crank(self, frames: int = 1) -> None:
        for _ in range(frames):
            for tick in list(self._running):
                if not tick():
                    self._running.remove(tick)
