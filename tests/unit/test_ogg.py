"""Ogg Opus: what is written can be read again, and nothing else is accepted."""

import io
import zlib

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.audio_format import SAMPLES_PER_FRAME, SILENCE
from engine.tts.audio.ogg import PRE_SKIP, OggDamaged, OggReader, OggWriter, checksum, write_ogg

packets = st.lists(st.binary(min_size=1, max_size=1276), max_size=60)


def written(groups: list[list[bytes]]) -> bytes:
    writer = OggWriter()
    return writer.headers() + b"".join(writer.pages(group) for group in groups) + writer.end()


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def bit_by_bit(data: bytes) -> int:
    """The checksum of RFC 3533 as its text describes it."""
    register = 0
    for byte in data:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)
            register &= 0xFFFFFFFF
    return register


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_the_specification(data: bytes) -> None:
    assert checksum(data) == bit_by_bit(data)


@given(st.lists(packets, max_size=4), st.lists(st.integers(0, 500), max_size=40))
def test_packets_come_back_whatever_the_pieces_that_the_bytes_arrive_in(
    groups: list[list[bytes]], sizes: list[int]
) -> None:
    reader = OggReader()
    read = [packet for piece in cut(written(groups), sizes) for packet in reader.feed(piece)]
    assert read == [packet for group in groups for packet in group]
    assert reader.complete


@given(packets)
def test_a_file_holds_every_packet(given_packets: list[bytes]) -> None:
    reader = OggReader()
    assert reader.feed(write_ogg(given_packets)) == given_packets
    assert reader.complete


@given(packets.filter(bool), st.data())
def test_a_stream_cut_anywhere_is_not_complete(
    given_packets: list[bytes], data: st.DataObject
) -> None:
    stream = write_ogg(given_packets)
    reader = OggReader()
    read = reader.feed(stream[: data.draw(st.integers(0, len(stream) - 1))])
    assert read == given_packets[: len(read)]
    assert not reader.complete


@given(packets.filter(bool), st.data())
def test_a_changed_byte_never_yields_a_changed_packet(
    given_packets: list[bytes], data: st.DataObject
) -> None:
    stream = bytearray(write_ogg(given_packets))
    stream[data.draw(st.integers(0, len(stream) - 1))] ^= data.draw(st.integers(1, 255))
    reader = OggReader()
    try:
        read = reader.feed(bytes(stream))
    except OggDamaged:
        return
    assert not reader.complete
    assert read == given_packets[: len(read)]


def test_a_missing_page_is_noticed() -> None:
    writer = OggWriter()
    start = writer.headers() + writer.pages([SILENCE])
    writer.pages([SILENCE])
    with pytest.raises(OggDamaged):
        OggReader().feed(start + writer.end([SILENCE]))


def test_bytes_after_the_end_are_noticed() -> None:
    stream = write_ogg([SILENCE])
    with pytest.raises(OggDamaged):
        OggReader().feed(stream + stream)


@pytest.mark.parametrize("data", [b"RIFF....WAVE", b"{", zlib.compress(b"x" * 100)])
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(OggDamaged):
        OggReader().feed(data)


def test_a_packet_longer_than_opus_allows_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have 1277 bytes"):
        write_ogg([bytes(1277)])


def test_ffmpeg_reads_the_file_and_its_length() -> None:
    with av.open(io.BytesIO(write_ogg([SILENCE] * 100)), "r") as file:
        stream = file.streams.audio[0]
        samples = sum(frame.samples for frame in file.decode(stream))
    assert stream.rate == 48_000
    assert samples == 100 * SAMPLES_PER_FRAME - PRE_SKIP


def test_ffmpeg_drops_the_padding_beyond_the_length_told_at_the_end() -> None:
    writer = OggWriter()
    stream = writer.headers() + writer.pages([SILENCE] * 3) + writer.end([SILENCE], samples=3000)
    with av.open(io.BytesIO(stream), "r") as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) == 3000


def test_the_reader_tells_how_much_of_the_start_is_the_codecs_own() -> None:
    reader = OggReader()
    reader.feed(OggWriter(pre_skip=100).headers())
    assert reader.pre_skip == 100
