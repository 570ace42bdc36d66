"""Formats made of parts that name their own size: AIFF, AU, CAF, AVI, ASF, MP4, Matroska (WebM).

Knows: how each format writes the size of a part, and whether the part with the sound, or the last
one, is complete. Does not know: what is in a part. Bytes behind the last part, such as text that a
program left there, are ignored.

A program that writes into a pipe cannot go back and fill in a size. It leaves 0, or a size that no
file reaches, such as 0xFFFFFFFF (ffmpeg), 0x7FFFF000 (SoX, eSpeak) or 0x7F000000 (SoX, AIFF), with
or without the bytes of the header. Such a size is unknown: it does not prove a cut-off file.
"""

import struct
from typing import Final

from engine.voices.analysis.rejection import incomplete

# ---- sizes

#: Some writers count a padding byte or a header too many; a file that was cut off lacks more.
SLACK: Final = 64  # bytes
#: No upload has a size from here on, so 32 bits that hold one mean "unknown".
_UNFILLED: Final = 0x7F000000
#: The same for 64 bits: -1, or the largest number minus a header.
_UNFILLED_LARGE: Final = 0x7FFF_FFFF_FFFF_0000


def is_unknown(size: int, *, bits: int = 32) -> bool:
    return size == 0 or size >= (_UNFILLED if bits == 32 else _UNFILLED_LARGE)


def within(size: int, available: int, *, bits: int = 32) -> int:
    """How many of the `available` bytes belong to a part of this size: all if the size is unknown.

    Raises RecordingRejected if a size that was filled in reaches beyond the file: it was cut off.
    """
    if is_unknown(size, bits=bits):
        return available
    if size > available + SLACK:
        raise incomplete()
    return min(size, available)


# ---- AIFF, AU, CAF, AVI, ASF

#: The chunks of a CAF file; anything else is behind its end.
_CAF: Final = (
    *(b"desc", b"data", b"pakt", b"chan", b"kuki", b"info", b"free", b"strg", b"mark", b"regn"),
    *(b"inst", b"midi", b"ovvw", b"peak", b"edct", b"umid", b"uuid"),
)
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def is_aiff(data: bytes) -> bool:
    return data.startswith(b"FORM") and data[8:12] in (b"AIFF", b"AIFC")


def filled_aiff(data: bytes) -> bytes:
    """The file with its sizes filled in, because ffmpeg cannot read it without them. Raises
    RecordingRejected if it was cut off. Source: Apple's Audio Interchange File Format 1.3."""
    filled = bytearray(data)
    struct.pack_into(">I", filled, 4, min(len(data) - 8, 2**32 - 1))
    at, common = 12, 0
    while at + 8 <= len(data):
        name, size = struct.unpack_from(">4sI", data, at)
        if name == b"COMM":
            common = at + 8
        elif name == b"SSND":
            available = len(data) - at - 8
            sound = max(0, within(size, available) - 8)
            struct.pack_into(">I", filled, at + 4, sound + 8)
            if 0 < common <= len(data) - 8:
                channels, frames, bits = struct.unpack_from(">hIh", data, common)
                frame = channels * ((bits + 7) // 8)
                if frame > 0 and is_unknown(frames * frame):
                    struct.pack_into(">I", filled, common + 2, sound // frame)
            return bytes(filled)
        at += 8 + size + (size & 1)
    raise incomplete()


def check_au(data: bytes) -> None:
    """Raises RecordingRejected."""
    if len(data) < 24:
        raise incomplete()
    begin, size = struct.unpack_from(">II", data, 4)
    within(size, len(data) - begin)


def check_caf(data: bytes) -> None:
    """Raises RecordingRejected. In Apple's Core Audio Format the sound may reach to the end of the
    file (size -1)."""
    at = 8
    while at + 12 <= len(data):
        name, size = struct.unpack_from(">4sQ", data, at)
        at += 12
        if name not in _CAF or (name == b"data" and is_unknown(size, bits=64)):
            return
        if size > len(data) - at + SLACK:
            raise incomplete()
        at += size


def check_avi(data: bytes) -> None:
    """Raises RecordingRejected."""
    at = 12
    while at + 12 <= len(data):
        name, size, kind = struct.unpack_from("<4sI4s", data, at)
        at += 8
        if name == b"LIST" and kind == b"movi":
            within(size, len(data) - at)
            return
        at += size + (size & 1)
    raise incomplete()


def is_asf(data: bytes) -> bool:
    return data.startswith(_ASF)


def check_asf(data: bytes) -> None:
    """Raises RecordingRejected. Microsoft's Advanced Systems Format is a sequence of objects."""
    at = 0
    while at + 24 <= len(data):
        (size,) = struct.unpack_from("<Q", data, at + 16)
        if data[at : at + 16] == _ASF_DATA:
            within(size, len(data) - at, bits=64)
            return
        if size < 24:
            return
        at += size
    raise incomplete()


# ---- MP4, Matroska

#: The boxes at the top level of a file: ISO 14496-12, and QuickTime's own.
_MP4: Final = (
    *(b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"ssix"),
    *(b"styp", b"prft", b"meta", b"uuid", b"udta", b"pdin", b"emsg", b"pnot", b"PICT"),
)
#: Enough for any recording; a file with more is left to ffmpeg, which limits its own time.
_MOST_ELEMENTS: Final = 300_000
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
    """Raises RecordingRejected. ISO 14496-12, section 4.2."""
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
    """Raises RecordingRejected. RFC 8794: an element is an id, a size and the content. A program
    that writes while it records, such as a browser, leaves the sizes of segment and clusters
    open."""
    at, ends = 0, len(data)  # the end of the segment, where it is known
    for _ in range(_MOST_ELEMENTS):
        id_, middle = _number(data, at, with_marker=True)
        size, begin = _number(data, middle)
        if id_ not in _MATROSKA or size is None or (at >= ends and id_ != _HEAD):
            return
        unknown = size == (1 << 7 * (begin - middle)) - 1
        if unknown and id_ not in (_SEGMENT, _CLUSTER):
            return
        if id_ == _SEGMENT and not unknown:
            if size > len(data) - begin + SLACK:
                raise incomplete()
            ends = begin + size
        at = begin if unknown or id_ == _SEGMENT else begin + size
        if at > len(data):
            raise incomplete()


def _number(data: bytes, at: int, *, with_marker: bool = False) -> tuple[int | None, int]:
    """The number at `at`, whose first byte gives its length, and where it ends. Ids are written
    `with_marker`, the bit that gives the length. None at the end of the file, and where no number
    begins."""
    if at >= len(data) or not data[at]:
        return None, at
    size = 9 - data[at].bit_length()
    if at + size > len(data):
        return None, at
    number = int.from_bytes(data[at : at + size], "big")
    return number if with_marker else number & ((1 << 7 * size) - 1), at + size
