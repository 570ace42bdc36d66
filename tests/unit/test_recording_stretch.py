"""The advice about a recording, and which part of it is kept."""

from dataclasses import replace

import numpy as np
import pytest

from bot.locales.catalog import label
from engine.model.voices import RecordingAnalysis
from engine.tts.audio.pcm import Pcm, Samples, decibels, loudness
from engine.voices.analysis import output, stretches
from engine.voices.analysis.decode import FRAME_SECONDS, RATE, Decoded
from engine.voices.analysis.rejection import RecordingRejected
from engine.voices.analysis.stretches import LONGEST, Utterance, best_stretch, choose
from engine.voices.recording_analyzer import Advice, advice
from tests.values import REPORT

GOOD = replace(REPORT, seconds=15.0, speech=14.0)


def voiced(seconds: float, *, pitch: float = 120.0) -> Samples:
    """Vowels of two formants, three syllables a second: the detector accepts them as speech."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.05 * np.sin(2 * np.pi * 0.7 * time))) / RATE
    sound = np.zeros(len(time))
    for number in range(1, 25):
        low = np.exp(-(((number * pitch - 600) / 400) ** 2))
        high = 0.5 * np.exp(-(((number * pitch - 1700) / 500) ** 2))
        sound += (low + high + 0.05) * np.sin(number * phase)
    syllables = 0.05 + 0.95 * np.clip(np.sin(2 * np.pi * 3 * time), 0, 1)
    sound *= 0.3 * syllables / np.abs(sound).max()
    return sound.astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.float32)


def decoded(*parts: Samples, clipped: tuple[int, int] = (0, 0)) -> Decoded:
    samples = np.concatenate(parts)
    shares = np.zeros(int(len(samples) / RATE / FRAME_SECONDS) + 1)
    shares[slice(*clipped)] = 0.1
    return Decoded(pcm=Pcm(samples, RATE), clipped=shares, source="test")


# ---- advice


def test_good_recording_is_praised() -> None:
    assert advice(GOOD) == (Advice("advice-good", {"speech": "14.0 s"}),)


def test_short_one_is_told_what_turbo_needs() -> None:
    short = replace(GOOD, seconds=3.4, speech=3.25)
    (told,) = advice(short, 5.0)
    assert told == Advice("advice-too-short", {"speech": "3.2 s", "least": 5.0})
    assert label(told.code, **told.fields) == (
        "3.2 s of speech; Turbo needs more than 5: record a sentence or two more"
    )
    assert advice(replace(GOOD, seconds=5.0, speech=4.99), 5.0)[0].code == "advice-too-short"
    assert advice(replace(GOOD, seconds=5.1, speech=4.9), 5.0)[0].code == "advice-short"


@pytest.mark.parametrize(
    ("analysis", "word"),
    [
        (replace(GOOD, seconds=6.0, speech=5.8), "10 to 15"),
        (replace(GOOD, clipping=0.01), "clipped"),
        (replace(GOOD, loudness=-50.0), "quiet"),
        (replace(GOOD, snr=12.0), "noisy, only 12 dB"),
    ],
)
def test_each_flaw_has_its_advice(analysis: RecordingAnalysis, word: str) -> None:
    (only,) = advice(analysis)
    assert word in label(only.code, **only.fields)


def test_all_flaws_are_named_at_once() -> None:
    bad = replace(GOOD, seconds=3.0, speech=2.0, clipping=0.2, loudness=-60.0, snr=3.0)
    assert len(advice(bad)) == 4


# ---- the stretch


def test_silence_at_both_ends_is_cut_but_for_a_tenth_of_a_second() -> None:
    stretch = best_stretch(decoded(silence(3), voiced(6), silence(4)))
    assert stretch.pcm.seconds == pytest.approx(6.2, abs=0.4)
    assert stretch.analysis.seconds == pytest.approx(stretch.pcm.seconds, abs=0.01)
    assert stretch.analysis.noise == -100


def test_a_pause_within_stays_as_it_is() -> None:
    stretch = best_stretch(decoded(voiced(4), silence(1), voiced(4)))
    assert stretch.pcm.seconds == pytest.approx(9, abs=0.4)
    assert stretch.analysis.speech == pytest.approx(8, abs=0.5)


def test_a_pause_too_long_parts_two_stretches_and_the_longer_is_taken() -> None:
    stretch = best_stretch(decoded(voiced(3), silence(60), voiced(6), silence(2)))
    assert stretch.pcm.seconds == pytest.approx(6.2, abs=0.4)


def test_the_stretch_without_clipping_is_taken() -> None:
    frames = int(8 / FRAME_SECONDS)
    stretch = best_stretch(decoded(voiced(8), silence(30), voiced(6), clipped=(0, frames)))
    assert stretch.analysis.clipping == 0
    assert stretch.pcm.seconds == pytest.approx(6.2, abs=0.4)


def test_where_all_is_clipped_the_report_says_so() -> None:
    stretch = best_stretch(decoded(voiced(6), clipped=(0, 200)))
    assert stretch.analysis.clipping == pytest.approx(0.1, abs=0.01)


def test_somebody_who_never_pauses_is_cut_where_the_voice_is_low() -> None:
    endless = [Utterance(start=0, end=2000)]
    levels = np.full(2000, -20.0)
    levels[500] = -50.0
    chosen = choose(endless, levels, np.zeros(2000))
    assert 500 in (chosen.start, chosen.end)
    assert chosen.frames * FRAME_SECONDS <= LONGEST
    assert best_stretch(decoded(voiced(100))).pcm.seconds <= LONGEST


def test_no_stretch_is_longer_than_twenty_seconds_however_the_pauses_fall() -> None:
    rng = np.random.default_rng(7)
    at, spoken = 0, []
    for size, pause in rng.integers(4, 900, (200, 2)):
        spoken.append(Utterance(start=at, end=at + int(size)))
        at += int(size) + int(pause) % 60 + 11
    chosen = choose(spoken, rng.normal(-30, 10, at), rng.random(at) * 0.003)
    assert 0 < chosen.frames * FRAME_SECONDS <= LONGEST - 2 * stretches.MARGIN


@pytest.mark.parametrize(
    ("sound", "code"),
    [
        (silence(5), "recording-silent"),
        (silence(0.01), "recording-silent"),
        (silence(0), "recording-silent"),
        (np.concatenate((silence(1), voiced(0.6), silence(1))), "recording-short-of-speech"),
        (np.sin(np.arange(5 * RATE) / 20).astype(np.float32) * 0.3, "recording-short-of-speech"),
        (
            np.random.default_rng(3).standard_normal(5 * RATE).astype(np.float32) * 0.1,
            "recording-noisy",
        ),
    ],
)
def test_where_nobody_speaks_it_says_so(sound: Samples, code: str) -> None:
    with pytest.raises(RecordingRejected, match=f"^{code}$"):
        best_stretch(decoded(sound))


def test_a_constant_offset_is_no_sound() -> None:
    with pytest.raises(RecordingRejected, match="recording-silent"):
        best_stretch(decoded(np.full(5 * RATE, 0.5, np.float32)))


# ---- what is kept


def test_levelled_sound_is_at_minus_23_and_below_the_ceiling() -> None:
    for gain in (0.01, 1.0, 3.0):
        kept = output.level(Pcm(voiced(5) * np.float32(gain), RATE))
        assert loudness(kept) - stretches.ONE_CHANNEL == pytest.approx(-23, abs=0.2)
        assert decibels(float(np.abs(kept.samples).max())) <= -1


def test_peaks_win_over_loudness() -> None:
    sharp = voiced(5) * np.float32(0.01)
    sharp[::RATE] = 1.0
    kept = output.level(Pcm(sharp, RATE))
    assert decibels(float(np.abs(kept.samples).max())) == pytest.approx(-1, abs=0.01)
    assert loudness(kept) - stretches.ONE_CHANNEL < -24


def test_file_holds_what_was_levelled() -> None:
    kept = output.level(Pcm(voiced(5), RATE))
    again = output.from_wav(output.to_wav(kept))
    assert again.rate == RATE
    assert np.abs(again.samples - kept.samples).max() < 1e-4
    assert output.to_wav(again) == output.to_wav(kept)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no sound" * 10])
def test_what_is_no_kept_recording_is_refused(data: bytes) -> None:
    with pytest.raises(RecordingRejected):
        output.from_wav(data)
