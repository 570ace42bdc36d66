"""The process in which a stranger's recording is decoded: started, limited in time, ended.

Knows: its command line, its process group, the lifeline. Does not know: sound, what it answers.

The process leads a group of its own, with ffmpeg in it; the group is killed as a whole when the
time is over or the caller is cancelled. It holds one end of a pipe: when the bot goes, however it
goes, the group ends itself. Its limits of memory and processor time it sets by itself
(`analysis/child.py`).
"""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

#: What the process may know of our surroundings: where programs and modules are, and no secret.
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "IMAGEIO_FFMPEG_EXE")
#: One thread of arithmetic: a pool for each core is memory, for work of milliseconds.
_SMALL: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_SAID_MOST: Final = 4000  # characters of what it printed, for the log


class Ended(Exception):
    """The process ended without an answer."""

    def __init__(self, code: int, said: str) -> None:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        super().__init__(f"the examination ended with {how}")
        self.by_signal = code < 0
        self.said = said


async def run(arguments: list[str], source: Path, *, seconds: float) -> bytes:
    """What `examine.child` prints when it gets the file `source` as its standard input.

    Raises TimeoutError after `seconds`, Ended, OSError.
    """
    file = await asyncio.to_thread(_open, source)
    try:
        return await run_on(arguments, file, seconds=seconds)
    finally:
        os.close(file)


async def run_on(
    arguments: list[str], file: int, *, seconds: float, more: Mapping[str, str] | None = None
) -> bytes:
    """The same, of a file that is open: it stays the caller's. `more`: of the environment."""
    theirs, ours = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # modules come from where ours come from, not from the current directory
            "-m",
            "engine.voices.analysis",
            f"--lifeline={theirs}",
            *arguments,
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(theirs,),
            start_new_session=True,
            env=_environment() | dict(more or {}),
        )
        try:
            async with asyncio.timeout(seconds):
                answer, said = await process.communicate()
        except BaseException:
            _kill(process.pid)
            await process.communicate()
            raise
        if process.returncode:
            _kill(process.pid)  # ffmpeg may have outlived it
            raise Ended(process.returncode, said.decode(errors="replace")[-_SAID_MOST:])
        return answer
    finally:
        for each in (theirs, ours):
            os.close(each)


def _open(source: Path) -> int:
    # Not blocking: a pipe in a file's place would wait for its writer.
    file = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{source.name} is no file")
    return file


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of an empty group
        os.killpg(group, signal.SIGKILL)


def _environment() -> dict[str, str]:
    kept = {name: value for name in _KEPT if (value := os.environ.get(name))} | _SMALL
    places = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    home = Path(__file__).resolve().parents[2]
    if home.name not in ("site-packages", "dist-packages"):  # else it is found without
        places.insert(0, str(home))
    return kept | {"PYTHONPATH": os.pathsep.join(places)} if places else kept
