"""Opus: whole frames of 20 ms, nothing cut at the start or the end, complete only when ended."""

import io

import av
import numpy as np
import pytest

from engine.model.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME, SILENCE
from engine.tts.audio.ogg import OggReader
from engine.tts.audio.opus import OggSound, OpusEncoder
from engine.tts.audio.pcm import Pcm, Samples
from tests.unit.test_audio import sine


def decoded(packets: list[bytes]) -> np.ndarray:
    """As a client of Discord plays them: from the first sample that the decoder returns."""
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate = SAMPLE_RATE
    decoder.layout = "stereo"
    decoder.format = "s16"
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    return np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in frames]) / 32768


def encoded(samples: Samples, size: int = 1000) -> list[bytes]:
    encoder = OpusEncoder()
    pieces = [samples[at : at + size] for at in range(0, len(samples), size)]
    return [packet for piece in pieces for packet in encoder.feed(piece)] + encoder.flush()


@pytest.mark.parametrize("samples", [1, 100, 959, 960, 961, 5000])
def test_every_packet_is_a_stereo_frame_of_20_ms(samples: int) -> None:
    sound = decoded(encoded(sine(440, -20)[:samples]))
    assert len(sound) % SAMPLES_PER_FRAME == 0
    assert len(sound) >= samples + 312


@pytest.mark.parametrize("at", [0, 4700, 9500])
def test_a_click_at_the_start_the_middle_or_the_end_is_heard_where_it_was(at: int) -> None:
    sound = np.zeros(9600, np.float32)
    sound[at : at + 100] = sine(2000, -6)[:100]
    heard = np.abs(decoded(encoded(sound))[:, 0])
    loudest = int(heard.argmax()) - OpusEncoder().pre_skip
    assert at - 20 <= loudest <= at + 120
    assert heard.max() > 0.25


def test_packets_come_while_sound_is_still_fed() -> None:
    assert len(OpusEncoder().feed(sine(440, -20)[:2000])) == 1 + 2  # one of silence first


def test_a_sound_is_the_same_whatever_was_heard_before_it() -> None:
    packets = encoded(sine(247, -15)[:9600])
    alone = decoded(packets)
    after_silence = decoded([SILENCE] * 5 + packets)[5 * SAMPLES_PER_FRAME :]
    after_itself = decoded(packets + packets)[len(alone) :]
    begin = 2 * SAMPLES_PER_FRAME  # the silence, and the echo of the sound before in it
    assert np.abs(after_silence - alone).max() < 0.001
    assert np.abs(after_itself - alone)[begin:].max() < 0.001


def test_both_channels_carry_the_same() -> None:
    sound = decoded(encoded(sine(440, -20)[:9600]))
    assert np.abs(sound[:, 0] - sound[:, 1]).max() < 0.01


def stream(seconds: float, rate: int = 24_000) -> tuple[list[bytes], bytes]:
    """The pieces of an Ogg stream as they come, and its last."""
    sound = OggSound(rate)
    tone = sine(440, -20, seconds=seconds, rate=rate)
    size = rate // 20
    pieces = [sound.feed(Pcm(tone[at : at + size], rate)) for at in range(0, len(tone), size)]
    return pieces, sound.flush()


def test_the_stream_is_complete_only_with_its_last_piece() -> None:
    pieces, last = stream(1)
    reader = OggReader()
    for piece in pieces:
        reader.feed(piece)
    assert not reader.complete
    reader.feed(last)
    assert reader.complete


def test_the_first_packet_comes_with_the_first_tenth_of_a_second() -> None:
    pieces, _ = stream(1)
    assert OggReader().feed(b"".join(pieces[:2]))


@pytest.mark.parametrize("seconds", [0.03, 0.5, 2.345])
def test_the_stream_lasts_as_long_as_the_sound(seconds: float) -> None:
    pieces, last = stream(seconds)
    with av.open(io.BytesIO(b"".join(pieces) + last), "r") as file:
        samples = sum(frame.samples for frame in file.decode(audio=0))
    assert samples / SAMPLE_RATE == pytest.approx(seconds, abs=0.003)


def test_no_sound_makes_no_stream() -> None:
    sound = OggSound(24_000)
    assert sound.feed(Pcm(np.zeros(24_000, np.float32), 24_000)) == b""
    assert sound.flush() == b""


def test_the_same_sound_makes_the_same_stream() -> None:
    assert stream(0.5) == stream(0.5)
