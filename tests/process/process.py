"""One command of mynah as a process: started, signalled, read, and cleared away.

Knows: processes and their output. Does not know: Discord, what the command does.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import psutil

from sandbox.model.clock import Watch

T = TypeVar("T")

#: Longer than anything takes on a busy machine; a test that waits so long has failed.
PATIENCE: Final = 30.0
#: The time that we promise to users who ask the bot to end.
EXIT_SECONDS: Final = 5.0


class Process:
    """A process, and what it and all its descendants write."""

    def __init__(self, process: asyncio.subprocess.Process, output: "_Output") -> None:
        self._process = process
        self._output = output

    @classmethod
    async def start(
        cls, *command: str, directory: Path, environment: Mapping[str, str], typed: str | None
    ) -> Self:
        """It receives `typed` on a pipe; without, its input is empty."""
        # Our own pipe: with asyncio's, `wait` would wait for all processes that hold its other end.
        ours, theirs = os.pipe()
        _, output = await asyncio.get_running_loop().connect_read_pipe(
            _Output, os.fdopen(ours, "rb", 0)
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=directory,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL if typed is None else asyncio.subprocess.PIPE,
                stdout=theirs,
                stderr=theirs,
            )
        finally:
            os.close(theirs)
        if process.stdin is not None and typed is not None:
            process.stdin.write(typed.encode())
            process.stdin.close()
        return cls(process, output)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """What was written so far."""
        return self._output.text

    @property
    def hosts(self) -> list[psutil.Process]:
        """The engine servers that it runs."""
        return [each for each in self.below() if "engine.tts.server" in _command_line(each)]

    def below(self) -> list[psutil.Process]:
        """All processes that it has started, and those that these have."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    async def says(self, words: str, timeout: float = PATIENCE, *, times: int = 1) -> None:
        """Wait until `words` are in its output, so many times since its start."""
        await self._output.news.until(
            lambda: self.output.count(words) >= times, timeout, f"{words!r} in the output"
        )

    async def ended(self, timeout: float = PATIENCE) -> int:
        """Its exit code, or the negative number of the signal that ended it."""
        return await asyncio.wait_for(self._process.wait(), timeout)

    async def report(self) -> tuple[int, str]:
        """Its exit code and all its output, once it and all its descendants have ended."""
        code = await self.ended(2 * PATIENCE)
        await asyncio.wait_for(self._output.closed.wait(), PATIENCE)
        return code, self.output

    async def end(self, number: signal.Signals) -> int:
        """Ask it to end; its exit code. Raises TimeoutError after the promised time."""
        self._process.send_signal(number)
        return await self.ended(EXIT_SECONDS)

    async def kill(self) -> None:
        """`kill -9`, and wait until it is dead."""
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def clear(self) -> None:
        """Kill it and all its descendants."""
        below = self.below()
        await self.kill()
        for each in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        await asyncio.wait_for(self._output.closed.wait(), PATIENCE)


class _Output(asyncio.Protocol):
    """The reading end of the pipe on which they write."""

    def __init__(self) -> None:
        self.news = Watch()
        self.closed = asyncio.Event()
        self._bytes = bytearray()

    @property
    def text(self) -> str:
        return self._bytes.decode("utf-8", "replace")

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        self.news.changed()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


async def first(work: Coroutine[Any, Any, T], process: Process) -> T:
    """The result of `work`. Raises AssertionError if `process` ends before."""
    working = asyncio.create_task(work)
    ending = asyncio.create_task(process.ended(10 * PATIENCE))
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        assert working.done(), f"the process has ended with {ending.result()}"
        return working.result()
    finally:
        for task in (working, ending):
            task.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)


async def gone(processes: list[psutil.Process], timeout: float = PATIENCE) -> bool:
    """Whether all of them end within `timeout` seconds."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout)
    return not alive
