"""A model's sound is checked: it must be audible, as long as its text takes, without a tail."""

import numpy as np
import pytest

from engine.tts.audio.pcm import Pcm, Samples, amplitude
from engine.tts.audio.sanity import MOST_TRIMMED, defect, span, without_tail

RATE = 24_000


def noise(level: float, seconds: float) -> Samples:
    samples = np.random.default_rng(1).standard_normal(int(seconds * RATE))
    return (samples * amplitude(level)).astype(np.float32)


def pcm(*parts: Samples) -> Pcm:
    return Pcm(np.concatenate(parts), RATE)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Hi.", 0.3),
        ("Hi.", 2.0),
        ("The quick brown fox jumps over the lazy dog.", 1.6),  # an auctioneer
        ("The quick brown fox jumps over the lazy dog.", 3.0),
        ("The quick brown fox jumps over the lazy dog.", 6.0),  # a bedtime story
        ("$1,234,567.89", 7.0),
        ("我今天不想去学校", 1.6),
        ("[laugh]", 2.5),
        ("...", 0.5),
    ],
)
def test_speech_of_a_usual_length_is_accepted(text: str, seconds: float) -> None:
    assert defect(pcm(noise(-20, seconds)), text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Hi.", 0.05), ("Hi.", 8.0), ("The quick brown fox jumps over the lazy dog.", 0.5)],
)
def test_speech_that_broke_off_or_ran_on_is_refused(text: str, seconds: float) -> None:
    found = defect(pcm(noise(-20, seconds)), text)
    assert found is not None
    assert f"for {len(text)} characters" in found


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(broken: float) -> None:
    samples = noise(-20, 1)
    samples[5] = broken
    assert defect(pcm(samples), "Hello there.") == "it holds NaN or infinity"


def test_silence_is_refused() -> None:
    assert defect(pcm(np.zeros(RATE, np.float32)), "Hello there.") == "it is silent"
    assert defect(pcm(noise(-90, 1)), "Hello there.") == "it is silent"
    assert defect(pcm(noise(-20, 0)), "Hello there.") == "it is silent"


def test_longer_texts_take_longer() -> None:
    short, long = span("Hello"), span("Hello " * 20)
    assert short.least < long.least
    assert short.usual < long.usual
    assert short.most < long.most
    assert span("").least > 0


def test_hiss_after_the_voice_is_cut_off() -> None:
    speech = noise(-20, 2)
    cut = without_tail(pcm(speech, noise(-60, 1)))
    assert 2.0 <= cut.seconds <= 2.25
    np.testing.assert_array_equal(cut.samples[: len(speech)], speech)


def test_a_click_after_the_voice_is_cut_off_too() -> None:
    cut = without_tail(pcm(noise(-20, 2), noise(-70, 0.5), noise(-20, 0.02), noise(-70, 0.3)))
    assert cut.seconds < 2.25


def test_the_last_word_after_a_pause_stays() -> None:
    sound = pcm(noise(-20, 2), noise(-70, 0.8), noise(-25, 0.2))
    assert without_tail(sound).seconds == pytest.approx(3.0)


def test_no_more_is_cut_than_a_mistake_may_cost() -> None:
    sound = pcm(noise(-20, 1), noise(-60, 5))
    assert without_tail(sound).seconds == pytest.approx(6 - MOST_TRIMMED, abs=0.01)


@pytest.mark.parametrize("seconds", [0, 0.03, 2])
def test_a_sound_without_a_tail_is_not_changed(seconds: float) -> None:
    sound = pcm(noise(-20, seconds))
    np.testing.assert_array_equal(without_tail(sound).samples, sound.samples)
