"""The beat at which frames leave: one thread for every voice connection of the process.

Knows: who is due when. Does not know: what a frame is, Discord, the event loop.

discord.py gives each connection a player thread of its own. One thread for all costs fewer
switches between threads, starts a stream at once (discord.py's second frame comes 40 ms after
its first), and can be cranked by hand in tests.
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

#: A beat later than this is not caught up with: a listener's buffer takes a few frames at once,
#: more would be cut or speeded up.
MOST_CATCH_UP = 5 * FRAME_SECONDS

#: Sends one frame. Returns whether it wants the next beat too; runs on the metronome's thread.
Beat = Callable[[], bool]


class FrameClock(Protocol):
    """Calls each beat every 20 ms for as long as it answers True."""

    def start(self, beat: Beat) -> None:
        """Call `beat` at once, then every 20 ms. One that is running already goes on as it is."""
        ...

    def close(self) -> None: ...


class ThreadFrameClock:
    """The real one. Each beat keeps its own phase, so that connections do not send in one burst."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._due: list[tuple[float, int, Beat]] = []
        self._running: set[Beat] = set()
        self._again: set[Beat] = set()  # started while they were just about to end
        self._order = itertools.count()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="metronome", daemon=True)
        self._thread.start()

    def start(self, beat: Beat) -> None:
        with self._condition:
            if self._closed:
                return
            if beat in self._running:
                self._again.add(beat)
                return
            self._running.add(beat)
            heapq.heappush(self._due, (time.monotonic(), next(self._order), beat))
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._thread.join()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            due, beat = taken
            try:
                again = beat()
            except Exception:
                # The edge of this thread: one connection's fault must not silence the others.
                log.exception("a beat failed and is stopped")
                again = False
            with self._condition:
                if again or beat in self._again:
                    self._again.discard(beat)
                    following = due + FRAME_SECONDS
                    if following < time.monotonic() - MOST_CATCH_UP:
                        following = time.monotonic()
                    heapq.heappush(self._due, (following, next(self._order), beat))
                else:
                    self._running.discard(beat)

    def _take(self) -> tuple[float, Beat] | None:
        """Wait for the next beat that is due; None once closed."""
        with self._condition:
            while not self._closed:
                if not self._due:
                    self._condition.wait()
                    continue
                due, _, beat = self._due[0]
                wait = due - time.monotonic()
                if wait <= 0:
                    heapq.heappop(self._due)
                    return due, beat
                self._condition.wait(wait)
            return None


class ManualFrameClock:
    """Beats only when it is told to: for tests."""

    def __init__(self) -> None:
        self._running: list[Beat] = []

    def start(self, beat: Beat) -> None:
        if beat not in self._running:
            self._running.append(beat)

    def close(self) -> None:
        self._running.clear()

    def crank(self, frames: int = 1) -> None:
        for _ in range(frames):
            for beat in list(self._running):
                if not beat():
                    self._running.remove(beat)
