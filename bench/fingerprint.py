"""Whether a changed recording is still recognized, and other recordings are not mistaken for it.

Each recording is processed like an upload: a file, ffmpeg, the best stretch, its fingerprint. The
whole of one recording is frozen; the stretch of another is compared with it. All are eSpeak's: one
synthesizer makes its voices, so they are more alike than people's, and the same word in the same
voice is nearly the same sound each time.
"""

import asyncio
import io
import random
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from statistics import median
from typing import Final

import imageio_ffmpeg
import numpy as np
import soxr

from bench.report import Report
from engine.tts.audio.pcm import Samples, amplitude
from engine.tts.engines.espeak_library import SpeechStyle, library
from engine.voices import analysis_process
from engine.voices.analysis import fingerprint, tracks

TEXT: Final = (
    "The quick brown fox jumps over the lazy dog, and then it rests a while. Hello everyone, I "
    "think we should meet again tomorrow. Is that fine with you? "
)
#: Languages that read Latin script by their own rules; many others read it as English.
LANGUAGES: Final = (
    *("gmw/en-US", "gmw/en-GB-scotland", "gmw/de", "gmw/nl", "gmw/af", "gmq/da", "gmq/is"),
    *("gmq/sv", "roa/fr", "roa/es", "roa/it", "roa/pt", "roa/ro", "zlw/pl", "zlw/cs", "urj/fi"),
    *("urj/hu", "urj/et", "bat/lt", "bat/lv", "trk/tr", "cel/cy", "cel/ga", "eu", "poz/id"),
)
#: Combined at random, because a phrase in two texts is the same sound in the same voice.
WORDS: Final = (
    *("river", "garden", "window", "engine", "letter", "village", "harbour", "lantern"),
    *("morning", "seven", "telephone", "children", "winter", "music", "answer", "bread"),
    *("mountain", "paper", "yellow", "silver", "question", "dinner", "always", "quickly"),
    *("under", "between", "forty", "umbrella", "customs", "doctor", "science", "purple"),
    *("jungle", "weather", "orchestra", "butter", "hospital", "narrow", "vegetable", "thunder"),
    *("breakfast", "history", "army", "knife", "pocket", "shoulder", "whisper", "elephant"),
    *("visible", "kitchen", "absolute", "journey", "machine", "obvious", "quarter", "railway"),
    *("sugar", "temple", "uniform", "violin", "wooden", "youth", "zero", "blanket", "dust"),
)
PITCHES: Final = (20, 35, 65, 80)
SAME_VOICE: Final = 70
MIXED: Final = 40
CHANGED: Final = 20
KNOWN: Final = 1_000

Change = Callable[[Samples], bytes]


@dataclass(frozen=True, slots=True)
class Errors:
    """The share of differing bits of each pair, and how many pairs are taken for the same
    recording."""

    values: list[float]
    same: int

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)


def measure() -> Report:
    rng = random.Random(8)
    groups = {
        "the same text, other speakers": list(_speakers()),
        "the same speaker, other texts": [_speak(_text(28, rng)) for _ in range(SAME_VOICE)],
        "other speakers, other texts": [
            _speak(_text(28, rng), rng.choice(LANGUAGES), rng.choice(PITCHES)) for _ in range(MIXED)
        ],
    }
    unlike = _others({name: list(map(_print, map(_wav, each))) for name, each in groups.items()})
    originals = [_speak(_text(42, rng), rng.choice(LANGUAGES)) for _ in range(CHANGED)]
    frozen = [_print(_wav(each)) for each in originals]
    alike = {
        name: _pairs(
            [(_print(change(each)), known) for each, known in zip(originals, frozen, strict=True)]
        )
        for name, change in CHANGES.items()
    }
    seconds = asyncio.run(_seconds(frozen))
    pairs = sum(len(each.values) for each in unlike.values())
    false = sum(each.same for each in unlike.values())
    return Report(
        name="fingerprint",
        title="Recordings that are recognized by their sound",
        head=("recording", "pairs", "bits that differ", "", "taken for the same"),
        rows=[
            *[_row(name, each, "least", each.low) for name, each in unlike.items()],
            *[_row(name, each, "most", each.high) for name, each in alike.items()],
        ],
        figures={
            "false_matches": false,
            "pairs": pairs,
            "least_unlike": min(each.low for each in unlike.values()),
            **{
                f"missed_{name.replace(' ', '_')}": len(each.values) - each.same
                for name, each in alike.items()
            },
            "seconds_of_1000": seconds,
        },
        notes=(
            f"The same is what differs in less than {fingerprint.MOST_ERRORS:.1%} of the bits over "
            f"{fingerprint.WINDOW_SECONDS:g} s: {false} of {pairs:,} pairs of other recordings.",
            f"One upload beside {KNOWN:,} frozen recordings, with the process's start: "
            f"{seconds:.2f} s.",
        ),
    )


def _row(name: str, errors: Errors, word: str, extreme: float) -> tuple[str, ...]:
    middle = f"median {median(errors.values):.3f}"
    return name, f"{len(errors.values):,}", middle, f"{word} {extreme:.3f}", f"{errors.same}"


def _others(groups: dict[str, list[fingerprint.Fingerprint]]) -> dict[str, Errors]:
    """All pairs within each group, and all pairs of a speaker's with a text's."""
    found = {name: _pairs(list(permutations(each, 2))) for name, each in groups.items()}
    speakers, texts, mixed = groups.values()
    found["all else"] = _pairs([(a, b) for a in texts for b in (*speakers, *mixed)])
    return found


def _pairs(pairs: list[tuple[fingerprint.Fingerprint, fingerprint.Fingerprint]]) -> Errors:
    values = [fingerprint.likeness(given.kept, frozen.words).errors for given, frozen in pairs]
    near = [pair for pair, errors in zip(pairs, values, strict=True) if errors < 0.3]
    return Errors(values, sum(fingerprint.same(given.kept, frozen.words) for given, frozen in near))


async def _seconds(frozen: list[fingerprint.Fingerprint]) -> float:
    """Seconds to compare an upload with many recordings, none of which is the same."""
    many = [frozen[1 + number % (len(frozen) - 1)].to_bytes() for number in range(KNOWN)]
    began = time.perf_counter()
    await analysis_process.same_recordings(frozen[0].to_bytes(), many, first_is="kept")
    return time.perf_counter() - began


# ---- recordings


def _speakers() -> Iterator[Samples]:
    for language in LANGUAGES:
        yield _speak(TEXT, language)
    for pitch in PITCHES:
        yield _speak(TEXT, "gmw/en-US", pitch)


def _text(words: int, rng: random.Random) -> str:
    drawn = [rng.choice(WORDS) for _ in range(words)]
    return " ".join(f"{word}," if place % 7 == 6 else word for place, word in enumerate(drawn))


def _speak(text: str, voice: str = "gmw/en-US", pitch: int = 50) -> Samples:
    heard: list[Samples] = []

    def take(samples: Samples) -> bool:
        heard.append(samples)
        return True

    if not library().speak(text, SpeechStyle(voice, 175, pitch), take):
        raise RuntimeError(f"eSpeak has no voice {voice}")
    return np.concatenate(heard)


def _print(data: bytes) -> fingerprint.Fingerprint:
    """The fingerprint, computed as for an upload."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        decoded, stretch = tracks.best_stretch(file.fileno(), None, seconds=300)
    end = stretch.start + len(stretch.pcm.samples)
    return fingerprint.fingerprint_of(decoded.pcm, stretch.start, end)


def _wav(samples: Samples) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(library().rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


# ---- changes


def _ffmpeg(*options: str, form: str = "wav") -> Change:
    def change(samples: Samples) -> bytes:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0", *options]
        with tempfile.NamedTemporaryFile(suffix=f".{form}") as file:
            subprocess.run([*command, "-y", file.name], input=_wav(samples), check=True)
            return file.read()

    return change


def _one_sample(samples: Samples) -> Samples:
    changed = np.array(samples)
    changed[len(changed) // 3] += 0.01
    return changed


def _noise(samples: Samples, snr: float) -> Samples:
    speech = samples[np.abs(samples) > 0.01]
    level = np.sqrt(np.square(speech, dtype=np.float64).mean()) * amplitude(-snr)
    drawn = np.random.default_rng(1).standard_normal(len(samples))
    noisy: Samples = (samples + drawn * level).astype(np.float32)
    return noisy


def _pauses(samples: Samples, every: float) -> Samples:
    size, pause = int(every * library().rate), np.zeros(library().rate // 3, np.float32)
    pieces = [samples[at : at + size] for at in range(0, len(samples), size)]
    return np.concatenate([each for piece in pieces for each in (piece, pause)])


def _faster(samples: Samples, factor: float) -> Samples:
    faster: Samples = soxr.resample(samples, library().rate * factor, library().rate)
    return faster


def _other_stretch(samples: Samples) -> Samples:
    """Eight seconds of it, then ten of something else."""
    other = _speak(_text(24, random.Random(9)))
    return np.concatenate((samples[-8 * library().rate :], other[: 10 * library().rate]))


CHANGES: Final[dict[str, Change]] = {
    "one sample": lambda each: _wav(_one_sample(each)),
    "12 dB down": lambda each: _wav(each * np.float32(amplitude(-12))),
    "12 dB up, clipped": lambda each: _wav(each * np.float32(amplitude(12))),
    "first second cut": lambda each: _wav(each[library().rate :]),
    "last second cut": lambda each: _wav(each[: -library().rate]),
    "MP3 64k": _ffmpeg("-b:a", "64k", form="mp3"),
    "Opus 32k": _ffmpeg("-c:a", "libopus", "-b:a", "32k", form="ogg"),
    "Opus 12k": _ffmpeg("-c:a", "libopus", "-b:a", "12k", form="ogg"),
    "8 kHz": _ffmpeg("-ar", "8000"),
    "16 kHz": _ffmpeg("-ar", "16000"),
    "44.1 kHz": _ffmpeg("-ar", "44100"),
    "stereo": _ffmpeg("-ac", "2"),
    "noise at 25 dB": lambda each: _wav(_noise(each, 25)),
    "noise at 15 dB": lambda each: _wav(_noise(each, 15)),
    "bass and treble": _ffmpeg("-af", "bass=g=10,treble=g=-10"),
    "low-pass 2 kHz": _ffmpeg("-af", "lowpass=f=2000"),
    "compressed": _ffmpeg("-af", "acompressor=threshold=0.05:ratio=6:makeup=4"),
    "echo": _ffmpeg("-af", "aecho=0.8:0.6:40|90:0.4|0.25"),
    "1 % faster": lambda each: _wav(_faster(each, 1.01)),
    "2 % slower": lambda each: _wav(_faster(each, 0.98)),
    "5 % tempo": _ffmpeg("-af", "atempo=1.05"),
    "pauses, each 2 s": lambda each: _wav(_pauses(each, 2.0)),
    "pauses, each 1.2 s": lambda each: _wav(_pauses(each, 1.2)),
    "8 s of it": lambda each: _wav(_other_stretch(each)),
    "pitch 3 % up": _ffmpeg("-af", "asetrate=22712,aresample=22050,atempo=0.97087"),
    "pitch 10 % up": _ffmpeg("-af", "asetrate=24255,aresample=22050,atempo=0.90909"),
}
