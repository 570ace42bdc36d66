"""Starts, asks and ends the process that decodes strangers' recordings, and limits its time.

Knows: its command line, its process group, the lifeline, how fingerprints travel, which error each
end of the process means. Does not know: sound, what a fingerprint consists of
(`analysis/fingerprint.py`).

The process leads a group of its own, which includes ffmpeg. The bot kills the whole group when the
time is over or the caller is cancelled. The process holds one end of a pipe: when the bot ends for
any reason, the group kills itself. The process sets its own limits of memory and processor time
(`analysis/__main__.py`).

The bot's process does not compare fingerprints: it has no numpy, and a thread that counts bits for
half a second would delay the sound. A comparison with 1,000 fingerprints takes the process 0.5 to
0.9 s, of which 0.25 s is its start. Without freezes, no process starts.
"""

import asyncio
import base64
import json
import os
import signal
import stat
import struct
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from engine.base.error_text import describe
from engine.model.errors import BadRecording

#: Seconds that one analysis may take. A typical analysis takes less than a second.
WORK_SECONDS: Final = 5.5
#: Seconds for one comparison, on a machine that is busy with other work.
COMPARE_SECONDS: Final = 10.0
#: Fingerprints, and their bytes, for one run of the process, which has 8 s of processor time.
_MOST: Final = 2_000
_MOST_BYTES: Final = 16 * 1024**2
_LENGTH: Final = struct.Struct("<I")  # precedes each fingerprint

#: The environment variables that the process inherits: paths of programs and modules, no secret.
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "IMAGEIO_FFMPEG_EXE")
#: One thread of arithmetic: a thread per core takes too much memory for milliseconds of work.
_SMALL: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
#: By default, glibc returns each large table to the kernel and requests it again, which took two
#: thirds of the time (1.3 ms for a comparison, 0.43 ms without).
_REUSE: Final = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "67108864"}
_MOST_OUTPUT: Final = 4000  # characters of standard error, for the log

#: What a rejection may carry. The process reads hostile files, so it is not trusted.
_FIELDS: Final = frozenset({"channels", "most", "rate", "seconds", "tracks", "unit"})

log = structlog.get_logger(__name__)


class Ended(Exception):
    """The process ended without an answer. `output`: the end of its standard error."""

    def __init__(self, code: int, output: str) -> None:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        super().__init__(f"the analysis ended with {how}")
        self.by_signal = code < 0
        self.output = output


class NotAnalyzed(BadRecording):
    """The analysis gave no result: the machine was too slow, or our code failed. The recording may
    be usable."""

    retryable = True


def our_fault(reason: str) -> NotAnalyzed:
    return NotAnalyzed(reason, code="analysis-failed")


# ---- the process


async def run(arguments: list[str], source: Path, *, seconds: float) -> bytes:
    """Return what `engine.voices.analysis` writes when the file `source` is its standard input.

    Raises TimeoutError after `seconds`, Ended, OSError.
    """
    file = await asyncio.to_thread(_open, source)
    try:
        return await _run_on(arguments, file, seconds=seconds)
    finally:
        os.close(file)


async def _run_on(
    arguments: list[str], file: int, *, seconds: float, environment: Mapping[str, str] | None = None
) -> bytes:
    """Like `run`, for an open file, which the caller closes. `environment`: more variables."""
    theirs, ours = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # import from our paths, not from the current directory
            "-m",
            "engine.voices.analysis",
            f"--lifeline={theirs}",
            *arguments,
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(theirs,),
            start_new_session=True,
            env=_environment() | dict(environment or {}),
        )
        try:
            async with asyncio.timeout(seconds):
                answer, output = await process.communicate()
        except BaseException:
            _kill(process.pid)
            await process.communicate()
            raise
        if process.returncode:
            _kill(process.pid)  # ffmpeg may have outlived it
            raise Ended(process.returncode, output.decode(errors="replace")[-_MOST_OUTPUT:])
        return answer
    finally:
        for each in (theirs, ours):
            os.close(each)


def _open(source: Path) -> int:
    # O_NONBLOCK: opening a pipe in place of a file would wait for its writer.
    file = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{source.name} is not a file")
    return file


def _kill(group: int) -> None:
    with suppress(
        ProcessLookupError, PermissionError
    ):  # macOS raises the latter for an empty group
        os.killpg(group, signal.SIGKILL)


def _environment() -> dict[str, str]:
    kept = {name: value for name in _KEPT if (value := os.environ.get(name))} | _SMALL
    paths = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    home = Path(__file__).resolve().parents[2]
    if home.name not in ("site-packages", "dist-packages"):  # Python searches these already
        paths.insert(0, str(home))
    return kept | {"PYTHONPATH": os.pathsep.join(paths)} if paths else kept


# ---- its answers


async def ask(arguments: list[str], source: Path, seconds: float = WORK_SECONDS) -> bytes:
    """Return the answer of the process about `source`.

    Raises BadRecording if the process ends in any other way: the file may be hostile, so every such
    end is attributed to the file.
    """
    try:
        return await run(arguments, source, seconds=seconds)
    except TimeoutError as error:
        raise NotAnalyzed("the analysis took too long", code="analysis-slow") from error
    except Ended as error:
        if error.by_signal:
            log.warning("a recording ended its analysis", how=describe(error))
            raise BadRecording(str(error), code="recording-unreadable") from error
        log.error("a recording could not be analyzed", how=describe(error), output=error.output)
        raise our_fault(str(error)) from error
    except OSError as error:
        log.error("a recording could not be analyzed", how=os.strerror(error.errno or 0))
        raise our_fault(str(error)) from error


async def ask_json(
    arguments: list[str], source: Path, seconds: float = WORK_SECONDS
) -> dict[str, Any]:
    """The same for an answer in JSON. Raises BadRecording also if the process rejects the file."""
    found: dict[str, Any] = json.loads(await ask(arguments, source, seconds))
    if "rejected" in found:
        code = str(found["rejected"])
        fields: dict[str, Any] = {
            name: value
            for name, value in found.get("fields", {}).items()
            if name in _FIELDS and isinstance(value, str | int | float)
        }
        raise BadRecording(f"the recording is rejected: {code}", code=code, **fields)
    return found


async def encode_preview(wav: Path, seconds: float = WORK_SECONDS) -> bytes:
    """Encode a stored recording as a preview in Ogg Opus. Raises BadRecording.

    There is no limit on concurrent calls: `RecordingAnalyzer.encode_preview` has one.
    """
    return await ask(["--encode"], wav, seconds)


async def fingerprint_of(kept: Path) -> bytes:
    """The fingerprint of a stored recording. Raises BadRecording."""
    return base64.b64decode((await ask_json(["--fingerprint"], kept))["fingerprint"])


async def same_recordings(
    first: bytes, others: Sequence[bytes], *, first_is: Literal["kept", "whole"]
) -> list[int]:
    """The positions of the fingerprints in `others` that are the same recording as `first`.

    `first_is` "kept": search for the stored stretch of the first in the whole of each other.
    "whole": search for the stored stretch of each other in the whole of the first.

    Raises TimeoutError, Ended, OSError.
    """
    found: list[int] = []
    for begin, some in _batches(others):
        file = await asyncio.to_thread(_packed, [first, *some])
        try:
            answer = await _run_on(
                [f"--compare={first_is}"], file, seconds=COMPARE_SECONDS, environment=_REUSE
            )
        finally:
            os.close(file)
        found += [begin + place for place in json.loads(answer)]
    return found


def _batches(fingerprints: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    begin = size = 0
    for place, each in enumerate(fingerprints):
        if place > begin and (place - begin == _MOST or size + len(each) > _MOST_BYTES):
            yield begin, fingerprints[begin:place]
            begin, size = place, 0
        size += len(each)
    if begin < len(fingerprints):
        yield begin, fingerprints[begin:]


def _packed(fingerprints: Sequence[bytes]) -> int:
    """Write the fingerprints to a file without a name, so that a kill leaves no file. Blocks."""
    with tempfile.TemporaryFile() as file:
        for each in fingerprints:
            file.write(_LENGTH.pack(len(each)) + each)
        file.seek(0)
        return os.dup(file.fileno())
