"""One UDP socket on loopback, read in batches with the time of arrival.

Reads with `add_reader` and drains what is there: 200 streams are 10,000 datagrams a second, and
asyncio's own transport takes one turn of the loop for each.

Knows: a socket. Does not know: what is in a datagram.
"""

import asyncio
import socket
import time
from collections.abc import Callable

_LARGEST = 2048  # bytes; Discord's own clients stay below 1,500
_BATCH = 256  # then the loop gets its turn
_BUFFER = 4 << 20  # bytes: what arrives while the loop is busy with a handshake

Receive = Callable[[bytes, tuple[str, int], float], bytes | None]


class DatagramSocket:
    """Calls `receive(datagram, address, time.monotonic())` for each datagram, and sends back what
    it returns."""

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
        """From now on a sender on this machine is told that the port is unreachable."""
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
