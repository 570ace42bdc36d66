"""Postprocessing has the same result, however the sound is cut into pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tts.audio.pcm import Pcm, Samples, loudness
from engine.tts.audio.postprocess import (
    CEILING,
    LEAD_KEPT,
    TAIL_KEPT,
    Fade,
    Limit,
    Postprocessor,
    Step,
    Trim,
)
from tests.unit.test_audio import sine

RATE = 48_000
cuts = st.lists(st.integers(0, 5000), max_size=20)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.float32)


def run(step: Step, samples: Samples, sizes: list[int]) -> Samples:
    """The output of `step` for `samples` in pieces of these sizes, and the rest."""
    out = []
    for size in sizes:
        out.append(step.feed(samples[:size]))
        samples = samples[size:]
    return np.concatenate((*out, step.feed(samples), step.flush()))


@given(cuts)
def test_silence_is_removed_at_both_ends_and_kept_within(sizes: list[int]) -> None:
    word = sine(300, -20, seconds=0.2)
    spoken = np.concatenate((word, silence(0.6), word))
    out = run(Trim(RATE), np.concatenate((silence(0.5), spoken, silence(0.7))), sizes)
    extra = len(out) / RATE - len(spoken) / RATE
    assert extra == pytest.approx(LEAD_KEPT + TAIL_KEPT, abs=0.001)


def test_a_silence_longer_than_is_held_back_stays_within_too() -> None:
    word = sine(300, -20, seconds=0.2)
    spoken = np.concatenate((word, silence(3), word))
    assert len(run(Trim(RATE), spoken, [1000] * 100)) == pytest.approx(len(spoken), abs=50)


def test_sound_without_a_pause_is_not_held_back() -> None:
    trim = Trim(RATE)
    assert len(trim.feed(sine(300, -20, seconds=0.1))) == pytest.approx(0.1 * RATE, abs=100)


def test_silence_alone_gives_nothing() -> None:
    assert len(run(AllSteps(RATE), silence(2), [700] * 50)) == 0


@given(cuts)
def test_a_sound_begins_and_ends_at_zero(sizes: list[int]) -> None:
    out = run(Fade(), np.ones(RATE // 10, np.float32), sizes)
    assert len(out) == RATE // 10
    assert abs(out[0]) < 0.01
    assert abs(out[-1]) < 0.01
    assert np.abs(np.diff(out)).max() < 0.01


@pytest.mark.parametrize("samples", [1, 10, 200, 500])
def test_a_sound_shorter_than_its_fades_does_not_click_either(samples: int) -> None:
    out = run(Fade(), np.ones(samples, np.float32), [])
    assert len(out) == samples
    assert abs(out[-1]) < 0.01


@given(cuts, st.floats(-6, 12), st.integers(0, 2**32 - 1))
def test_no_sample_exceeds_the_ceiling(sizes: list[int], level: float, seed: int) -> None:
    rough = np.random.default_rng(seed).normal(0, 0.3, 10_000).astype(np.float32)
    rough[4000:4100] *= 10
    out = run(Limit(), np.concatenate((rough, sine(200, level, seconds=0.2))), sizes)
    assert np.abs(out).max() <= CEILING * 1.0001


@given(cuts)
def test_the_limiter_leaves_quiet_sound_untouched_and_in_its_place(sizes: list[int]) -> None:
    quiet = sine(440, -6, seconds=0.2)
    assert np.array_equal(run(Limit(), quiet, sizes), quiet)


@given(cuts)
def test_the_limiter_gives_the_same_whatever_the_pieces(sizes: list[int]) -> None:
    loud = np.concatenate((sine(300, -6, seconds=0.1), sine(300, 6, seconds=0.1), silence(0.2)))
    assert np.allclose(run(Limit(), loud, sizes), run(Limit(), loud, []), atol=1e-5)


def test_the_limiter_changes_its_gain_without_a_click() -> None:
    step = np.concatenate((np.full(4800, 0.5, np.float32), np.full(4800, 2.0, np.float32)))
    gain = run(Limit(), step, []) / step
    assert np.abs(np.diff(gain)).max() < 0.005


def test_the_limiter_recovers() -> None:
    loud_then_quiet = np.concatenate((sine(300, 6, seconds=0.1), sine(300, -6, seconds=1.5)))
    end = slice(-4800, None)
    out = run(Limit(), loud_then_quiet, [])
    assert np.allclose(out[end], loud_then_quiet[end], rtol=0.001)


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
def test_all_steps_together_keep_length_pitch_and_loudness_at_any_rate(rate: int) -> None:
    tone = sine(440, -20, seconds=1, rate=rate)
    out = run(AllSteps(rate), tone, [rate // 50] * 60)
    assert len(out) / RATE == pytest.approx(1, abs=0.002)
    spectrum = np.abs(np.fft.rfft(out))
    assert spectrum.argmax() * RATE / len(out) == pytest.approx(440, abs=2)
    assert loudness(Pcm(out, RATE)) == pytest.approx(loudness(Pcm(tone, rate)), abs=0.1)


@pytest.mark.parametrize("rate", [22_050, 24_000])
def test_they_hold_back_little_of_a_sound_that_goes_on(rate: int) -> None:
    out = Postprocessor(rate).feed(Pcm(sine(440, -20, seconds=0.3, rate=rate), rate))
    assert len(out) / RATE > 0.3 - 0.06


def test_sound_must_not_change_its_rate() -> None:
    with pytest.raises(ValueError, match="within sound at"):
        Postprocessor(24_000).feed(Pcm(silence(0.1), 48_000))


class AllSteps:
    """A Postprocessor as one step."""

    def __init__(self, rate: int) -> None:
        self._finish = Postprocessor(rate)

    def feed(self, samples: Samples) -> Samples:
        return self._finish.feed(Pcm(samples, self._finish.rate))

    def flush(self) -> Samples:
        return self._finish.flush()
