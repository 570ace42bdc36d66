"""MP3, AAC (ADTS) and Ogg: sequences of frames that give their size, and whether the last one is
complete.

Knows: the sizes of frames, and what a Xing or VBRI header says about the file. Does not know:
sound.

A file that was cut off usually ends within a frame; one that ends between two frames cannot be told
from a complete one. An index of more frames than there are proves nothing by itself: programs that
shorten an MP3 keep the index of the longer file, and end with a complete frame.
"""

import re
from collections.abc import Callable
from typing import Final

from engine.voices.analysis.chunks import SLACK
from engine.voices.analysis.rejection import incomplete

_Size = Callable[[bytes, int], int]

_MP3_BITS: Final = {  # kbit/s of layer III, by version: ISO 11172-3 and 13818-3
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
#: How a frame of MP3 or AAC begins.
_SYNC: Final = re.compile(rb"\xff[\xe2\xe3\xf0-\xf3\xf8-\xfb]")
#: Bytes in which the next frame is searched for.
_NEAR: Final = 1 << 16
#: Many writers omit so much of the last frame; a file that was cut off lacks more.
_FEW: Final = 4  # bytes


def is_mp3(data: bytes) -> bool:
    return data.startswith(b"ID3") or mp3_frame(data, 0) > 0


def check_mp3(data: bytes) -> None:
    """Raises RecordingRejected."""
    at = _tag(data, 0)
    if at > len(data):
        raise incomplete()
    if not mp3_frame(data, at) and (at := _next(data, at, mp3_frame)) < 0:
        return
    first, (end, count) = at, _end(data, at, mp3_frame)
    lacking = end - len(data)
    if lacking <= 0:
        return
    frames, bytes_ = _index(data, first)
    if bytes_ >= len(data) - first:
        missing = bytes_ - (len(data) - first) > SLACK
    elif frames >= count - 1:
        missing = frames > count
    else:  # the index belongs to another file, or there is none
        missing = lacking > _FEW
    if missing:
        raise incomplete()


def _index(data: bytes, at: int) -> tuple[int, int]:
    """The file's frames and bytes, as its first frame gives them; 0 where it does not.

    Xing: the lowest bits of the flags say which of the two follow. VBRI: Fraunhofer's encoder.
    """
    mpeg1, mono = data[at + 1 : at + 2] > b"\xf7", data[at + 3 : at + 4] >= b"\xc0"
    xing = at + 4 + ((17 if mono else 32) if mpeg1 else (9 if mono else 17))
    numbers = [int.from_bytes(data[xing + each : xing + each + 4], "big") for each in (4, 8, 12)]
    if data[xing : xing + 4] in (b"Xing", b"Info"):
        flags = numbers[0]
        frames = numbers[1] + 1 if flags & 1 else 0  # without the header's own frame
        return frames, (numbers[2 if flags & 1 else 1] if flags & 2 else 0)
    vbri = at + 36
    if data[vbri : vbri + 4] == b"VBRI":
        size, count = data[vbri + 10 : vbri + 14], data[vbri + 14 : vbri + 18]
        return int.from_bytes(count, "big"), int.from_bytes(size, "big")
    return 0, 0


def mp3_frame(data: bytes, at: int) -> int:
    """The bytes of the layer III frame that begins at `at`; 0 if none begins there."""
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
    """Raises RecordingRejected."""
    end, _ = _end(data, 0, _adts_frame)
    if end - len(data) > _FEW:
        raise incomplete()


def _adts_frame(data: bytes, at: int) -> int:
    """The bytes of the frame that begins at `at`; 0 if none begins there. ISO 13818-7, section
    6.2."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return 0
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return size if size >= 7 and data[at + 2] >> 2 & 15 < 13 else 0


def check_ogg(data: bytes) -> None:
    """Raises RecordingRejected. RFC 3533, section 6. Complete pages without a page marked as the
    last are accepted: a recorder that was killed leaves such a file."""
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
    Bytes between frames (tags, damage) are skipped if two frames follow them."""
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
    """Where the next frame begins that is followed by one like it; -1 if there is none near."""
    for found in _SYNC.finditer(data, at, at + _NEAR):
        at = found.start()
        follows = at + size(data, at)
        if follows > at and size(data, follows) and _alike(data, at, follows):
            return at
    return -1


def _alike(data: bytes, one: int, other: int) -> bool:
    """Whether both have the same version, layer and sample rate."""
    return data[one + 1] == data[other + 1] and data[one + 2] & 0x0C == data[other + 2] & 0x0C


def _tag(data: bytes, at: int) -> int:
    """Where the ID3v2 tag that begins at `at` ends, or `at`. id3.org, ID3v2.4, section 3.1."""
    if data[at : at + 3] != b"ID3" or len(data) < at + 10:
        return at
    size = data[at + 6 : at + 10]
    return at + 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
