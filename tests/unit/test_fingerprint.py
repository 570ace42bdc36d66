"""The fingerprint of speech: which changes affect it and which do not. `bench/fingerprint.py`
measures more, and over many pairs."""

import itertools
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest
import soxr

from engine.tts.audio.pcm import Pcm, Samples, amplitude
from engine.voices.analysis.fingerprint import UNLIKE, Fingerprint, fingerprint_of, likeness, same
from tests.process.recorded import rate, silence, speech

OTHER_TEXT: Final = (
    "Seven patient gardeners carried a yellow lantern across the narrow river, while the children "
    "of the village watched them from a window."
)
VOICES: Final = (
    "gmw/en-US",
    "gmw/en-GB-scotland",
    "gmw/de",
    "roa/es",
    "roa/it",
    "zlw/pl",
    "urj/fi",
)


def made(samples: Samples, at: int | None = None) -> Fingerprint:
    at = at or rate()
    return fingerprint_of(Pcm(samples.astype(np.float32), at), 0, len(samples))


def noise(samples: Samples, level: float) -> Samples:
    drawn = np.random.default_rng(2).standard_normal(len(samples)) * amplitude(level)
    return (samples + drawn).astype(np.float32)


def paused(samples: Samples) -> Samples:
    """A pause of half a second, twice."""
    pieces = np.array_split(samples, 3)
    return np.concatenate([each for piece in pieces for each in (piece, silence(0.5))])


CHANGED: Final[dict[str, Callable[[Samples], Samples]]] = {
    "nothing": lambda each: each,
    "louder and clipped": lambda each: np.clip(each * 4, -1, 1),
    "quieter": lambda each: each * 0.25,
    "upside down": lambda each: -each,
    "first second cut": lambda each: each[rate() :],
    "first 1.03 s cut": lambda each: each[int(1.03 * rate()) :],
    "last second cut": lambda each: each[: -rate()],
    "noise": lambda each: noise(each, -40),
    "pauses": paused,
    "1 % faster": lambda each: soxr.resample(each, rate() * 1.01, rate()),
    "other sound before and after": lambda each: np.concatenate(
        (speech(OTHER_TEXT), each[: 5 * rate()], speech(OTHER_TEXT, "gmw/de"))
    ),
    "as a telephone has it": lambda each: soxr.resample(
        soxr.resample(each, rate(), 8_000), 8_000, rate()
    ),
}


@pytest.mark.parametrize("how", CHANGED)
@pytest.mark.parametrize("voice", VOICES[:3])
def test_changed_recording_is_the_same(how: str, voice: str) -> None:
    sound = speech(voice=voice)
    assert same(made(CHANGED[how](sound)).kept, made(sound).words)


def test_other_speakers_of_the_same_words_are_others() -> None:
    prints = [made(speech(voice=voice)) for voice in VOICES]
    for one, other in itertools.permutations(prints, 2):
        assert not same(one.kept, other.words)


def test_other_words_of_the_same_speaker_are_others() -> None:
    for voice in VOICES:
        one, other = made(speech(voice=voice)), made(speech(OTHER_TEXT, voice))
        assert not same(one.kept, other.words)
        assert not same(other.kept, one.words)


@pytest.mark.parametrize("sound", ["tone", "noise", "silence", "hum"])
def test_what_is_no_speech_is_like_nothing(sound: str) -> None:
    """Two tones differ in no meaningful bit."""
    at = np.arange(6 * rate()) / rate()

    def one(number: int) -> Samples:
        rng = np.random.default_rng(number)
        samples: Samples = {
            "tone": 0.3 * np.sin(2 * np.pi * (300 + 170 * number) * at),
            "noise": 0.1 * rng.standard_normal(len(at)),
            "silence": np.zeros(len(at)),
            "hum": 0.03
            * np.sin(2 * np.pi * 50 * np.outer(np.arange(1, 9), at) + number).sum(axis=0),
        }[sound].astype(np.float32)
        return samples

    assert not same(made(one(1)).kept, made(one(2)).words)


def test_only_what_is_kept_is_asked_about_and_the_whole_is_compared_with() -> None:
    """The frozen recording may have been longer than the stretch that was kept of it; an upload
    cannot hide that stretch among other sound."""
    sound, other = speech(), speech(OTHER_TEXT)
    whole = np.concatenate((other, sound))
    frozen = fingerprint_of(Pcm(whole, rate()), 0, len(other))  # the kept stretch is the other part
    assert same(made(sound).kept, frozen.words)
    given = fingerprint_of(Pcm(whole, rate()), 0, len(other))
    assert not same(given.kept, made(sound).words)


def test_short_recording_is_recognized_and_is_not_taken_for_another() -> None:
    longer, sound = speech()[: int(3.5 * rate())], speech()[: int(1.5 * rate())]
    assert same(made(longer[rate() :]).kept, made(longer).words)
    assert same(made(noise(sound * 0.5, -50)).kept, made(sound).words)
    for voice in VOICES[1:]:
        assert not same(made(speech(voice=voice)[: int(1.5 * rate())]).kept, made(sound).words)


def test_sample_rate_changes_hardly_a_bit() -> None:
    sound = speech()
    for at in (16_000, 24_000, 48_000):
        again = made(soxr.resample(sound, rate(), at), at)
        assert likeness(again.kept, made(sound).words).errors < 0.05


def test_print_comes_back_from_its_bytes() -> None:
    one = fingerprint_of(Pcm(speech(), rate()), rate(), 4 * rate())
    again = Fingerprint.from_bytes(one.to_bytes())
    assert again is not None
    assert (again.start, again.end) == (one.start, one.end)
    assert np.array_equal(again.words, one.words)
    assert len(one.kept) == pytest.approx(3 / 0.048, abs=1)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + bytes(8), b"\x01" + bytes(9)])
def test_bytes_of_another_edition_are_no_print(data: bytes) -> None:
    assert Fingerprint.from_bytes(data) is None


def test_five_minutes_at_most_and_around_what_is_kept() -> None:
    sound = np.zeros(400 * 8_000, np.float32)
    sound[390 * 8_000 :] = np.random.default_rng(3).standard_normal(10 * 8_000) * 0.1
    long = fingerprint_of(Pcm(sound, 8_000), 390 * 8_000, 400 * 8_000)
    assert len(long.to_bytes()) < 26_000
    assert len(long.kept) == pytest.approx(10 / 0.048, abs=6)
    assert likeness(long.kept, long.words).errors == 0
    assert likeness(long.words[:100], long.words) is UNLIKE  # silence
