"""Sound as a value: its length, its loudness, the gain of a voice."""

import numpy as np
import pytest

from engine.tts.audio.pcm import (
    SPEECH_LOUDNESS,
    Pcm,
    Samples,
    amplitude,
    decibels,
    gain_to_speech,
    loudness,
)


def sine(frequency: float, level: float, *, seconds: float = 3.0, rate: int = 48_000) -> Samples:
    """A tone whose peak is at `level` decibels to full scale."""
    time = np.arange(int(seconds * rate)) / rate
    return (amplitude(level) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_a_sound_knows_its_length() -> None:
    assert Pcm(np.zeros(12_000, np.float32), 24_000).seconds == 0.5


@pytest.mark.parametrize("level", [0.0, -1.0, -20.0])
def test_decibels_and_amplitude_undo_each_other(level: float) -> None:
    assert decibels(amplitude(level)) == pytest.approx(level)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_the_reference_tone_of_the_standard_has_its_loudness_at_any_rate(rate: int) -> None:
    # EBU Tech 3341, case 1: 1 kHz in both channels, peaks at -23 dBFS, reads -23 LUFS.
    assert loudness(Pcm(sine(1000, -23, rate=rate), rate)) == pytest.approx(-23, abs=0.1)


def test_silence_between_words_does_not_make_a_voice_less_loud() -> None:
    tone = sine(1000, -20, seconds=4)
    pause = np.zeros(4 * 48_000, np.float32)
    with_pause = Pcm(np.concatenate((tone, pause, tone)), 48_000)
    assert loudness(with_pause) == pytest.approx(loudness(Pcm(tone, 48_000)), abs=0.3)


def test_low_tones_count_less() -> None:
    low, high = (loudness(Pcm(sine(f, -20), 48_000)) for f in (40, 1000))
    assert low < high - 5


@pytest.mark.parametrize("samples", [0, 100, 48_000])
def test_silence_has_no_loudness(samples: int) -> None:
    assert loudness(Pcm(np.zeros(samples, np.float32), 48_000)) == float("-inf")


@pytest.mark.parametrize("level", [-40.0, -12.0, 0.0])
def test_the_gain_brings_any_voice_to_one_loudness(level: float) -> None:
    voice = sine(500, level)
    levelled = Pcm(voice * np.float32(gain_to_speech(Pcm(voice, 48_000))), 48_000)
    assert loudness(levelled) == pytest.approx(SPEECH_LOUDNESS, abs=0.01)


def test_a_silent_sample_leaves_the_voice_as_it_is() -> None:
    assert gain_to_speech(Pcm(np.zeros(48_000, np.float32), 48_000)) == 1.0
