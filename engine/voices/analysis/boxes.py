"""MP4 and Matroska (WebM): whether the last of their boxes is all there.

Knows: boxes in a row, which of them may be open to the end. Does not know: what is in them. What is
behind the last box, such as text that a program left there, is of no account.
"""

import struct
from typing import Final

from engine.voices.analysis import sizes
from engine.voices.analysis.rejection import incomplete

#: What may stand in a row in a file: ISO 14496-12, and QuickTime's own.
_MP4: Final = (
    *(b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"ssix"),
    *(b"styp", b"prft", b"meta", b"uuid", b"udta", b"pdin", b"emsg", b"pnot", b"PICT"),
)
#: Boxes enough for any recording; a file with more is left to ffmpeg, which bounds its own time.
_MOST_BOXES: Final = 300_000
_HEAD, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_MATROSKA: Final = {  # RFC 9559, section 5.1
    *(_HEAD, _SEGMENT, _CLUSTER),
    *(0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367),
    *(0xE7, 0x5854, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF),  # what a cluster holds
    *(0xEC, 0xBF),  # padding, checksum
}


def is_mp4(data: bytes) -> bool:
    return data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def check_mp4(data: bytes) -> None:
    """Raises Unfit. ISO 14496-12, section 4.2."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size < 8 or name not in _MP4:  # 0: to the end of the file
            return
        at += size
    if at > len(data):
        raise incomplete()


def is_matroska(data: bytes) -> bool:
    return data.startswith(b"\x1a\x45\xdf\xa3")


def check_matroska(data: bytes) -> None:
    """Raises Unfit. RFC 8794: each element is an id, a size, the content. A stream that was written
    as it was made, such as a browser's, leaves the sizes of segment and clusters open."""
    at, ends = 0, len(data)  # of the segment, where that is known
    for _ in range(_MOST_BOXES):
        id_, middle = _number(data, at, marked=True)
        size, begin = _number(data, middle)
        if id_ not in _MATROSKA or size is None or (at >= ends and id_ != _HEAD):
            return
        unknown = size == (1 << 7 * (begin - middle)) - 1
        if unknown and id_ not in (_SEGMENT, _CLUSTER):
            return
        if id_ == _SEGMENT and not unknown:
            if size > len(data) - begin + sizes.SLACK:
                raise incomplete()
            ends = begin + size
        at = begin if unknown or id_ == _SEGMENT else begin + size
        if at > len(data):
            raise incomplete()


def _number(data: bytes, at: int, *, marked: bool = False) -> tuple[int | None, int]:
    """The number there, whose first byte tells its length, and where it ends. `marked`: with the
    bit that tells it, as ids are written. None where the file ends, or no number begins."""
    if at >= len(data) or not data[at]:
        return None, at
    size = 9 - data[at].bit_length()
    if at + size > len(data):
        return None, at
    number = int.from_bytes(data[at : at + size], "big")
    return number if marked else number & ((1 << 7 * size) - 1), at + size
