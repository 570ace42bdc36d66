"""Ogg Opus: packets into pages and out of them, by the standard library only.

It follows RFC 3533 (pages, lacing, checksums) and RFC 7845 (Opus headers, granule positions). Every
packet that it writes is one frame of 20 ms.

Only the end-of-stream page says that a stream is complete: a writer withholds it until all is well,
and a reader must trust nothing else.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.model.audio_format import CHANNELS, SAMPLE_RATE, SAMPLES_PER_FRAME

#: Samples at 48 kHz by which libopus delays the sound (`OPUS_GET_LOOKAHEAD`, application audio).
PRE_SKIP: Final = 312
#: Packets a page at most: a packet takes up to 6 of the page's 255 lacing values.
PACKETS_PER_PAGE: Final = 255 // 6

_HEADER: Final = struct.Struct("<4sBBqIIIB")  # RFC 3533, section 6
_CRC_OFFSET: Final = 22
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_MAX_PACKET: Final = 1275 + 1  # RFC 6716, section 3.4: one frame, and its table of contents
_SERIAL: Final = 0x686E796D  # any number will do; a fixed one keeps identical sound identical
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class OggDamaged(ValueError):
    """These bytes are not an Ogg Opus stream, or were damaged."""


def checksum(page: bytes) -> int:
    """CRC-32 as Ogg defines it: polynomial 0x04C11DB7, most significant bit first, from zero.

    zlib computes the same polynomial with all bits reversed and complemented at both ends, and
    runs at gigabytes a second, so this reverses and complements around it.
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(reflected.to_bytes(4, "little").translate(_REVERSED), "big")


class OggWriter:
    """Writes one stream: `headers()`, `pages(packets)` as they come, `end(packets)`."""

    def __init__(self, *, pre_skip: int = PRE_SKIP, most: int = PACKETS_PER_PAGE) -> None:
        self._pre_skip = pre_skip
        self._most = most  # packets a page
        self._sequence = 0
        self._granule = 0

    def headers(self) -> bytes:
        head = b"OpusHead" + struct.pack("<BBHIhB", 1, CHANNELS, self._pre_skip, SAMPLE_RATE, 0, 0)
        vendor = b"mynah"
        tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
        return self._page([head], _FIRST) + self._page([tags], 0)

    def pages(self, packets: Sequence[bytes]) -> bytes:
        """The next packets, on as many pages as they need; nothing for none."""
        out = b""
        for at in range(0, len(packets), self._most):
            group = packets[at : at + self._most]
            self._granule += SAMPLES_PER_FRAME * len(group)
            out += self._page(group, 0)
        return out

    def end(self, packets: Sequence[bytes] = (), *, samples: int | None = None) -> bytes:
        """The last packets and the end of the stream.

        `samples`: how many samples at 48 kHz a listener hears in all, without the pre-skip; more
        samples in the last packet are padding. None: all.
        """
        keep = max(0, len(packets) - 1) // self._most * self._most
        out = self.pages(packets[:keep])
        self._granule += SAMPLES_PER_FRAME * len(packets[keep:])
        if samples is not None:
            self._granule = min(self._granule, self._pre_skip + samples)
        return out + self._page(packets[keep:], _LAST)

    def _page(self, packets: Sequence[bytes], kind: int) -> bytes:
        lacing = bytearray()
        for packet in packets:
            if len(packet) > _MAX_PACKET:
                raise ValueError(f"an Opus packet of 20 ms cannot have {len(packet)} bytes")
            lacing += b"\xff" * (len(packet) // 255)
            lacing.append(len(packet) % 255)
        header = _HEADER.pack(
            b"OggS", 0, kind, self._granule, _SERIAL, self._sequence, 0, len(lacing)
        )
        self._sequence += 1
        page = bytearray(header + lacing + b"".join(packets))
        struct.pack_into("<I", page, _CRC_OFFSET, checksum(bytes(page)))
        return bytes(page)


@dataclass(frozen=True, slots=True)
class OggPiece:
    """Bytes of a stream as they came, and the audio packets that they completed."""

    data: bytes
    packets: list[bytes]


class OggReader:
    """Takes a stream's bytes in pieces of any size, returns its audio packets."""

    def __init__(self) -> None:
        self.complete = False  # the end-of-stream page was seen
        self.pre_skip = 0
        self._buffer = bytearray()
        self._sequence = 0
        self._headers = 0
        self._unfinished = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The audio packets that are whole now. Raises OggDamaged."""
        self._buffer += data
        packets: list[bytes] = []
        while (page := self._take_page()) is not None:
            for packet in self._packets_of(page):
                if self._headers < 2:
                    self._read_header(packet)
                else:
                    packets.append(packet)
        return packets

    def _take_page(self) -> bytes | None:
        buffer = self._buffer
        if not b"OggS".startswith(buffer[:4]) and buffer[:4] != b"OggS":
            raise OggDamaged("no Ogg page begins where one must")
        if len(buffer) < _HEADER.size:
            return None
        lacing_end = _HEADER.size + buffer[_HEADER.size - 1]
        if len(buffer) < lacing_end:
            return None
        end = lacing_end + sum(buffer[_HEADER.size : lacing_end])
        if len(buffer) < end:
            return None
        page = bytes(buffer[:end])
        del buffer[:end]
        (crc,) = struct.unpack_from("<I", page, _CRC_OFFSET)
        if checksum(page[:_CRC_OFFSET] + bytes(4) + page[_CRC_OFFSET + 4 :]) != crc:
            raise OggDamaged("the checksum of a page is wrong")
        return page

    def _packets_of(self, page: bytes) -> list[bytes]:
        _, version, kind, _, _, sequence, _, segments = _HEADER.unpack_from(page)
        if version != 0 or sequence != self._sequence or self.complete:
            raise OggDamaged("a page is missing, or follows the end")
        if bool(kind & _CONTINUED) != bool(self._unfinished):
            raise OggDamaged("a packet is missing its beginning or its end")
        self._sequence += 1
        packets = []
        at = start = _HEADER.size + segments
        for size in page[_HEADER.size : at]:
            at += size
            if size < 255:
                packets.append(self._unfinished + page[start:at])
                self._unfinished = b""
                start = at
        self._unfinished += page[start:at]
        self.complete = bool(kind & _LAST)
        return packets

    def _read_header(self, packet: bytes) -> None:
        if not packet.startswith((b"OpusHead", b"OpusTags")[self._headers]):
            raise OggDamaged("this is not an Opus stream")
        if self._headers == 0:
            (self.pre_skip,) = struct.unpack_from("<H", packet, 10)
        self._headers += 1


def write_ogg(packets: Iterable[bytes]) -> bytes:
    """A complete stream of these packets of 20 ms, as one file."""
    writer = OggWriter()
    return writer.headers() + writer.end(list(packets))
