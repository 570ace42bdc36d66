"""Faster and slower at the same pitch."""

import numpy as np
import pytest

from engine.tts.audio.pcm import Pcm
from engine.tts.audio.tempo import at_speed
from tests.unit.test_audio import sine

RATE = 24_000


def tone(seconds: float = 2.0) -> Pcm:
    return Pcm(sine(440, -12, seconds=seconds, rate=RATE).astype(np.float32), RATE)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_length_follows_the_speed_and_the_pitch_stays(speed: float) -> None:
    sound = at_speed(tone(), speed)
    assert sound.seconds == pytest.approx(2 / speed, rel=0.03)
    middle = sound.samples[RATE // 4 : -RATE // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * RATE / len(middle) == pytest.approx(440, abs=4)
    assert sound.samples.dtype == np.float32


def test_at_its_own_speed_it_is_itself() -> None:
    sound = tone()
    assert at_speed(sound, 1.0) is sound


def test_nothing_stays_nothing() -> None:
    assert not len(at_speed(tone(0), 2.0).samples)


@pytest.mark.parametrize("speed", [0.49, 2.1, float("nan")])
def test_other_speeds_are_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="a speed of"):
        at_speed(tone(), speed)
