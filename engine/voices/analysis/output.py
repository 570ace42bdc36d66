"""The stretch that is kept: at the usual loudness, as WAV, and as Ogg Opus to listen to.

Knows: loudness, fades, the two file formats. Does not know: why this stretch. The same stretch
gives the same bytes, because their hash identifies a recording.
"""

import io
import wave
from typing import Final

import numpy as np

from engine.tts.audio.opus import OggSound
from engine.tts.audio.pcm import Pcm, Samples, amplitude, loudness
from engine.voices.analysis.decode import RATE
from engine.voices.analysis.rejection import Unheard, unreadable
from engine.voices.analysis.stretches import ONE_CHANNEL

LOUDNESS: Final = -23.0  # LUFS, EBU R 128: such speech peaks well below full scale
PEAK: Final = amplitude(-1.0)
_FADE: Final = 0.005  # seconds at both ends, so that no edge clicks
_FULL_SCALE: Final = 32767


def level(stretch: Pcm) -> Pcm:
    """The stretch at the usual loudness, or below it if its peaks would pass the ceiling: a limiter
    would distort the voice that an engine imitates."""
    heard = loudness(stretch) - ONE_CHANNEL
    peak = float(np.abs(stretch.samples).max())
    if not np.isfinite(heard) or not peak:
        raise Unheard(code="recording-too-quiet")
    gain = min(amplitude(LOUDNESS - heard), PEAK / peak)
    samples = stretch.samples * np.float32(gain)
    fade = np.linspace(0, 1, int(_FADE * stretch.rate), dtype=np.float32)
    samples[: len(fade)] *= fade
    samples[-len(fade) :] *= fade[::-1]
    return Pcm(samples, stretch.rate)


def to_wav(pcm: Pcm) -> bytes:
    """A WAV file: mono, 16 bits."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(pcm.rate)
        file.writeframes((pcm.samples * _FULL_SCALE).round().astype("<i2").tobytes())
    return buffer.getvalue()


def from_wav(data: bytes) -> Pcm:
    """The sound of a file made by `to_wav`. Raises RecordingRejected for any other file."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise unreadable() from error
    if shape != (1, 2, RATE):
        raise unreadable()
    samples: Samples = np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    return Pcm(samples, RATE)


def to_preview(pcm: Pcm) -> bytes:
    """A complete Ogg Opus stream."""
    sound = OggSound(pcm.rate)
    return sound.feed(pcm) + sound.flush()
