"""Datagrams of Discord voice: IP discovery, keep-alives, and RTP under its transport encryption;
and the socket that receives them.

Knows: the layout of bytes, `aead_xchacha20_poly1305_rtpsize`, and one socket on loopback. Does not
know: the end-to-end encryption inside, or which client a datagram belongs to.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
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
_LARGEST = 2048  # bytes; datagrams of Discord's own clients are below 1,500
_BATCH = 256  # datagrams, before the loop gets its turn
_BUFFER = 4 << 20  # bytes, for what arrives while the loop is busy with a handshake

Receive = Callable[[bytes, tuple[str, int], float], bytes | None]


class Undecipherable(Exception):
    """The datagram was not encrypted with the key of its sender."""


@dataclass(frozen=True, slots=True)
class Packet:
    sequence: int
    timestamp: int
    payload: bytes


def answer(datagram: bytes, address: tuple[str, int]) -> bytes | None:
    """The reply to a discovery request or a keep-alive; None for any other datagram."""
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
    """The ssrc that a datagram names, without decryption; None if it cannot name one."""
    if len(datagram) == _DISCOVERY.size and datagram[:2] == b"\x00\x01":
        return int.from_bytes(datagram[4:8], "big")
    if len(datagram) > _HEADER.size + _NONCE_BYTES and datagram[1] & 0x7F == _OPUS:
        return int.from_bytes(datagram[8:12], "big")
    return None


def decrypt(datagram: bytes, key: bytes) -> Packet:
    """Remove the transport encryption.

    The additional data is the RTP header with its contributing sources and the head of its
    extension. The nonce is the last 4 bytes, padded to 24. Raises Undecipherable.
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


class DatagramSocket:
    """Calls `receive(datagram, address, time.monotonic())` for each datagram, and sends back what
    it returns.

    It uses `add_reader` and reads all that has arrived: 200 streams are 10,000 datagrams a second,
    and asyncio's own transport takes one turn of the loop for each.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """From now on the system tells a sender on this machine that the port is unreachable."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                datagram, address = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            reply = self._receive(datagram, address, time.monotonic())
            if reply is not None:
                self._socket.sendto(reply, address)
