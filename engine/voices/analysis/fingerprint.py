"""The acoustic fingerprint of a recording, and whether two recordings are the same one. Pure.

Knows: frames, frequency bands, bits that differ. Does not know: who froze what, files, who speaks:
it distinguishes recordings, not voices.

The method is that of J. Haitsma and T. Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR
2002), for speech: each frame of 256 ms becomes a word of 31 bits. A bit says whether the step from
one band of frequencies to the next has grown in the last 144 ms. Levels are logarithmic, so that
neither gain nor an equalizer changes a bit. Two recordings are the same if 3 s of one differ from
3 s of the other in few bits. `bench/fingerprint.py` measured the numbers below.

Of a frozen recording everything is compared. Of a recording that a member wants spoken, only the
stretch that is kept is compared: nothing else of it is ever heard.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.tts.audio.pcm import Pcm, Samples

#: Increase it when the same sound gives other bits: fingerprints of two editions are not
#: comparable.
EDITION: Final = 1
HOP_SECONDS: Final = 0.048
#: A longer recording has a fingerprint of the part around the stretch that is kept.
MOST_SECONDS: Final = 300.0
#: Two recordings are compared over so many seconds of both ...
WINDOW_SECONDS: Final = 3.0
#: ... of which so many must be sound, not a pause, in both ...
LEAST_SECONDS: Final = 2.0
#: ... and are the same if a smaller share of bits differs. Unrelated sound is near 0.5.
MOST_ERRORS: Final = 0.205
#: Of a recording with less sound, this share must be in the other, with fewer errors: the shorter
#: the sound, the more is alike by chance.
SHORT_SHARE: Final = 0.75
SHORT_ERRORS: Final = 0.12

_RATE: Final = 8_000  # hertz: what a telephone leaves of a voice
_LOWEST, _HIGHEST = 250.0, 3_600.0  # hertz
_BITS: Final = 31
_FRAME: Final = int(0.256 * _RATE)
_HOP: Final = int(HOP_SECONDS * _RATE)
_LAG: Final = 3  # frames between two steps that are compared
_AT_ONCE: Final = 512  # frames: more are many megabytes of spectrum
_AROUND: Final = int(2.0 / HOP_SECONDS)  # frames; a pause is quiet compared with them
_PAUSE: Final = 10**-2.5  # of the power of the loudest frame around
_FLOOR: Final = 1e-3  # the same for a band: below it is a codec's noise
_NOTHING: Final = 1e-9  # power: digital silence
#: The average change of a step, as a logarithm of power. A tone or a hum does not change, so that
#: its bits are chance; speech has about 1.
_STEADY: Final = 0.1
_SOUND: Final = np.uint32(1 << 31)  # the word's last bit: the frame is speech, or like it
_HEAD: Final = struct.Struct("<BII")
_STEP: Final = 2  # of the other recording every second frame is compared: neighbours are alike
_ROWS: Final = 256  # frames at once, so that the table of all pairs stays small
_BLOCK: Final = 4  # such frames between the beginnings of two windows
_WINDOW: Final = round(WINDOW_SECONDS / HOP_SECONDS / _STEP / _BLOCK) * _BLOCK
_LEAST: Final = LEAST_SECONDS / HOP_SECONDS / _STEP  # frames

Words = NDArray[np.uint32]
_Signs = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """One word for each frame. `start` and `end` are the frames of the stretch that is kept."""

    words: Words
    start: int
    end: int

    @property
    def kept(self) -> Words:
        return self.words[self.start : self.end]

    def to_bytes(self) -> bytes:
        head = _HEAD.pack(EDITION, self.start, self.end)
        return head + self.words.astype("<u4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self | None:
        """None if `data` is incomplete or of another edition."""
        if len(data) < _HEAD.size or (len(data) - _HEAD.size) % 4:
            return None
        edition, start, end = _HEAD.unpack_from(data)
        if edition != EDITION:
            return None
        return cls(np.frombuffer(data, "<u4", offset=_HEAD.size).astype(np.uint32), start, end)


def fingerprint_of(pcm: Pcm, start: int, end: int) -> Fingerprint:
    """The fingerprint of a recording whose samples from `start` to before `end` are kept."""
    most = int(MOST_SECONDS * pcm.rate)
    first = min(max(0, (start + end - most) // 2), max(0, len(pcm.samples) - most))
    words = _words(soxr.resample(pcm.samples[first : first + most], pcm.rate, _RATE))
    hop = HOP_SECONDS * pcm.rate
    return Fingerprint(
        words,
        min(round((start - first) / hop), len(words)),
        min(round((end - first) / hop), len(words)),
    )


def _words(samples: Samples) -> Words:
    if len(samples) < _FRAME:
        return np.zeros(0, np.uint32)
    levels = np.concatenate(list(_band_powers(samples)))
    power = levels.sum(axis=1)
    near = sliding_window_view(np.pad(power, _AROUND), 2 * _AROUND + 1).max(axis=1)
    floor = np.maximum(near * _FLOOR / levels.shape[1], _NOTHING)
    levels = np.log(levels + floor[:, np.newaxis])
    steps = levels[:, 1:] - levels[:, :-1]
    growth = np.zeros(steps.shape)
    growth[_LAG:] = steps[_LAG:] - steps[:-_LAG]
    sound = power > np.maximum(near * _PAUSE, _NOTHING)
    heard = np.abs(growth).mean(axis=1) > _STEADY
    heard[_LAG:] &= sound[_LAG:] & sound[:-_LAG]
    heard[:_LAG] = False
    grown = growth > 0
    words: Words = (grown << np.arange(_BITS, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
    return words | np.where(heard, _SOUND, np.uint32(0))


def _band_powers(samples: Samples) -> Iterator[NDArray[np.float64]]:
    frames = sliding_window_view(samples, _FRAME)[::_HOP]
    window = np.hanning(_FRAME).astype(np.float32)
    edges = np.geomspace(_LOWEST, _HIGHEST, _BITS + 2)
    at = np.fft.rfftfreq(_FRAME, 1 / _RATE)
    bands = np.array([(at >= low) & (at < high) for low, high in pairwise(edges)])
    for first in range(0, len(frames), _AT_ONCE):
        spectrum = np.fft.rfft(frames[first : first + _AT_ONCE] * window, axis=1)
        yield np.square(np.abs(spectrum)) @ bands.T.astype(np.float64)


# ---- comparing


@dataclass(frozen=True, slots=True)
class Likeness:
    """The share of bits that differ, at best, over so many seconds of sound."""

    errors: float
    seconds: float


UNLIKE: Final = Likeness(0.5, 0.0)


def same(kept: Words, whole: Words) -> bool:
    """Whether what is kept of one recording is a part of another."""
    return likeness(kept, whole, sure=True) is not UNLIKE


def likeness(kept: Words, whole: Words, *, sure: bool = False) -> Likeness:
    """Where they are most alike. With `sure`: `UNLIKE` unless that makes them the same."""
    ours, theirs = _signs(kept), _signs(whole[::_STEP])
    heard = min(_heard(ours) / _STEP, _heard(theirs))
    least, most_errors = _LEAST, MOST_ERRORS
    if heard < _LEAST:
        least, most_errors = heard * SHORT_SHARE, SHORT_ERRORS
    best = UNLIKE
    for first in range(0, max(1, len(theirs) - _WINDOW), _ROWS):
        rows = theirs[first : first + _ROWS + _WINDOW]
        found = _best(ours, rows, least, most_errors if sure else UNLIKE.errors)
        if found.errors < best.errors:
            best = found
    return best if best.errors < most_errors or not sure else UNLIKE


def _signs(words: Words) -> _Signs:
    """Each bit as 1 or -1, or 0 in a pause: the product of two shows whether they are equal."""
    bits = (words[:, np.newaxis] >> np.arange(_BITS, dtype=np.uint32)) & np.uint32(1)
    heard = (words & _SOUND) != 0
    signs: _Signs = (bits.astype(np.float32) * 2 - 1) * heard[:, np.newaxis]
    return signs


def _heard(signs: _Signs) -> float:
    """Frames that are not a pause."""
    return float(np.abs(signs[:, :1]).sum())


def _best(ours: _Signs, theirs: _Signs, least: float, most_errors: float) -> Likeness:
    if not least:
        return UNLIKE
    agree = _along(theirs @ ours.T)
    if agree.max() < (1 - 2 * most_errors) * _BITS * least:
        return UNLIKE  # nearly always, which halves the work
    both = _along(np.abs(theirs[:, :1]) @ np.abs(ours[:, :1]).T)
    enough = both >= least
    errors = np.where(enough, (1 - agree / (np.maximum(both, 1) * _BITS)) / 2, UNLIKE.errors)
    at = int(errors.argmin())
    return Likeness(float(errors.flat[at]), float(both.flat[at] * _STEP * HOP_SECONDS))


def _along(table: _Signs) -> _Signs:
    """The sum over each window along the diagonals: one recording beside the other at every offset,
    each frame of the one and every second frame of the other."""
    rows, columns = -(-len(table) // _BLOCK) * _BLOCK, table.shape[1]
    width = columns + _STEP * rows
    room = np.zeros(rows * width, np.float32)
    room.reshape(rows, width)[: len(table), :columns] = table[::-1]
    # Cut into rows that are shorter by a step, each row is shifted by one more step.
    short = width - _STEP
    diagonal = room[: rows * short].reshape(rows // _BLOCK, _BLOCK, short)
    sums = np.zeros((rows // _BLOCK + 1, short), np.float32)
    diagonal.sum(axis=1, out=sums[1:])
    np.cumsum(sums, axis=0, out=sums)
    window = min(_WINDOW // _BLOCK, rows // _BLOCK)
    return sums[window:] - sums[:-window]
