"""What the bytes of a file say of themselves, before anything decodes it.

Knows: the signatures of files that are not recordings, which module checks which format, and the
chunks of WAV. Does not know: how to decode any of them. Doubtful files are left to ffmpeg.

ffmpeg reads what is left of a truncated file without a warning. A recording that arrived in part is
rejected all the same, because its owner can send all of it. Two things prove that a file was cut
off: a size that was filled in and reaches beyond the end of the file, and an incomplete last frame,
page or box. A declared duration proves nothing: silences that were not sent, a late start and the
index of a longer file are legitimate.
"""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.voices.analysis import chunks, frames
from engine.voices.analysis.chunks import is_unknown, within
from engine.voices.analysis.rejection import (
    RecordingRejected,
    check_channels,
    check_rate,
    incomplete,
    unreadable,
)

_ARCHIVES: Final = (b"PK\3\4", b"PK\5\6", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF")
_LISTS: Final = ("#extm3u", "ffconcat", "[playlist]", "<?xml", "<svg", "<mpd", "<smil", "<asx")
_LOOKED_AT: Final = 1024  # bytes, for text

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


def check(data: bytes) -> bytes | None:
    """The file rewritten so that ffmpeg can read it; None if ffmpeg can read it as it is.

    Raises RecordingRejected if the file is certainly not a complete recording.
    """
    if data.startswith(_ARCHIVES) or data[257:262] == b"ustar":
        raise RecordingRejected(code="archive-not-recording")
    if data.startswith(_PICTURES):
        raise RecordingRejected(code="picture-not-recording")
    if _is_wav(data):
        return _plain_wav(data)
    if chunks.is_aiff(data):
        return chunks.filled_aiff(data)
    if data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        chunks.check_avi(data)
    elif data.startswith(b".snd"):
        chunks.check_au(data)
    elif data.startswith(b"caff"):
        chunks.check_caf(data)
    elif chunks.is_asf(data):
        chunks.check_asf(data)
    elif data.startswith(b"OggS"):
        frames.check_ogg(data)
    elif chunks.is_mp4(data):
        chunks.check_mp4(data)
    elif chunks.is_matroska(data):
        chunks.check_matroska(data)
    elif frames.is_mp3(data):
        frames.check_mp3(data)
    elif frames.is_adts(data):
        frames.check_adts(data)
    else:
        _check_text(data)
    return None


def _check_text(data: bytes) -> None:
    try:
        text = data[:_LOOKED_AT].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < min(len(data), _LOOKED_AT) - 4:
            return
        text = data[: error.start].decode("utf-8-sig")
    if any(ord(each) < 32 and each not in "\t\n\r\f\v\x1b" for each in text):
        return
    if text.lstrip().lower().startswith(_LISTS):
        raise RecordingRejected(code="playlist-not-recording")
    raise RecordingRejected(code="text-not-recording")


# ---- WAV, RF64 and W64
#
# ffmpeg gets their sound behind a plain header. It finds no sound behind an odd chunk without its
# byte of padding or in a W64 of unknown size, and takes 24 bits in 32 for samples of three bytes,
# which makes noise (seen with ffmpeg 9.0). Only the size of the sound itself shows that a file was
# cut off. The size of the file, which many programs leave wrong, is ignored.


def _is_wav(data: bytes) -> bool:
    return (data.startswith(_HEADS) and data[8:12] == b"WAVE") or data.startswith(_W64)


def _plain_wav(data: bytes) -> bytes:
    """The same sound as a plain WAV file. Raises RecordingRejected if it was cut off."""
    format_, large = b"", b""
    for name, at, size, bits in _wav_chunks(data):
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
            return _wav_of(*_in_whole_bytes(format_, sound))
    raise incomplete()  # it has no sound, or its sound begins behind the end


def _wav_chunks(data: bytes) -> Iterator[tuple[bytes, int, int, int]]:
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


def _wav_of(format_: bytes, sound: bytes) -> bytes:
    body = b"WAVEfmt " + struct.pack("<I", len(format_)) + format_ + bytes(len(format_) & 1)
    head = body + b"data" + struct.pack("<I", len(sound))
    return b"RIFF" + struct.pack("<I", len(head) + len(sound)) + head + sound
