"""Recordings that people give as references: what may come in, what is kept, what to advise.

Knows: the limits, how many are analyzed at once, the sentences for people. Does not know: how sound
is decoded and judged (a bounded process does: `child_process.py`, `analysis/`), who owns a voice.
"""

import asyncio
import base64
import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from engine.base import child_process
from engine.base.error_text import describe
from engine.model.errors import BadRecording, Busy
from engine.model.voices import RecordingAnalysis

#: Changes when the same file may come out otherwise: what was kept of the operator's is made anew.
EDITION: Final = 3

log = structlog.get_logger(__name__)

#: Seconds that an upload waits for its turn, and that its examination may take: 8 in all, so that
#: an answer comes within 10 also after the file was fetched. A usual one takes less than a second.
LINE_SECONDS: Final = 2.5
WORK_SECONDS: Final = 5.5
#: Chatterbox Turbo takes no reference that is not longer (`assert len(wav) / sr > 5.0`).
TURBO_SECONDS: Final = 5.0
#: From here on more speech changes little: the models listen to the first 6 to 15 s.
AMPLE_SECONDS: Final = 10.0
NOISY_SNR: Final = 20.0  # decibels: below it, the noise is heard in the cloned voice too
QUIET_LOUDNESS: Final = -40.0  # LUFS: raised from there to the usual level, noise comes with it
CLIPPED_SHARE: Final = 0.0005

_TOO_SLOW: Final = (
    "Reading this file took too long. Send a plain recording, such as a WAV, MP3 or M4A of up to "
    "20 seconds of speech."
)
_BROKE: Final = (
    "This file could not be read: it is damaged, or no sound file. Save the recording anew, such "
    "as WAV, MP3 or M4A, and send that."
)
_OUR_FAULT: Final = (
    "The recording could not be examined; that is no fault of yours. Try again later, and tell "
    "whoever runs this bot if it stays so: the log says why."
)
_BUSY: Final = (
    "Too many recordings are being examined at this moment. Try again in a minute; nothing was "
    "kept."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLimits:
    """What may come in at most: the file's size, and its length once decoded."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyzed:
    """A recording that can serve: mono, 24 kHz, 16 bits, in the file `wav`."""

    wav: Path
    reference: str  # SHA-256 of the file's bytes, in hexadecimal
    analysis: RecordingAnalysis
    advice: tuple[str, ...]
    print: bytes = b""  # the whole recording's fingerprint; empty: it is computed later

    @property
    def preview(self) -> Path:
        """The same to listen to, as Ogg Opus."""
        return preview_beside(self.wav)


def preview_beside(wav: Path) -> Path:
    return wav.with_suffix(".ogg")


class NotAnalyzed(BadRecording):
    """Whether it can serve was not found out: too slow a machine, or a fault of ours."""

    retryable = True


class RecordingAnalyzer:
    """Examines recordings, `at_once` of them at a time, with at most `waiting` in line."""

    def __init__(
        self,
        limits: RecordingLimits,
        *,
        at_once: int = 2,
        waiting: int = 16,
        line_seconds: float = LINE_SECONDS,
        work_seconds: float = WORK_SECONDS,
    ) -> None:
        self.limits = limits
        self._slots = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._waiting = 0
        self._line_seconds = line_seconds
        self._work_seconds = work_seconds

    async def analyze(self, source: Path, into: Path) -> Analyzed:
        """Decode `source`, choose the best stretch of speech, level it, write it to `into` (WAV)
        and a preview beside it (`Analyzed.preview`).

        Never longer than 8 s. Raises BadRecording (what is wrong, what to do), Busy; then, and
        when it is cancelled, neither file is there.
        """
        await asyncio.to_thread(self._check_size, source)
        async with self._turn():
            try:
                answer = await work(
                    [
                        f"--seconds={self.limits.seconds}",
                        f"--into={into}",
                        f"--preview-into={preview_beside(into)}",
                    ],
                    source,
                    self._work_seconds,
                )
                found = json.loads(answer)
                if "refused" in found:
                    raise BadRecording(found["refused"])
                analysis = RecordingAnalysis.from_json(found["report"])
            except BaseException:
                for file in (into, preview_beside(into)):
                    file.unlink(missing_ok=True)
                raise
        return Analyzed(
            wav=into,
            reference=found["reference"],
            analysis=analysis,
            advice=advice(analysis),
            print=base64.b64decode(found["print"]),
        )

    async def encode_preview(self, wav: Path) -> bytes:
        """A kept recording to listen to, as Ogg Opus. Raises BadRecording, Busy."""
        async with self._turn():
            return await work(["--encode"], wav, self._work_seconds)

    def _check_size(self, source: Path) -> None:
        info = source.stat()
        if not stat.S_ISREG(info.st_mode):
            raise BadRecording("This is no file. Attach the recording itself.")
        if not info.st_size:
            raise BadRecording("The file is empty. Record again, and listen to it before sending.")
        if info.st_size > self.limits.bytes:
            raise BadRecording(
                f"The file is larger than {self.limits.bytes / 1024**2:.4g} MiB. Cut it to about "
                "20 seconds of clear speech, and send those."
            )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._slots.locked() and self._waiting >= self._most_waiting:
            raise Busy(_BUSY)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._line_seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise Busy(_BUSY) from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()


async def encode_preview(wav: Path) -> bytes:
    """A kept recording to listen to, as Ogg Opus: for whoever does one at a time. Many at once go
    by `RecordingAnalyzer.encode_preview`. Raises BadRecording."""
    return await work(["--encode"], wav, WORK_SECONDS)


async def work(arguments: list[str], source: Path, seconds: float) -> bytes:
    """What the bounded process answers. Raises BadRecording for every other end that it may take:
    it was given a hostile file, so whatever happened in it is laid to that."""
    try:
        return await child_process.run(arguments, source, seconds=seconds)
    except TimeoutError as error:
        raise NotAnalyzed("the examination took too long", user_message=_TOO_SLOW) from error
    except child_process.Ended as error:
        if error.by_signal:
            log.warning("a recording ended its examination", how=describe(error))
            raise BadRecording(str(error), user_message=_BROKE) from error
        log.error("a recording could not be examined", how=describe(error), said=error.said)
        raise our_fault(str(error)) from error
    except OSError as error:
        log.error("a recording could not be examined", how=os.strerror(error.errno or 0))
        raise our_fault(str(error)) from error


def our_fault(reason: str) -> NotAnalyzed:
    return NotAnalyzed(reason, user_message=_OUR_FAULT)


def advice(analysis: RecordingAnalysis, least_seconds: float = TURBO_SECONDS) -> tuple[str, ...]:
    """What would make a better reference; one sentence of praise where nothing would.

    `least_seconds`: an engine takes only references that are longer.
    """
    found: list[str] = []
    speech = f"{analysis.usable} of speech"
    if analysis.seconds <= least_seconds:
        found.append(
            f"{speech}; Turbo needs more than {least_seconds:g}: record a sentence or two more"
        )
    elif analysis.speech < AMPLE_SECONDS:
        found.append(f"{speech}; about {AMPLE_SECONDS:g} to 15 sound more like the speaker")
    if analysis.clipping > CLIPPED_SHARE:
        found.append(
            "too loud, it is clipped and sounds harsh: turn the microphone down, or step back"
        )
    if analysis.loudness < QUIET_LOUDNESS:
        found.append("very quiet: come closer to the microphone, about a hand's width")
    if analysis.snr < NOISY_SNR:
        found.append(
            f"noisy, only {analysis.snr:.0f} dB above the background: record in a quiet room, "
            "without music or a fan"
        )
    return tuple(found) or (f"{speech}, clear and loud enough: a good reference",)
