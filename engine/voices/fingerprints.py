"""Fingerprints of recordings: computed and compared in a bounded process, as sound is.

Knows: how that process is asked, how much at once. Does not know: what a fingerprint is made of
(`analysis/prints.py`), what is done about recordings that are the same.

The bot's own process has no numpy, and a thread of it that counts bits for half a second would
hold up the sound. A comparison with 1,000 fingerprints takes the process 0.5 to 0.9 s, of which
0.25 are its start; where nothing is frozen, none is started.
"""

import asyncio
import base64
import json
import os
import struct
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from engine.base import child_process
from engine.model.errors import BadRecording
from engine.voices.recording_analyzer import WORK_SECONDS, work

#: Fingerprints, and their bytes, for one run of the process. It has 8 s of processor time.
_MOST: Final = 2_000
_MOST_BYTES: Final = 16 * 1024**2
_LENGTH: Final = struct.Struct("<I")
#: glibc gives each large table back to the kernel and asks for it again: that took two thirds of
#: the time (1.3 ms a comparison, against 0.43).
_REUSE: Final = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "67108864"}
#: Seconds for one run, on a machine that does other things too.
_COMPARE_SECONDS: Final = 10.0


async def print_of(kept: Path) -> bytes:
    """The fingerprint of a recording as it is kept. Raises BadRecording."""
    found = json.loads(await work(["--print"], kept, WORK_SECONDS))
    if "refused" in found:
        raise BadRecording(found["refused"])
    return base64.b64decode(found["print"])


async def same_as(
    first: bytes, others: Sequence[bytes], *, first_is: Literal["kept", "whole"]
) -> list[int]:
    """The places of those `others` that are the same recording as `first`.

    `first_is` "kept": what is kept of the first is looked for in the whole of the others; "whole":
    what is kept of each other is looked for in the whole of the first. Raises TimeoutError,
    `bounded.Ended`, OSError.
    """
    found: list[int] = []
    for begin, some in _batches(others):
        file = await asyncio.to_thread(_packed, [first, *some])
        try:
            answer = await child_process.run_on(
                [f"--compare={first_is}"], file, seconds=_COMPARE_SECONDS, more=_REUSE
            )
        finally:
            os.close(file)
        found += [begin + place for place in json.loads(answer)]
    return found


def _batches(prints: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    begin = size = 0
    for place, each in enumerate(prints):
        if place > begin and (place - begin == _MOST or size + len(each) > _MOST_BYTES):
            yield begin, prints[begin:place]
            begin, size = place, 0
        size += len(each)
    if begin < len(prints):
        yield begin, prints[begin:]


def _packed(prints: Sequence[bytes]) -> int:
    """A file without a name, so that a kill leaves nothing of it. Blocks."""
    with tempfile.TemporaryFile() as file:
        for each in prints:
            file.write(_LENGTH.pack(len(each)) + each)
        file.seek(0)
        return os.dup(file.fileno())
