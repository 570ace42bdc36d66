"""Recordings for tests: what eSpeak speaks, in any format that a member may send.

Knows: eSpeak, the wheel's ffmpeg, the bytes of a WAV file. Does not know: what becomes of them.
"""

import io
import struct
import subprocess
import tempfile
import wave
from functools import cache
from pathlib import Path
from typing import Final

import imageio_ffmpeg
import numpy as np

from engine.tts.audio.pcm import Samples
from engine.tts.engines.espeak_library import SpeechStyle, library

TEXT: Final = (
    "The quick brown fox jumps over the lazy dog, and then it rests a while. Hello everyone, I "
    "think we should meet again tomorrow. Is that fine with you? "
)
FLOAT: Final = 3  # the format's number in a WAV file; 1 is integers


@cache
def speech(text: str = TEXT, voice: str = "gmw/en-US") -> Samples:
    """Mono, at `rate()`: the usual text takes 8.3 s."""
    heard: list[Samples] = []

    def take(samples: Samples) -> bool:
        heard.append(samples)
        return True

    library().speak(text, SpeechStyle(voice, 175, 50), take)
    return np.concatenate(heard)


def rate() -> int:
    return library().rate


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * rate()), np.float32)


def noise(seconds: float, decibels: float) -> Samples:
    size = int(seconds * rate())
    drawn = np.random.default_rng(1).standard_normal(size).astype(np.float32)
    return drawn * np.float32(10 ** (decibels / 20))


def wav(samples: Samples, *, at: int | None = None) -> bytes:
    """A WAV file of 16 bits, mono; `at` so many samples a second, usually eSpeak's `rate()`."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(at or rate())
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def raw_wav(
    data: bytes,
    *,
    rate: int = 24_000,
    channels: int = 1,
    bits: int = 16,
    kind: int = 1,
    data_size: int | None = None,
    riff_size: int | None = None,
) -> bytes:
    """A WAV file with the given fields in its head."""
    frame = channels * bits // 8
    body = (
        b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, kind, channels, rate, rate * frame % 2**32, frame, bits)
        + b"data"
        + struct.pack("<I", len(data) if data_size is None else data_size)
        + data
    )
    return b"RIFF" + struct.pack("<I", len(body) if riff_size is None else riff_size) + body


@cache
def converted(ending: str, *options: str, source: bytes | None = None) -> bytes:
    """The usual speech, or another WAV, as ffmpeg writes it to a file of this ending."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"converted.{ending}"
        ffmpeg(["-f", "wav", "-i", "pipe:0", *options, str(target)], wav(speech()), source)
        return target.read_bytes()


@cache
def piped(form: str, *options: str) -> bytes:
    """The usual speech as ffmpeg writes it where it cannot go back and fill in the sizes."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "wav", "-i", "pipe:0"]
    done = subprocess.run(
        [*command, *options, "-f", form, "pipe:1"],
        input=wav(speech()),
        capture_output=True,
        check=True,
    )
    return done.stdout


def rf64(**sizes: int) -> bytes:
    """`whole` and `sound`, in bytes, are in a chunk of their own."""
    data = bytearray(converted("wav", "-rf64", "always"))
    assert data[:4] == b"RF64"
    for name, at in (("whole", 20), ("sound", 28)):
        if name in sizes:
            data[at : at + 8] = sizes[name].to_bytes(8, "little")
    return bytes(data)


def ffmpeg(arguments: list[str], default: bytes = b"", given: bytes | None = None) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
    subprocess.run(command, input=default if given is None else given, check=True)
