"""Which of a file's tracks, and which of its channels, is the voice.

Knows: how tracks and channels are compared. Does not know: how they are decoded (`decode.py`) or
judged (`stretches.py`).

A screen recording may have the computer's sound in one track and the microphone in another; a
phone's spatial sound has a track that nobody else can decode; of 5.1 the centre speaks. Each is
judged as if it were the recording, and the one with the most and clearest speech is taken.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.voices.analysis import stretches
from engine.voices.analysis.decode import MOST_TRACKS, Decoded, decode
from engine.voices.analysis.rejection import NoTrack, RecordingRejected, Unheard
from engine.voices.analysis.stretches import Stretch

#: All tracks and channels together are judged by so many times the longest recording's seconds: a
#: stereo recording by all of it. Each second costs 1.5 ms of processor, and 96 kB.
_HELD: Final = 2.0
_CLEAR: Final = 25.0  # decibels from noise to speech: more is as good
#: Of the clearest one's worth: what has that much is as clear, and the louder one is taken.
_AS_CLEAR: Final = 0.9
#: Decibels by which one channel must be louder than both mixed: one that is alone in a file has 6,
#: two microphones that hear the same voice have 3 at most.
_LOUDER: Final = 4.5
_ALONE: Final = "Save the voice alone as a file of its own, in mono, and send that."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    track: int
    way: int
    mixed: bool
    whole: bool
    decoded: Decoded
    stretch: Stretch

    @property
    def worth(self) -> float:
        analysis = self.stretch.analysis
        return analysis.speech * float(np.clip(analysis.snr / _CLEAR, 0.2, 1.0)) ** 2

    @property
    def level(self) -> float:
        return self.stretch.analysis.loudness + (_LOUDER if self.mixed else 0.0)


def best_stretch(file: int, rewritten: bytes | None, *, seconds: float) -> tuple[Decoded, Stretch]:
    """The voice in `file`, a descriptor, and its best stretch; `rewritten` as for `decode`.

    Raises Unfit.
    """
    heard: list[_Heard] = []
    faults: list[Unheard] = []
    tracks = MOST_TRACKS
    for number in range(MOST_TRACKS):
        try:
            found, poor, tracks = _listen(file, rewritten, number, seconds=seconds)
        except Unheard as fault:
            faults.append(fault)
            continue
        except NoTrack:
            if number:
                break
            raise
        heard += found
        faults += poor
        if number + 1 >= tracks:
            break
    if not heard and tracks > MOST_TRACKS:
        raise RecordingRejected(
            f"No speech was found in the first {MOST_TRACKS} tracks of this file. {_ALONE}"
        )
    if not heard:
        raise max(faults, key=lambda each: each.rank)
    clearest = max(each.worth for each in heard)
    best = max(
        (each for each in heard if each.worth >= _AS_CLEAR * clearest), key=lambda each: each.level
    )
    if best.whole:
        return best.decoded, best.stretch
    decoded = _all(file, rewritten, best, seconds=seconds)
    return decoded, stretches.best_stretch(decoded)


def _listen(
    file: int, rewritten: bytes | None, number: int, *, seconds: float
) -> tuple[list[_Heard], list[Unheard], int]:
    """The ways of one track that can serve, what the others lack, how many tracks there are."""
    track = decode(file, seconds=seconds, rewritten=rewritten, track=number, held=_HELD * seconds)
    heard: list[_Heard] = []
    faults: list[Unheard] = []
    for way, each in enumerate(track.ways):
        try:
            stretch = stretches.best_stretch(each)
        except Unheard as fault:
            faults.append(fault if track.whole else _not_yet(fault))
            continue
        mixed = way == 0 and len(track.ways) == 3  # two channels and their mix
        heard.append(
            _Heard(
                track=number,
                way=way,
                mixed=mixed,
                whole=track.whole,
                decoded=each,
                stretch=stretch,
            )
        )
    return heard, faults, track.tracks


def _all(file: int, rewritten: bytes | None, heard: _Heard, *, seconds: float) -> Decoded:
    """What was judged by its beginning, to its end."""
    track = decode(file, seconds=seconds, rewritten=rewritten, track=heard.track, way=heard.way)
    return track.ways[0]


def _not_yet(fault: Unheard) -> Unheard:
    return Unheard(
        f"No speech was found at the beginning of any track or channel of this file. {_ALONE}",
        rank=fault.rank,
    )
