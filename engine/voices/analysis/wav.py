"""WAV, RF64 and W64: where the sound is, and in which bytes of a sample its bits are.

Knows: chunks, sizes that were not filled in or are wrong, samples of 24 bits in 32. Does not know:
how any codec is decoded. ffmpeg gets the sound behind a plain header. It finds no sound behind an
odd chunk without its byte of padding or in a W64 of unknown size, and takes 24 bits in 32 for
samples of three bytes, which makes noise (seen with ffmpeg 9.0).

Only the size of the sound itself shows that a file was cut off. The size of the file, which many
programs leave wrong, is ignored.
"""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.voices.analysis.chunks import is_unknown, within
from engine.voices.analysis.rejection import check_channels, check_rate, incomplete, unreadable

_HEADS: Final = (b"RIFF", b"RF64", b"BW64")
_W64: Final = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
#: Chunks before the sound: the name behind an odd one shows whether it was padded.
_NAMES: Final = (
    *(b"data", b"fmt ", b"LIST", b"fact", b"bext", b"JUNK", b"junk", b"PEAK", b"cue ", b"smpl"),
    *(b"inst", b"iXML", b"id3 ", b"ID3 ", b"ds64", b"FLLR", b"PAD ", b"axml", b"chna", b"acid"),
)
_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE
#: KSDATAFORMAT_SUBTYPE, without the number of the format that it begins with.
_SUBTYPE: Final = bytes.fromhex("0000000010008000 00aa00389b71")
_FORMAT: Final = struct.Struct("<HHIIHH")  # kind, channels, rate, bytes a second, frame, bits


def is_wav(data: bytes) -> bool:
    return (data.startswith(_HEADS) and data[8:12] == b"WAVE") or data.startswith(_W64)


def plain(data: bytes) -> bytes:
    """The same sound as a plain WAV file. Raises RecordingRejected if it was cut off."""
    format_, large = b"", b""
    for name, at, size, bits in _chunks(data):
        if name == b"fmt " and size >= _FORMAT.size and at + _FORMAT.size <= len(data):
            format_ = data[at : at + size]
            _, channels, rate, *_ = _FORMAT.unpack_from(format_)
            check_channels(channels)
            check_rate(rate)
        elif name == b"ds64":
            large = data[at : at + 16]
        elif name == b"data":
            if len(large) == 16 and size == 0xFFFFFFFF:  # EBU Tech 3306, section 3
                size, bits = int.from_bytes(large[8:], "little"), 64
            sound = data[at : at + within(size, len(data) - at, bits=bits)]
            if not format_:
                raise unreadable()
            return _written(*_in_whole_bytes(format_, sound))
    raise incomplete()  # it has no sound, or its sound begins behind the end


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """For each chunk: its name, where its content begins, the content's size, and how many bits
    that size is written in."""
    if data.startswith(_W64):
        at = 40
        while at + 24 <= len(data):
            (size,) = struct.unpack_from("<Q", data, at + 16)
            unknown = is_unknown(size, bits=64)
            yield data[at : at + 4], at + 24, size if unknown else max(0, size - 24), 64
            at += max(24, size + 7 & ~7)
        return
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, size, 32
        at += 8 + size
        if size & 1 and (data[at + 1 : at + 5] in _NAMES or data[at : at + 4] not in _NAMES):
            at += 1


def _in_whole_bytes(format_: bytes, sound: bytes) -> tuple[bytes, bytes]:
    """A format that gives the bits that a sample occupies, not those that it uses.

    Microsoft's WAVEFORMATEXTENSIBLE puts the used bits at the upper end. Some writers put them at
    the lower end: there the lower bits are in use and the upper ones are not.
    """
    kind, channels, rate, _, frame, bits = _FORMAT.unpack_from(format_)
    used = bits
    if kind == _EXTENSIBLE and len(format_) >= 40 and format_[26:40] == _SUBTYPE:
        used, kind = (struct.unpack_from("<H", format_, each)[0] for each in (18, 24))
    if kind not in (_INTEGERS, _FLOATS):
        return format_, sound
    size = (bits + 7) // 8
    if kind == _INTEGERS and size == 3 and frame == 4 * channels:
        size = 4
    if kind == _INTEGERS and size == 4 and 16 < used < 32:
        sound = _at_the_upper_end(sound, used)
    frame = size * channels
    return _FORMAT.pack(kind, channels, rate, rate * frame % 2**32, frame, 8 * size), sound


def _at_the_upper_end(sound: bytes, used: int) -> bytes:
    samples = np.frombuffer(sound[: len(sound) // 4 * 4], "<i4")
    shift = 32 - used
    if not (samples & ((1 << shift) - 1)).any():
        return sound
    most = 1 << (used - 1)
    if samples.min() < -most or samples.max() >= most:
        return sound
    return (samples << shift).astype("<i4").tobytes()


def _written(format_: bytes, sound: bytes) -> bytes:
    body = b"WAVEfmt " + struct.pack("<I", len(format_)) + format_ + bytes(len(format_) & 1)
    head = body + b"data" + struct.pack("<I", len(sound))
    return b"RIFF" + struct.pack("<I", len(head) + len(sound)) + head + sound
