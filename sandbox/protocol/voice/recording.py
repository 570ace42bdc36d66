"""What one member hears: the frames as they arrive, and the sound that their client would play.

The sound is what a client with a jitter buffer plays: frames follow each other without a gap while
they arrive in time, and silence fills the time in which none arrives.

Knows: Opus frames, arrival times, samples. Does not know: networks or encryption. PyAV and numpy
are imported only when something is decoded.
"""

import asyncio
import contextlib
import itertools
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.model.clock import Watch

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

SAMPLE_RATE = 48_000  # hertz
CHANNELS = 2
JITTER_BUFFER = 0.060  # seconds that a frame may be late without an audible gap
AUDIBLE = 0.01  # peak of full scale, -40 dB: well above Opus's noise in silence
_SAMPLE_BYTES = 2
JOIN = 0.2  # seconds: shorter silences are part of speech


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """One decrypted frame of 20 ms. `time` is its arrival by `time.monotonic()`."""

    time: float
    sequence: int
    timestamp: int
    opus: bytes
    speaker: int
    silence: bool


class Recording:
    """`frames` are in the order of arrival. `undecodable` counts those that arrived but cannot be
    heard: in the clear, or encrypted with keys that this member does not have."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.frames: list[HeardFrame] = []
        self.undecodable = 0
        self._watch = Watch()
        self._decoders: dict[int, Any] = {}
        # One of each per decoded frame:
        self._sound: list[bytes] = []  # s16 stereo
        self._peaks: list[float] = []  # of full scale
        self._starts: list[float] = []  # when the client plays it, minus its buffer
        self._played: dict[int, float] = {}  # until when, by speaker

    def add(self, frame: HeardFrame) -> None:
        self.frames.append(frame)
        self._watch.changed()

    def miss(self) -> None:
        self.undecodable += 1
        self._watch.changed()

    def packets(self, speaker: int | None = None) -> list[bytes]:
        """The Opus packets, without Discord's silence frames."""
        return [
            frame.opus
            for frame in self.frames
            if not frame.silence and speaker in (None, frame.speaker)
        ]

    @property
    def first_sound(self) -> float | None:
        """`time.monotonic()` at the arrival of the first frame with sound."""
        return self._next_sound(0.0)

    @property
    def last_sound(self) -> float | None:
        """`time.monotonic()` at the end of the last frame with sound, as the client plays it."""
        return max((end for _, end in self._sounding(AUDIBLE)), default=None)

    def speech_spans(
        self, threshold: float = AUDIBLE, join: float = JOIN
    ) -> list[tuple[float, float]]:
        """(start, end) in `time.monotonic()` of sound louder than `threshold` of full scale.
        Silences of up to `join` seconds are part of it."""
        spans: list[tuple[float, float]] = []
        for start, end in sorted(self._sounding(threshold)):
            if spans and start - spans[-1][1] <= join:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def longest_gap(self, threshold: float = AUDIBLE) -> float:
        """The longest silence between the first sound and the last, from any cause, in seconds."""
        return _longest_between(self.speech_spans(threshold, join=0.0))

    def longest_dropout(self) -> float:
        """The longest time without a frame between the first frame and the last, in seconds."""
        return _longest_between(self.speech_spans(threshold=-1.0, join=0.0))

    def samples(self, speaker: int | None = None) -> "NDArray[numpy.int16]":
        """48 kHz s16 of shape (samples, 2), from the start of the first frame to the end of the
        last."""
        import numpy

        self._decode()
        chosen = [i for i, frame in enumerate(self.frames) if speaker in (None, frame.speaker)]
        if not chosen:
            return numpy.zeros((0, CHANNELS), numpy.int16)
        begin = min(self._starts[index] for index in chosen)
        placed = [
            (
                round((self._starts[index] - begin) * SAMPLE_RATE),
                numpy.frombuffer(self._sound[index], "<i2").reshape(-1, CHANNELS),
            )
            for index in chosen
        ]
        mix = numpy.zeros((max(at + len(sound) for at, sound in placed), CHANNELS), numpy.int32)
        for at, sound in placed:
            mix[at : at + len(sound)] += sound
        return mix.clip(-32768, 32767).astype(numpy.int16)

    def pcm(self, speaker: int | None = None) -> bytes:
        """`samples` as interleaved little-endian bytes."""
        return self.samples(speaker).astype("<i2").tobytes()

    def save(self, path: Path) -> None:
        with wave.open(str(path), "wb") as file:
            file.setparams((CHANNELS, _SAMPLE_BYTES, SAMPLE_RATE, 0, "NONE", "not compressed"))
            file.writeframes(self.pcm())

    async def wait_for(self, predicate: Callable[["Recording"], bool], timeout: float) -> None:
        """Return when `predicate(self)` is true. It is called after each frame.

        Raises TimeoutError after `timeout` seconds.
        """
        await self._watch.until(lambda: predicate(self), timeout, f"what {self.user_id} hears")

    async def until_sound(self, timeout: float, *, after: float = 0.0) -> float:
        """Wait for a frame with sound that arrives later than `after`. Returns its arrival.

        Both are in `time.monotonic()`. Raises TimeoutError.
        """
        return await self._watch.until(
            lambda: self._next_sound(after), timeout, f"sound for {self.user_id}"
        )

    async def until_silent(self, seconds: float, timeout: float) -> float:
        """Wait until there was sound, and then none for `seconds`. Returns the arrival of the last
        frame with sound. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self.until_sound(timeout)
            while True:
                latest = next(frame.time for frame, peak in self._peaked() if peak > AUDIBLE)
                rest = latest + seconds - time.monotonic()
                if rest <= 0:
                    return latest
                with contextlib.suppress(TimeoutError):
                    await self.until_sound(rest, after=latest)

    def _sounding(self, threshold: float) -> Iterator[tuple[float, float]]:
        self._decode()
        for start, sound, peak in zip(self._starts, self._sound, self._peaks, strict=True):
            if peak > threshold:
                yield start, start + _seconds(sound)

    def _next_sound(self, after: float) -> float | None:
        found = None
        for frame, peak in self._peaked():
            if frame.time <= after:
                break
            if peak > AUDIBLE:
                found = frame.time
        return found

    def _peaked(self) -> Iterator[tuple[HeardFrame, float]]:
        """Frames with their peaks, the latest first."""
        self._decode()
        return zip(reversed(self.frames), reversed(self._peaks), strict=True)

    def _decode(self) -> None:
        import av
        import numpy

        for frame in self.frames[len(self._sound) :]:
            decoder = self._decoders.get(frame.speaker)
            if decoder is None:
                decoder = av.CodecContext.create("libopus", "r")
                decoder.sample_rate, decoder.layout = SAMPLE_RATE, "stereo"
                self._decoders[frame.speaker] = decoder
            sound = b"".join(
                bytes(made.planes[0])[: made.samples * CHANNELS * _SAMPLE_BYTES]
                for made in decoder.decode(av.Packet(frame.opus))
            )
            peak = numpy.abs(numpy.frombuffer(sound, "<i2").astype(numpy.int32)).max(initial=0)
            # Later than the buffer covers: the client has run out of sound and starts again.
            ends = self._played.get(frame.speaker, 0.0)
            start = ends if frame.time <= ends + JITTER_BUFFER else frame.time
            self._played[frame.speaker] = start + _seconds(sound)
            self._sound.append(sound)
            self._peaks.append(float(peak) / 32768)
            self._starts.append(start)


def _seconds(sound: bytes) -> float:
    return len(sound) / (_SAMPLE_BYTES * CHANNELS * SAMPLE_RATE)


def _longest_between(spans: list[tuple[float, float]]) -> float:
    gaps = (after[0] - before[1] for before, after in itertools.pairwise(spans))
    return max(gaps, default=0.0)
