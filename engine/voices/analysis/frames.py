"""MP3, AAC (ADTS) and Ogg: rows of frames, each of which tells its size, and whether the last one
is all there.

Knows: sizes of frames, and what a Xing or VBRI header says of the whole. Does not know: sound.

A file that was cut off breaks off within a frame: one that ends between two frames cannot be told
from one that was made so. An index that tells of more frames than there are is no proof by itself:
programs that cut an MP3 leave that of the longer file, and end with a whole frame.
"""

import re
from collections.abc import Callable
from typing import Final

from engine.voices.analysis import sizes
from engine.voices.analysis.rejection import incomplete

_Size = Callable[[bytes, int], int]

_MP3_BITS: Final = {  # kbit/s of layer III, by version: ISO 11172-3 and 13818-3
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
#: How a frame of either begins; where there is none, how far the next is looked for, in bytes.
_SYNC: Final = re.compile(rb"\xff[\xe2\xe3\xf0-\xf3\xf8-\xfb]")
_NEAR: Final = 1 << 16
#: Many writers leave away that much of the last frame; a file that was cut off lacks more.
_FEW: Final = 4  # bytes


def is_mp3(data: bytes) -> bool:
    return data.startswith(b"ID3") or mp3_frame(data, 0) > 0


def check_mp3(data: bytes) -> None:
    """Raises Unfit."""
    at = _tag(data, 0)
    if at > len(data):
        raise incomplete()
    if not mp3_frame(data, at) and (at := _next(data, at, mp3_frame)) < 0:
        return
    first, (end, count) = at, _end(data, at, mp3_frame)
    torn = end - len(data)
    if torn <= 0:
        return
    frames, bytes_ = _index(data, first)
    if bytes_ >= len(data) - first:
        missing = bytes_ - (len(data) - first) > sizes.SLACK
    elif frames >= count - 1:
        missing = frames > count
    else:  # it tells of another file, or there is none
        missing = torn > _FEW
    if missing:
        raise incomplete()


def _index(data: bytes, at: int) -> tuple[int, int]:
    """Frames and bytes of the whole, as the first frame has it; 0 where it says nothing.

    Xing: the flags' lowest bits tell which of the two follow. VBRI: Fraunhofer's encoder.
    """
    mpeg1, mono = data[at + 1 : at + 2] > b"\xf7", data[at + 3 : at + 4] >= b"\xc0"
    xing = at + 4 + ((17 if mono else 32) if mpeg1 else (9 if mono else 17))
    numbers = [int.from_bytes(data[xing + each : xing + each + 4], "big") for each in (4, 8, 12)]
    if data[xing : xing + 4] in (b"Xing", b"Info"):
        flags = numbers[0]
        frames = numbers[1] + 1 if flags & 1 else 0  # the header's own frame does not count
        return frames, (numbers[2 if flags & 1 else 1] if flags & 2 else 0)
    vbri = at + 36
    if data[vbri : vbri + 4] == b"VBRI":
        size, count = data[vbri + 10 : vbri + 14], data[vbri + 14 : vbri + 18]
        return int.from_bytes(count, "big"), int.from_bytes(size, "big")
    return 0, 0


def mp3_frame(data: bytes, at: int) -> int:
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


def is_adts(data: bytes) -> bool:
    return _adts_frame(data, 0) > 0


def check_adts(data: bytes) -> None:
    """Raises Unfit."""
    end, _ = _end(data, 0, _adts_frame)
    if end - len(data) > _FEW:
        raise incomplete()


def _adts_frame(data: bytes, at: int) -> int:
    """ISO 13818-7, section 6.2: 0 if none begins there."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return 0
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return size if size >= 7 and data[at + 2] >> 2 & 15 < 13 else 0


def check_ogg(data: bytes) -> None:
    """Raises Unfit. RFC 3533, section 6. Pages that are all there, and no last page that says so,
    are what a recorder leaves that was ended: that is enough."""
    at = 0
    while (at := data.find(b"OggS", at)) >= 0:
        lacing = data[at + 27 : at + 27 + data[at + 26]] if at + 26 < len(data) else b""
        if not lacing and (at + 27 > len(data) or data[at + 26]):
            raise incomplete()
        at += 27 + data[at + 26] + sum(lacing)
        if at > len(data):
            raise incomplete()


def _end(data: bytes, at: int, size: _Size) -> tuple[int, int]:
    """Where the last frame ends, which may be behind the end of the file, and how many there are.
    What stands between frames (tags, damage) is passed over where two go on behind it."""
    count = 0
    while True:
        while step := size(data, at):
            at += step
            count += 1
        if at >= len(data):
            return at, count
        onward = _next(data, _tag(data, at), size)
        if onward < 0:
            return at, count
        at = onward


def _next(data: bytes, at: int, size: _Size) -> int:
    """Where a frame begins, not far away, that another one like it follows; -1 if nowhere."""
    for found in _SYNC.finditer(data, at, at + _NEAR):
        at = found.start()
        follows = at + size(data, at)
        if follows > at and size(data, follows) and _alike(data, at, follows):
            return at
    return -1


def _alike(data: bytes, one: int, other: int) -> bool:
    """Of one version, layer and sample rate."""
    return data[one + 1] == data[other + 1] and data[one + 2] & 0x0C == data[other + 2] & 0x0C


def _tag(data: bytes, at: int) -> int:
    """Where an ID3v2 tag ends that begins there, or `at`: id3.org, ID3v2.4, section 3.1."""
    if data[at : at + 3] != b"ID3" or len(data) < at + 10:
        return at
    sizes_ = data[at + 6 : at + 10]
    return at + 10 + (sizes_[0] << 21 | sizes_[1] << 14 | sizes_[2] << 7 | sizes_[3])
