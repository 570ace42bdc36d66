"""What the bytes of a file say of themselves, before anything decodes it.

Knows: signatures of what is no recording; the frames of WAV, MP4, Ogg and MP3, so far as to see
that one is cut off or lies about its size. Does not know: how to decode any of them. What is in
doubt here is left to ffmpeg.

ffmpeg reads what is left of a truncated file, and says nothing. A recording that arrived in part is
refused all the same: its owner can send the whole.
"""

import struct
from typing import Final

from engine.voices.examine.unfit import (
    Unfit,
    check_channels,
    check_rate,
    incomplete,
)

_ARCHIVES: Final = (b"PK\3\4", b"PK\5\6", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF")
_LISTS: Final = ("#extm3u", "ffconcat", "[playlist]", "<?xml", "<svg", "<mpd", "<smil", "<asx")
_LOOKED_AT: Final = 1024  # bytes, for text
#: Writers were seen to count a padding byte or a header too many; a lie is larger.
_SLACK: Final = 64
_MP3_BITS: Final = {  # kbit/s of layer III, by version: ISO 11172-3 and 13818-3
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def check(data: bytes) -> None:
    """Raises Unfit for a file that is certainly no whole recording."""
    if data.startswith(_ARCHIVES) or data[257:262] == b"ustar":
        raise Unfit("This is an archive. Unpack it, and send the recording that is in it.")
    if data.startswith(_PICTURES):
        raise Unfit("This is a picture or a document. Send a recording of the voice.")
    if data.startswith((b"RIFF", b"RF64")) and data[8:12] == b"WAVE":
        _check_wav(data)
    elif data.startswith(b"OggS"):
        _check_ogg(data)
    elif data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        _check_mp4(data)
    elif _is_mp3(data):
        _check_mp3(data)
    else:
        _check_text(data)


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
        raise Unfit(
            "This is a list of recordings or a page, with no sound in it. Send the recording "
            "itself."
        )
    raise Unfit("This is text, with no sound in it, whatever its name says. Send a recording.")


def _check_wav(data: bytes) -> None:
    """RF64 (EBU Tech 3306) is a WAV file whose sizes may stand in a chunk of their own."""
    (riff,) = struct.unpack_from("<I", data, 4)
    large = b""  # the sizes there: of the whole, of the sound
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"fmt " and size >= 16 and at + 16 <= len(data):
            _, channels, rate = struct.unpack_from("<HHI", data, at)
            check_channels(channels)
            check_rate(rate)
        if name == b"ds64" and data.startswith(b"RF64"):
            large = data[at : at + 16]
        if name == b"data":
            if len(large) == 16:
                riff, size = struct.unpack("<QQ", large)
            there = len(data) - at
            lies = size > there + _SLACK or (size == 0 and there > _SLACK)
            if lies or riff > len(data) + _SLACK or riff + 8 + _SLACK < at + size:
                raise incomplete()
            return
        at += size + (size & 1)
    raise incomplete()  # no sound in it, or it begins behind the end


def _check_mp4(data: bytes) -> None:
    """ISO 14496-12: a row of boxes, each with its size."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size == 0:  # to the end of the file
            return
        if size < 8 or not name.isascii():
            return  # no box: what follows the last one is of no account
        at += size
    if at > len(data):
        raise incomplete()


def _check_ogg(data: bytes) -> None:
    """RFC 3533, section 6."""
    at = 0
    while data[at : at + 4] == b"OggS":
        lacing = data[at + 27 : at + 27 + data[at + 26]] if at + 26 < len(data) else b""
        if not lacing and (at + 27 > len(data) or data[at + 26]):
            raise incomplete()
        at += 27 + data[at + 26] + sum(lacing)
        if at > len(data):
            raise incomplete()


def _is_mp3(data: bytes) -> bool:
    return data.startswith(b"ID3") or _mp3_frame(data, 0) > 0


def _check_mp3(data: bytes) -> None:
    at = 0
    if data.startswith(b"ID3") and len(data) >= 10:  # id3.org, ID3v2.4, section 3.1
        sizes = data[6:10]
        at = 10 + (sizes[0] << 21 | sizes[1] << 14 | sizes[2] << 7 | sizes[3])
        if at > len(data):
            raise incomplete()
    while size := _mp3_frame(data, at):
        at += size
    if at > len(data):
        raise incomplete()


def _mp3_frame(data: bytes, at: int) -> int:
    """The bytes of the frame of layer III that begins there; 0 if none does."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return 0
    version = data[at + 1] >> 3 & 3
    bits, rate = data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version == 1 or rate == 3 or bits in (0, 15):
        return 0
    kilobits = _MP3_BITS[3 if version == 3 else 2][bits]
    factor = 144_000 if version == 3 else 72_000
    return factor * kilobits // _MP3_RATES[version][rate] + (data[at + 2] >> 1 & 1)
