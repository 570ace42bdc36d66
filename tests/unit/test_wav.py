"""Stored recordings can be read; other files are refused with the reason."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.audio_format import SAMPLE_RATE
from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import Pcm
from engine.tts.audio.wav import MOST_WAV, RECORDING_RATE, WavSound, read_recording


def wav(samples: bytes, *, rate: int = RECORDING_RATE, channels: int = 1, width: int = 2) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)
    return buffer.getvalue()


WHOLE = wav(np.arange(-1000, 1000, dtype="<i2").tobytes())


def test_a_recording_is_read_as_it_was_written() -> None:
    sound = read_recording(wav(np.array([0, 16384, -32768, 32767], "<i2").tobytes()))
    assert sound.rate == 24_000
    assert sound.samples.dtype == np.float32
    assert sound.samples == pytest.approx([0, 0.5, -1, 1], abs=1e-4)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not a WAV file"),
        (b"RIFF" + bytes(100), "not a WAV file"),
        (b"ID3" + bytes(100), "not a WAV file"),
        (wav(bytes(200), rate=48_000), "48000 Hz"),
        (wav(bytes(200), channels=2), "2 channels"),
        (wav(bytes(200), width=1), "8 bits"),
        (wav(b""), "empty"),
        (WHOLE[:-500], "cut off"),
        (WHOLE[:40] + (2**31).to_bytes(4, "little") + WHOLE[44:], "cut off"),
    ],
)
def test_another_file_is_refused_with_what_it_is(content: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_recording(content)


@given(st.integers(0, 60), st.binary(min_size=1, max_size=8))
def test_a_damaged_header_is_refused_or_read(at: int, damage: bytes) -> None:
    content = WHOLE[:at] + damage + WHOLE[at + len(damage) :]
    try:
        sound = read_recording(content)
    except ValueError:
        return
    assert len(sound.samples) <= len(WHOLE)


def test_a_file_has_as_many_samples_as_its_header_says() -> None:
    sound = WavSound(SAMPLE_RATE)
    piece = Pcm(np.full(SAMPLE_RATE // 10, 0.5, np.float32), SAMPLE_RATE)
    assert [sound.feed(piece) for _ in range(30)] == [b""] * 30
    with wave.open(io.BytesIO(sound.flush())) as file:
        assert file.getnframes() == 3 * SAMPLE_RATE
        assert len(file.readframes(file.getnframes())) == 2 * file.getnframes()


def test_without_a_sound_there_is_no_file() -> None:
    assert WavSound(SAMPLE_RATE).flush() == b""


def test_a_file_that_gets_too_large_is_refused_with_what_to_do() -> None:
    sound = WavSound(SAMPLE_RATE)
    minute = Pcm(np.full(60 * SAMPLE_RATE, 0.5, np.float32), SAMPLE_RATE)
    for _ in range(MOST_WAV // (2 * len(minute.samples))):
        sound.feed(minute)
    with pytest.raises(SynthesisFailed) as refusal:
        sound.feed(minute)
    assert refusal.value.code == "too-long-for-wav"
