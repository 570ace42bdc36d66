"""Whether a sound can be the speech of its text, and where the voice in it ends.

Models that draw their speech at random sometimes stop at once, never stop, or end in noise. The
bounds are generous: they catch what cannot be right, not odd speech.
"""

import math
import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.tts.audio.pcm import Pcm, amplitude, decibels

#: Before any gain, a sound that is nowhere louder is silence.
_SILENCE: Final = amplitude(-60.0)
_SHORTEST: Final = 0.12  # seconds; a single syllable, spoken fast
#: Seconds that any text may take beyond what its characters do: a breath, a laugh, a slow start.
_SLACK: Final = 3.0

# Seconds a character takes: at the very least, usually, at the very most. English is spoken at
# about 15 characters a second, an auctioneer's at 40; a digit may stand for three words ("$7,000").
_LETTER: Final = (0.020, 0.065, 0.20)
_WIDE: Final = (0.060, 0.200, 0.50)  # a syllable or more: Chinese, Japanese, Korean
_DIGIT: Final = (0.040, 0.300, 0.90)
_SIGN: Final = (0.000, 0.300, 0.80)  # "%", "+", "€": a word or nothing
_OTHER: Final = (0.000, 0.030, 0.30)  # spaces, marks, punctuation: a pause or nothing

_FRAME: Final = 0.020  # seconds
#: A voice's frames lie within this range below its loud ones; breath and hiss lie deeper.
_RANGE: Final = 30.0  # decibels
_SUSTAINED: Final = 3  # frames in a row that make a voice; a click has fewer
_KEPT: Final = 0.15  # seconds after the voice, in which it fades
MOST_TRIMMED: Final = 1.5  # seconds: the most that a mistake of this rule can cost


@dataclass(frozen=True, slots=True)
class Span:
    least: float
    usual: float
    most: float


def span(text: str) -> Span:
    """How many seconds it may take to say `text`."""
    each = [(0.0, 0.0, 0.0), *map(_seconds, text)]
    least, usual, most = map(math.fsum, zip(*each, strict=True))
    return Span(max(_SHORTEST, least), usual, _SLACK + most)


def _seconds(character: str) -> tuple[float, float, float]:
    kind = unicodedata.category(character)
    if kind[0] == "L":
        return _WIDE if unicodedata.east_asian_width(character) in "WF" else _LETTER
    return _DIGIT if kind[0] == "N" else _SIGN if kind[0] == "S" else _OTHER


def defect(sound: Pcm, text: str) -> str | None:
    """Why `sound` cannot be the speech of `text`; None if it can."""
    if not np.isfinite(sound.samples).all():
        return "it holds NaN or infinity"
    if not len(sound.samples) or float(np.abs(sound.samples).max()) < _SILENCE:
        return "it is silent"
    plausible = span(text)
    if not plausible.least <= sound.seconds <= plausible.most:
        return (
            f"{sound.seconds:.1f} s for {len(text)} characters, "
            f"plausible are {plausible.least:.1f} to {plausible.most:.1f}"
        )
    return None


def without_tail(sound: Pcm) -> Pcm:
    """`sound` without the noise after its voice, at most `MOST_TRIMMED` seconds of it."""
    size = int(_FRAME * sound.rate)
    whole = len(sound.samples) // size
    if whole < _SUSTAINED:
        return sound
    frames = sound.samples[: whole * size].reshape(whole, size)
    power = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    levels = np.array([max(decibels(each), -120.0) for each in power], np.float32)
    voiced = levels > np.percentile(levels, 90) - _RANGE
    runs = np.convolve(voiced, np.ones(_SUSTAINED, np.int64), mode="valid") == _SUSTAINED
    if not runs.any():
        return sound
    spoken = (int(np.flatnonzero(runs)[-1]) + _SUSTAINED) * _FRAME
    kept = max(spoken + _KEPT, sound.seconds - MOST_TRIMMED)
    return Pcm(sound.samples[: int(kept * sound.rate)], sound.rate)
