"""AIFF, AU, CAF, AVI and ASF: whether the part that holds the sound is all there.

Knows: how these formats name the size of that part. Does not know: what else is in them.
"""

import struct
from typing import Final

from engine.voices.analysis import sizes
from engine.voices.analysis.rejection import incomplete

#: What a CAF file consists of; anything else is behind its end.
_CAF: Final = (
    *(b"desc", b"data", b"pakt", b"chan", b"kuki", b"info", b"free", b"strg", b"mark", b"regn"),
    *(b"inst", b"midi", b"ovvw", b"peak", b"edct", b"umid", b"uuid"),
)
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")


def is_aiff(data: bytes) -> bool:
    return data.startswith(b"FORM") and data[8:12] in (b"AIFF", b"AIFC")


def filled_aiff(data: bytes) -> bytes:
    """The file with its sizes filled in: ffmpeg reads none without. Raises Unfit for one that was
    cut off. Apple's Audio Interchange File Format 1.3."""
    filled = bytearray(data)
    struct.pack_into(">I", filled, 4, min(len(data) - 8, 2**32 - 1))
    at, common = 12, 0
    while at + 8 <= len(data):
        name, size = struct.unpack_from(">4sI", data, at)
        if name == b"COMM":
            common = at + 8
        elif name == b"SSND":
            there = len(data) - at - 8
            sound = max(0, sizes.within(size, there) - 8)
            struct.pack_into(">I", filled, at + 4, sound + 8)
            if 0 < common <= len(data) - 8:
                channels, frames, bits = struct.unpack_from(">hIh", data, common)
                frame = channels * ((bits + 7) // 8)
                if frame > 0 and sizes.is_unknown(frames * frame):
                    struct.pack_into(">I", filled, common + 2, sound // frame)
            return bytes(filled)
        at += 8 + size + (size & 1)
    raise incomplete()


def check_au(data: bytes) -> None:
    """Raises Unfit."""
    if len(data) < 24:
        raise incomplete()
    begin, size = struct.unpack_from(">II", data, 4)
    sizes.within(size, len(data) - begin)


def check_caf(data: bytes) -> None:
    """Raises Unfit. Apple's Core Audio Format, whose sound may go on to the end (size -1)."""
    at = 8
    while at + 12 <= len(data):
        name, size = struct.unpack_from(">4sQ", data, at)
        at += 12
        if name not in _CAF or (name == b"data" and sizes.is_unknown(size, bits=64)):
            return
        if size > len(data) - at + sizes.SLACK:
            raise incomplete()
        at += size


def check_avi(data: bytes) -> None:
    """Raises Unfit."""
    at = 12
    while at + 12 <= len(data):
        name, size, kind = struct.unpack_from("<4sI4s", data, at)
        at += 8
        if name == b"LIST" and kind == b"movi":
            sizes.within(size, len(data) - at)
            return
        at += size + (size & 1)
    raise incomplete()


def is_asf(data: bytes) -> bool:
    return data.startswith(_ASF)


def check_asf(data: bytes) -> None:
    """Raises Unfit. Microsoft's Advanced Systems Format, a row of objects."""
    at = 0
    while at + 24 <= len(data):
        (size,) = struct.unpack_from("<Q", data, at + 16)
        if data[at : at + 16] == _ASF_DATA:
            sizes.within(size, len(data) - at, bits=64)
            return
        if size < 24:
            return
        at += size
    raise incomplete()
