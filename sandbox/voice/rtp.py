"""Datagrams of Discord voice: IP discovery, keep-alives, and RTP under its transport encryption.

Knows: the layout of bytes, and `aead_xchacha20_poly1305_rtpsize`. Does not know: sockets, or the
end-to-end encryption inside.
"""

import struct
from dataclasses import dataclass

import nacl.bindings
import nacl.exceptions

MODE = "aead_xchacha20_poly1305_rtpsize"
KEY_BYTES = 32
_DISCOVERY = struct.Struct(">HHI64sH")  # type, length of the rest, ssrc, address, port: 74 bytes
_DISCOVERY_REQUEST, _DISCOVERY_RESPONSE, _DISCOVERY_LENGTH = 1, 2, 70
_KEEP_ALIVE_BYTES = 8
_HEADER = struct.Struct(">BBHII")
_OPUS = 0x78  # RTP payload type
_NONCE_BYTES, _NONCE_PADDING = 4, bytes(20)


class Undecipherable(Exception):
    """A datagram that is not what its sender's key would make."""


@dataclass(frozen=True, slots=True)
class Packet:
    sequence: int
    timestamp: int
    payload: bytes


def answer(datagram: bytes, address: tuple[str, int]) -> bytes | None:
    """The reply that is due to a discovery request or a keep-alive; None for any other datagram."""
    if len(datagram) == _KEEP_ALIVE_BYTES:
        return datagram
    if len(datagram) != _DISCOVERY.size:
        return None
    kind, length, ssrc, _, _ = _DISCOVERY.unpack(datagram)
    if (kind, length) != (_DISCOVERY_REQUEST, _DISCOVERY_LENGTH):
        return None
    host, port = address
    return _DISCOVERY.pack(_DISCOVERY_RESPONSE, _DISCOVERY_LENGTH, ssrc, host.encode(), port)


def sender(datagram: bytes) -> int | None:
    """The ssrc that a datagram names, without a look inside; None when it can name none."""
    if len(datagram) == _DISCOVERY.size and datagram[:2] == b"\x00\x01":
        return int.from_bytes(datagram[4:8], "big")
    if len(datagram) > _HEADER.size + _NONCE_BYTES and datagram[1] & 0x7F == _OPUS:
        return int.from_bytes(datagram[8:12], "big")
    return None


def decrypt(datagram: bytes, key: bytes) -> Packet:
    """Undo the transport encryption.

    The additional data is the RTP header with its contributing sources and the head of its
    extension; the nonce is the last 4 bytes, padded to 24. Raises Undecipherable.
    """
    first, _, sequence, timestamp, _ = _HEADER.unpack_from(datagram)
    size = _HEADER.size + 4 * (first & 0x0F)
    extension = 0
    if first & 0x10:
        extension = 4 * int.from_bytes(datagram[size + 2 : size + 4], "big")
        size += 4
    nonce = datagram[-_NONCE_BYTES:] + _NONCE_PADDING
    try:
        payload = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            datagram[size:-_NONCE_BYTES], datagram[:size], nonce, key
        )
    except (nacl.exceptions.CryptoError, nacl.exceptions.ValueError) as error:
        raise Undecipherable(str(error)) from error
    return Packet(sequence, timestamp, payload[extension:])
