"""Recordings that people send as references: what is accepted, how many at once, what to advise.

Knows: the limits, the queue. Does not know: how sound is decoded and
analyzed. A bounded process does both (`analysis_process.py`, `analysis/`).
"""

import asyncio
import base64
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.model.errors import BadRecording, Busy, Field
from engine.model.voices import RecordingAnalysis
from engine.voices import analysis_process
from engine.voices.analysis_process import WORK_SECONDS

#: Increase it when the same file may give another result, or the result has other fields. The
#: operator's files are analyzed again then.
EDITION: Final = 5
#: Seconds that an upload waits for its turn. With `WORK_SECONDS` this makes 8 s, so that an answer
#: comes within 10 s, download included.
LINE_SECONDS: Final = 2.5
#: Chatterbox Turbo accepts only longer references (`assert len(wav) / sr > 5.0`).
TURBO_SECONDS: Final = 5.0
#: More speech than this changes little: the models use the first 6 to 15 s.
AMPLE_SECONDS: Final = 10.0
NOISY_SNR: Final = 20.0  # decibels: below it, the cloned voice is noisy too
QUIET_LOUDNESS: Final = -40.0  # LUFS: below it, the usual loudness makes the noise audible
CLIPPED_SHARE: Final = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingLimits:
    """The most that is accepted: the file's size, and its length once decoded."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Advice:
    """What would make a better reference: a code and fields, which a front end words."""

    code: str
    fields: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyzed:
    """A usable recording: mono, 24 kHz, 16 bits, in the file `wav`."""

    wav: Path
    reference: str  # SHA-256 of the file's bytes, in hexadecimal
    analysis: RecordingAnalysis
    advice: tuple[Advice, ...]
    fingerprint: bytes = b""  # of the whole recording; empty if it is computed later

    @property
    def preview(self) -> Path:
        """The file of the preview: the recording to listen to, as Ogg Opus."""
        return preview_beside(self.wav)


def preview_beside(wav: Path) -> Path:
    return wav.with_suffix(".ogg")


class RecordingAnalyzer:
    """Analyzes `at_once` recordings at a time. At most `waiting` others wait for their turn."""

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
        """Decode `source`, choose the best stretch of speech, bring it to the usual loudness, write
        it to `into` (WAV), and write a preview beside it (`Analyzed.preview`).

        Takes 8 s at most. Raises BadRecording (what is wrong, what to do), Busy. After an error or
        a cancellation, neither file exists.
        """
        await asyncio.to_thread(self._check_size, source)
        async with self._turn():
            try:
                found = await analysis_process.ask_json(
                    [
                        f"--seconds={self.limits.seconds}",
                        f"--into={into}",
                        f"--preview-into={preview_beside(into)}",
                    ],
                    source,
                    self._work_seconds,
                )
                analysis = RecordingAnalysis.from_json(found["analysis"])
            except BaseException:
                for file in (into, preview_beside(into)):
                    file.unlink(missing_ok=True)
                raise
        return Analyzed(
            wav=into,
            reference=found["reference"],
            analysis=analysis,
            advice=advice(analysis),
            fingerprint=base64.b64decode(found["fingerprint"]),
        )

    async def encode_preview(self, wav: Path) -> bytes:
        """Encode a stored recording as a preview in Ogg Opus. Raises BadRecording, Busy."""
        async with self._turn():
            return await analysis_process.encode_preview(wav, self._work_seconds)

    def _check_size(self, source: Path) -> None:
        info = source.stat()
        if not stat.S_ISREG(info.st_mode):
            raise BadRecording("it is not a file", code="recording-no-file")
        if not info.st_size:
            raise BadRecording("the file is empty", code="recording-empty")
        if info.st_size > self.limits.bytes:
            most = f"{self.limits.bytes / 1024**2:.4g}"
            raise BadRecording(
                f"the file is larger than {most} MiB", code="recording-too-large", most=most
            )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._slots.locked() and self._waiting >= self._most_waiting:
            raise Busy("too many recordings are analyzed", code="analyzer-busy")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._line_seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise Busy("too many recordings are analyzed", code="analyzer-busy") from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()


def advice(analysis: RecordingAnalysis, least_seconds: float = TURBO_SECONDS) -> tuple[Advice, ...]:
    """What would make a better reference. If nothing would, one item says that it is good.

    `least_seconds`: the engine accepts only references that are longer.
    """
    found: list[Advice] = []
    speech = analysis.usable
    if analysis.seconds <= least_seconds:
        found.append(Advice("advice-too-short", {"speech": speech, "least": least_seconds}))
    elif analysis.speech < AMPLE_SECONDS:
        found.append(Advice("advice-short", {"speech": speech, "ample": AMPLE_SECONDS}))
    if analysis.clipping > CLIPPED_SHARE:
        found.append(Advice("advice-clipped"))
    if analysis.loudness < QUIET_LOUDNESS:
        found.append(Advice("advice-quiet"))
    if analysis.snr < NOISY_SNR:
        found.append(Advice("advice-noisy", {"snr": round(analysis.snr)}))
    return tuple(found) or (Advice("advice-good", {"speech": speech}),)
