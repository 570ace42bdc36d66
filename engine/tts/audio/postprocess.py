"""What every engine's sound goes through while it streams: trim, resample, fade, limit.

Samples come in pieces of any size. Each step holds back only what it must know first, and returns
the rest on `flush`. Together they hold back about 30 ms of *sound*, not of time, while a sound goes
on: an engine faster than real time loses almost nothing.
"""

from typing import Final, Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.model.audio_format import SAMPLE_RATE
from engine.tts.audio.pcm import Pcm, Samples, amplitude

#: Below it no speech at the standard loudness is heard; the noise of 16-bit sound is at -96 dB.
SILENCE_LEVEL: Final = amplitude(-54.0)
LEAD_KEPT: Final = 0.010  # seconds before the first sound: soft consonants begin below the level
TAIL_KEPT: Final = 0.040  # seconds after the last sound, in which the voice fades
TAIL_HELD: Final = 1.0  # seconds of silence held back at most, in case it is the tail
FADE_IN: Final = 0.003
FADE_OUT: Final = 0.010
CEILING: Final = amplitude(-1.0)  # Opus overshoots a little, and must not reach full scale
LOOK_AHEAD: Final = 5  # frames of the limiter
RECOVERY: Final = 0.120  # seconds to recover 63 % of a reduction: slower than a voice's pitch
_FRAME: Final = SAMPLE_RATE // 1000  # samples

Gains = NDArray[np.float64]

_EMPTY: Final[Samples] = np.empty(0, np.float32)


class Step(Protocol):
    """One step. `flush` ends it and returns what was held back."""

    def feed(self, samples: Samples) -> Samples: ...
    def flush(self) -> Samples: ...


class Trim:
    """Removes the silence at both ends, and keeps the silence within.

    Of a silence longer than `TAIL_HELD` only the last part is held back, so memory is bounded.
    """

    def __init__(self, rate: int) -> None:
        self._lead_kept = int(LEAD_KEPT * rate)
        self._tail_kept = int(TAIL_KEPT * rate)
        self._held_most = int(TAIL_HELD * rate)
        self._held = _EMPTY
        self._heard = False

    def feed(self, samples: Samples) -> Samples:
        joined = np.concatenate((self._held, samples))
        loud = np.flatnonzero(np.abs(samples) > SILENCE_LEVEL) + len(self._held)
        if len(loud):
            start = 0 if self._heard else max(0, int(loud[0]) - self._lead_kept)
            end = int(loud[-1]) + 1
            self._heard = True
        elif self._heard:
            start, end = 0, max(0, len(joined) - self._held_most)
        else:
            start = end = max(0, len(joined) - self._lead_kept)
        self._held = joined[end:]
        return joined[start:end]

    def flush(self) -> Samples:
        kept = self._held[: self._tail_kept] if self._heard else _EMPTY
        self._held = _EMPTY
        return kept


class Resample:
    """To 48 kHz, in a stream (soxr, quality "HQ": inaudible)."""

    def __init__(self, rate: int) -> None:
        self._stream = None
        if rate != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def feed(self, samples: Samples) -> Samples:
        return self._run(samples, last=False)

    def flush(self) -> Samples:
        return self._run(_EMPTY, last=True)

    def _run(self, samples: Samples, *, last: bool) -> Samples:
        if self._stream is None:
            return samples
        out: Samples = self._stream.resample_chunk(samples, last=last)
        return out


class Fade:
    """Makes the sound begin and end at zero, so that joins do not click."""

    def __init__(self) -> None:
        rising, falling = int(FADE_IN * SAMPLE_RATE), int(FADE_OUT * SAMPLE_RATE)
        self._rising = np.linspace(0, 1, rising, endpoint=False, dtype=np.float32)
        self._falling = np.linspace(1, 0, falling, dtype=np.float32)
        self._held = _EMPTY

    def feed(self, samples: Samples) -> Samples:
        if len(self._rising) and len(samples):
            size = min(len(self._rising), len(samples))
            samples = samples.copy()
            samples[:size] *= self._rising[:size]
            self._rising = self._rising[size:]
        joined = np.concatenate((self._held, samples))
        end = max(0, len(joined) - len(self._falling))
        self._held = joined[end:]
        return joined[:end]

    def flush(self) -> Samples:
        held, self._held = self._held, _EMPTY
        return held * self._falling[len(self._falling) - len(held) :]


class Limit:
    """A look-ahead limiter: no sample exceeds the ceiling, and the gain changes without a click.

    The gain is computed for frames of 1 ms and linear between their borders. At a border it is at
    most what both neighbours need, and therefore everywhere. It falls along a line that reaches
    each peak's gain in time (look-ahead 5 ms) and recovers exponentially.
    """

    def __init__(self) -> None:
        self._recovery = float(1 - np.exp(-0.001 / RECOVERY))
        self._held = _EMPTY  # the frames of the look-ahead, and a part of one
        self._gain = 1.0  # at the border before the next frame to leave
        self._before = 1.0  # the gain that the last frame that left needed

    def feed(self, samples: Samples) -> Samples:
        joined = np.concatenate((self._held, samples))
        frames = max(0, len(joined) // _FRAME - LOOK_AHEAD)
        return self._release(joined, frames)

    def flush(self) -> Samples:
        size = len(self._held)
        whole = -(-size // _FRAME)
        padded = np.zeros((whole + LOOK_AHEAD) * _FRAME, np.float32)
        padded[:size] = self._held
        out = self._release(padded, whole)[:size]
        self._held = _EMPTY
        return out

    def _release(self, joined: Samples, frames: int) -> Samples:
        """The first `frames` of `joined`, limited; the rest, with the look-ahead, is held."""
        end = frames * _FRAME
        self._held = joined[end:]
        if not frames:
            return _EMPTY
        seen = joined[: (frames + LOOK_AHEAD) * _FRAME].reshape(-1, _FRAME)
        peaks = np.abs(seen).max(axis=1)
        if self._gain == 1.0 and peaks.max() <= CEILING:
            self._before = 1.0
            return joined[:end]
        needs = np.minimum(1.0, CEILING / np.maximum(peaks, CEILING))
        gains = self._gains(needs, frames)
        self._before = float(needs[frames - 1])
        borders = np.arange(frames + 1) * _FRAME
        curve = np.interp(np.arange(end), borders, gains)
        return (joined[:end] * curve).astype(np.float32)

    def _gains(self, needs: Gains, frames: int) -> Gains:
        """The gain at each border of the first `frames` frames, from what each frame needs."""
        lowest = np.minimum(needs[:frames], np.concatenate(([self._before], needs[: frames - 1])))
        ahead = np.append(lowest, min(needs[frames - 1], needs[frames]))
        for distance in range(1, LOOK_AHEAD):
            share = 1 - distance / LOOK_AHEAD
            needed = needs[distance : distance + frames + 1]
            ahead = np.minimum(ahead, 1 - (1 - needed) * share)
        gains = np.empty(frames + 1)
        gains[0] = min(self._gain, ahead[0])
        for border in range(1, frames + 1):
            risen = gains[border - 1] + (1 - gains[border - 1]) * self._recovery
            gains[border] = min(ahead[border], risen)
        if ahead[-1] == 1.0 and gains[-1] > 1 - 1e-4:
            gains[-1] = 1.0
        self._gain = float(gains[-1])
        return gains


class Postprocessor:
    """All steps in a row: an engine's sound in, 48 kHz mono out."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._steps: tuple[Step, ...] = (Trim(rate), Resample(rate), Fade(), Limit())

    def feed(self, pcm: Pcm) -> Samples:
        if pcm.rate != self.rate:
            raise ValueError(f"sound at {pcm.rate} Hz within sound at {self.rate} Hz")
        samples = pcm.samples
        for step in self._steps:
            samples = step.feed(samples)
        return samples

    def flush(self) -> Samples:
        samples = _EMPTY
        for step in self._steps:
            samples = np.concatenate((step.feed(samples), step.flush()))
        return samples
