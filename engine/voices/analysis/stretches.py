"""Which stretch of a recording is the best reference, and its analysis.

Knows: frames of 30 ms, speech by WebRTC's detector, levels. Does not know: files, who speaks, the
words. The same sound gives the same stretch.

A stretch is a sequence of whole utterances with the pauses between them. Each frame of speech adds
to its value, and adds less where the voice is not much louder than the background; clipped frames
and pauses subtract from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import soxr
import webrtcvad
from numpy.typing import NDArray

from engine.model.voices import RecordingAnalysis
from engine.tts.audio.pcm import Pcm, Samples, amplitude, loudness
from engine.voices.analysis.decode import FRAME_SECONDS, RATE, Decoded
from engine.voices.analysis.rejection import Unheard

Levels = NDArray[np.float64]
Flags = NDArray[np.bool_]

LONGEST: Final = 20.0  # seconds of a stretch; the models use 10 to 15 of them
MARGIN: Final = 0.1  # seconds kept before and after: consonants begin and end quietly
LEAST_SPEECH: Final = 1.0  # seconds
#: Decibels above the background. The detector takes steady noise for speech, which has 0 to 1 by
#: measurement; speech that a listener can just follow has 3.
LEAST_SNR: Final = 2.0
#: One channel is 3 dB quieter than the two that `loudness` assumes.
ONE_CHANNEL: Final = 10 * np.log10(2)

_FRAME: Final = int(FRAME_SECONDS * RATE)
_VAD_RATE: Final = 16_000
_VAD_MODE: Final = 2  # 0 to 3; 3 is the strictest
_VAD_LEVEL: Final = -20.0  # decibels of the loud frames: the detector misses quiet speech
_VAD_GAIN: Final = 40.0  # decibels at most
_FLOOR: Final = -100.0  # decibels: digital silence, as a number
_SILENT: Final = -60.0  # decibels: a recording with no louder frame is silent
_PAUSE: Final = 10  # frames; a shorter pause is part of an utterance
_BURST: Final = 4  # frames; a shorter sound is a click
_NEAR: Final = 2  # frames beside speech that do not count as background
_FEW: Final = 5  # fewer frames of background than this give no level
_LONGEST_FRAMES: Final = int((LONGEST - 2 * MARGIN) / FRAME_SECONDS)
_SPLIT_FROM: Final = int(12.0 / FRAME_SECONDS)
_AROUND: Final = int(2.0 / FRAME_SECONDS)  # frames beside a stretch that have the same noise
#: Decibels from an utterance's quiet frames to its loud ones; more makes no difference.
_CLEAR: Final = 25.0
_CLIPPED_FRAME: Final = 0.002  # share of samples
_COST_OF_CLIPPING: Final = 2.0
_COST_OF_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """Frames from `start` to before `end`."""

    start: int
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The best part of a recording, as it was recorded, and its analysis. It begins at the sample
    `start`."""

    pcm: Pcm
    start: int
    analysis: RecordingAnalysis


def best_stretch(decoded: Decoded) -> Stretch:
    """Raises Unheard if there is not enough speech."""
    samples = decoded.pcm.samples
    if len(samples) < _FRAME:
        raise Unheard(code="recording-silent")
    samples = samples - np.float32(samples.mean(dtype=np.float64))  # an offset is not sound
    levels = frame_levels(samples)
    if levels.max() < _SILENT:
        raise Unheard(code="recording-silent")
    utterances = list(find_utterances(speech_frames(samples, levels)))
    spoken = np.zeros(len(levels), np.bool_)
    for each in utterances:
        spoken[each.start : each.end] = True
    clipped = np.zeros(len(levels))
    size = min(len(levels), len(decoded.clipped))
    clipped[:size] = decoded.clipped[:size]
    chosen = choose(utterances, levels, clipped)
    within = slice(chosen.start, chosen.end)
    speech = float(spoken[within].sum() * FRAME_SECONDS)
    if speech < LEAST_SPEECH:
        raise Unheard(code="recording-short-of-speech", rank=speech, seconds=f"{speech:.1f}")
    noise = noise_level(levels, spoken, chosen)
    power = 10 ** (levels[within][spoken[within]] / 10)
    snr = round(float(10 * np.log10(power.mean())) - noise, 1)
    if snr < LEAST_SNR:
        raise Unheard(code="recording-noisy", rank=speech)
    margin = int(MARGIN * RATE)
    start = max(0, chosen.start * _FRAME - margin)
    # A copy, so that the recording can be freed.
    pcm = Pcm(samples[start : chosen.end * _FRAME + margin].copy(), RATE)
    analysis = RecordingAnalysis(
        seconds=round(pcm.seconds, 3),
        speech=round(speech, 3),
        noise=round(noise, 1),
        snr=snr,
        loudness=round(max(loudness(pcm) - ONE_CHANNEL, _FLOOR), 1),
        clipping=round(float(clipped[within].mean()), 6),
        source=decoded.source,
    )
    return Stretch(pcm=pcm, start=start, analysis=analysis)


def frame_levels(samples: Samples) -> Levels:
    """The level of each whole frame, in decibels to full scale."""
    whole = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.square(whole, dtype=np.float64).mean(axis=1)
    levels: Levels = 10 * np.log10(np.maximum(power, 10 ** (_FLOOR / 10)))
    return levels


def speech_frames(samples: Samples, levels: Levels) -> Flags:
    """Which frames are speech by WebRTC's detector, which accepts music and tones too."""
    gain = min(_VAD_LEVEL - float(np.percentile(levels, 95)), _VAD_GAIN)
    raised = soxr.resample(samples * np.float32(amplitude(gain)), RATE, _VAD_RATE)
    pcm = (np.clip(raised, -1, 1) * 32767).astype("<i2").tobytes()
    size = int(FRAME_SECONDS * _VAD_RATE) * 2
    vad = webrtcvad.Vad(_VAD_MODE)
    flags = np.zeros(len(levels), np.bool_)
    for frame in range(min(len(levels), len(pcm) // size)):
        flags[frame] = vad.is_speech(pcm[frame * size : (frame + 1) * size], _VAD_RATE)
    return flags


def find_utterances(flags: Flags) -> Iterator[Utterance]:
    """Sequences of speech frames without a pause between them."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    rows = [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
    joined: list[tuple[int, int]] = []
    for start, end in rows:
        if joined and start - joined[-1][1] <= _PAUSE:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    for start, end in joined:
        if end - start >= _BURST:
            yield Utterance(start=start, end=end)


def noise_level(levels: Levels, spoken: Flags, stretch: Utterance) -> float:
    """Decibels of the background: between and beside the words, or below them if nobody pauses."""
    near = np.convolve(spoken, np.ones(2 * _NEAR + 1), mode="same")[: len(spoken)] > 0
    around = slice(max(0, stretch.start - _AROUND), stretch.end + _AROUND)
    background = levels[around][~near[around]]
    if len(background) < _FEW:
        return float(np.percentile(levels[stretch.start : stretch.end], 5))
    return float(np.median(background))


def choose(utterances: list[Utterance], levels: Levels, clipped: Levels) -> Utterance:
    """From the first to the last frame of the best stretch; empty if nobody speaks."""
    pieces = [piece for each in utterances for piece in _split(each, levels)]
    values = [_value(each, levels, clipped) for each in pieces]
    best, best_value = Utterance(start=0, end=0), float("-inf")
    for first, begin in enumerate(pieces):
        value = 0.0
        for last in range(first, len(pieces)):
            if pieces[last].end - begin.start > _LONGEST_FRAMES:
                break
            pause = pieces[last].start - pieces[last - 1].end if last > first else 0
            value += values[last] - _COST_OF_PAUSE * pause
            if value > best_value:
                best, best_value = Utterance(start=begin.start, end=pieces[last].end), value
    return best


def _split(utterance: Utterance, levels: Levels) -> Iterator[Utterance]:
    """The utterance, cut where the voice is quietest if it is longer than a stretch may be."""
    start = utterance.start
    while utterance.end - start > _LONGEST_FRAMES:
        options = levels[start + _SPLIT_FROM : start + _LONGEST_FRAMES]
        cut = start + _SPLIT_FROM + int(np.argmin(options))
        yield Utterance(start=start, end=cut)
        start = cut
    yield Utterance(start=start, end=utterance.end)


def _value(utterance: Utterance, levels: Levels, clipped: Levels) -> float:
    within = slice(utterance.start, utterance.end)
    quiet, loud = np.percentile(levels[within], (10, 90))
    clear = np.clip((loud - quiet) / _CLEAR, 0.2, 1.0)
    spoiled = int((clipped[within] > _CLIPPED_FRAME).sum())
    return float(clear**2 * utterance.frames - _COST_OF_CLIPPING * spoiled)
