"""Which of a file's tracks, and which of its channels, holds the voice.

Knows: how to compare tracks and channels. Does not know: how they are decoded (`decode.py`) or
analyzed (`stretches.py`).

A screen recording may have the computer's sound in one track and the microphone in another. A
phone's spatial sound has a track that only that phone can decode. In 5.1 the centre channel speaks.
Each is analyzed as if it were the recording; the one with the most and clearest speech is kept.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.voices.analysis import stretches
from engine.voices.analysis.decode import MOST_TRACKS, Decoded, decode
from engine.voices.analysis.rejection import NoTrack, RecordingRejected, Unheard
from engine.voices.analysis.stretches import Stretch

#: All tracks and channels together are analyzed for so many times the seconds of the longest
#: recording: all of a stereo recording. A second costs 1.5 ms of processor time, and 96 kB.
_HELD: Final = 2.0
_CLEAR: Final = 25.0  # decibels from noise to speech; more makes no difference
#: A share of the clearest one's worth. Among those that have it, the loudest is kept.
_AS_CLEAR: Final = 0.9
#: Decibels by which one channel must be louder than the mix of both. Beside a silent channel it is
#: 6 dB louder; of two microphones that hear the same voice, each is at most 3 dB louder.
_LOUDER: Final = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    track: int
    mix: int
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

    Raises RecordingRejected.
    """
    candidates: list[_Candidate] = []
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
        candidates += found
        faults += poor
        if number + 1 >= tracks:
            break
    if not candidates and tracks > MOST_TRACKS:
        raise RecordingRejected(code="recording-many-tracks", tracks=MOST_TRACKS)
    if not candidates:
        raise max(faults, key=lambda each: each.rank)
    clearest = max(each.worth for each in candidates)
    best = max(
        (each for each in candidates if each.worth >= _AS_CLEAR * clearest),
        key=lambda each: each.level,
    )
    if best.whole:
        return best.decoded, best.stretch
    # It was analyzed by its beginning: now all of it.
    track = decode(file, seconds=seconds, rewritten=rewritten, track=best.track, mix=best.mix)
    return track.mixes[0], stretches.best_stretch(track.mixes[0])


def _listen(
    file: int, rewritten: bytes | None, number: int, *, seconds: float
) -> tuple[list[_Candidate], list[Unheard], int]:
    """The usable mixes of one track, why the others cannot be used, how many tracks there are."""
    track = decode(file, seconds=seconds, rewritten=rewritten, track=number, held=_HELD * seconds)
    candidates: list[_Candidate] = []
    faults: list[Unheard] = []
    for mix, each in enumerate(track.mixes):
        try:
            stretch = stretches.best_stretch(each)
        except Unheard as fault:
            late = Unheard(code="recording-late-speech", rank=fault.rank)
            faults.append(fault if track.whole else late)
            continue
        mixed = mix == 0 and len(track.mixes) == 3  # two channels and their mix
        candidates.append(
            _Candidate(
                track=number, mix=mix, mixed=mixed, whole=track.whole, decoded=each, stretch=stretch
            )
        )
    return candidates, faults, track.tracks
