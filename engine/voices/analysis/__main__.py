"""Reads one recording and writes one answer: `python -P -m engine.voices.analysis < FILE`.

Knows: its limits, which ffmpeg inherits, and how it ends. Does not know: the bot.

    --into WAV --preview-into OGG    writes both files; answers the analysis, or why the recording
                                     was rejected, as JSON
    --encode                         answers a kept recording as Ogg Opus
    --fingerprint                    answers a kept recording's fingerprint, as JSON
    --compare kept                   answers which fingerprints contain the first one's stretch
    --compare whole                  answers whose stretch the first fingerprint contains
"""

import argparse
import base64
import hashlib
import json
import os
import resource
import signal
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from engine.base.redaction import guard_output
from engine.voices.analysis import container, fingerprint, output, tracks
from engine.voices.analysis.rejection import RecordingRejected

GIBIBYTE: Final = 1024**3
#: Address space of a process, not memory: libraries map much that they never touch.
MOST_MEMORY: Final = GIBIBYTE
MOST_PROCESSOR_SECONDS: Final = 8
#: A recording that is kept has less than 1 MB.
MOST_WRITTEN: Final = 8 * 1024**2
#: Fingerprints that are compared at once, in bytes.
MOST_COMPARED: Final = 64 * 1024**2
_LENGTH: Final = struct.Struct("<I")  # precedes each of them
#: The bot ends this process sooner. The limit is for a bot that cannot.
MOST_SECONDS: Final = 12


def limit() -> None:
    """Lower the limits of this process and its children, permanently."""
    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, MOST_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]  # the operator's, which may be lower
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # macOS refuses to limit address space (EINVAL), but not time.
        try:
            resource.setrlimit(what, (lowest, lowest))
        except ValueError:
            if sys.platform != "darwin":
                raise
    signal.alarm(MOST_SECONDS)
    # If a small machine runs out of memory all the same, the kernel kills these and not the bot.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def watch(lifeline: int) -> None:
    """End this process, and ffmpeg with it, when no process holds the other end of the pipe."""

    def wait() -> None:
        os.read(lifeline, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def analyze(file: int, into: Path, preview: Path, *, seconds: float) -> dict[str, Any]:
    """The answer, with both files written. Raises RecordingRejected."""
    rewritten = container.check(os.pread(file, os.fstat(file).st_size, 0))
    decoded, stretch = tracks.best_stretch(file, rewritten, seconds=seconds)
    wav = output.to_wav(output.level(stretch.pcm))
    _write(into, wav)
    _write(preview, output.to_preview(output.from_wav(wav)))
    end = stretch.start + len(stretch.pcm.samples)
    return {
        "reference": hashlib.sha256(wav).hexdigest(),
        "analysis": stretch.analysis.to_json(),
        "fingerprint": _text(fingerprint.fingerprint_of(decoded.pcm, stretch.start, end)),
    }


def compare(data: bytes, first_is: str) -> list[int]:
    """The positions, from 0, of the fingerprints behind the first that are the same recording."""
    found: list[fingerprint.Fingerprint | None] = []
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        found.append(fingerprint.Fingerprint.from_bytes(data[at : at + length]))
        at += length
    first, *others = found
    if first is None:
        return []

    def is_same(other: fingerprint.Fingerprint) -> bool:
        part, whole = (first, other) if first_is == "kept" else (other, first)
        return fingerprint.same(part.kept, whole.words)

    return [place for place, other in enumerate(others) if other is not None and is_same(other)]


def _text(made: fingerprint.Fingerprint) -> str:
    return base64.b64encode(made.to_bytes()).decode()


def _write(file: Path, data: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(data)


def main() -> int:
    parser = argparse.ArgumentParser(description="Analyze one recording.")
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--preview-into", type=Path)
    parser.add_argument("--encode", action="store_true")
    parser.add_argument("--fingerprint", action="store_true")
    parser.add_argument("--compare", choices=("kept", "whole"))
    options = parser.parse_args()
    guard_output()  # an error's message may repeat what is in the recording
    limit()
    if options.lifeline is not None:
        watch(options.lifeline)
    try:
        if options.encode:
            answer = output.to_preview(output.from_wav(sys.stdin.buffer.read(MOST_WRITTEN)))
        elif options.fingerprint:
            pcm = output.from_wav(sys.stdin.buffer.read(MOST_WRITTEN))
            made = fingerprint.fingerprint_of(pcm, 0, len(pcm.samples))
            answer = json.dumps({"fingerprint": _text(made)}).encode()
        elif options.compare:
            same = compare(sys.stdin.buffer.read(MOST_COMPARED), options.compare)
            answer = json.dumps(same).encode()
        else:
            found = analyze(
                sys.stdin.fileno(), options.into, options.preview_into, seconds=options.seconds
            )
            answer = json.dumps(found).encode()
    except RecordingRejected as error:
        answer = json.dumps({"rejected": error.code, "fields": error.fields}).encode()
    except MemoryError:
        answer = json.dumps({"rejected": "recording-memory"}).encode()
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
