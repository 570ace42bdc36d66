"""Sessions at the gateway, and the connections that they use.

Knows: sequence numbers, the buffer from which missed events are sent again, the form on the wire.
Does not know: what events mean, or when a session begins and ends (`gateway`).
"""

import asyncio
import json
import secrets
import zlib
from enum import IntEnum
from typing import Any, Final

from aiohttp import web

from sandbox.model import Json


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


INTENTS: Final = {
    "guilds": 1 << 0,
    "members": 1 << 1,
    "voice_states": 1 << 7,
    "presences": 1 << 8,
    "messages": 1 << 9,
    "direct_messages": 1 << 12,
    "message_content": 1 << 15,
}
#: Events that a session keeps. A client that missed more cannot resume.
MOST_TO_REPLAY: Final = 1000


class Connection:
    """One websocket. A task of its own sends what is queued, in order."""

    def __init__(
        self, socket: web.WebSocketResponse, flowing: asyncio.Event, *, compress: bool
    ) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.closed_with: int | None = None  # by Discord
        # By the client. Not aiohttp's `close_code`, which is 1000 also when TCP just ends.
        self.left_with: int | None = None
        self._flowing = flowing  # while it is not set, nothing is sent
        self._compressor = zlib.compressobj() if compress else None
        self._outgoing: asyncio.Queue[Json | str | bytes] = asyncio.Queue()
        self._window_ends = 0.0
        self._received = 0  # in the current window

    def count(self, now: float, seconds: float) -> int:
        """Count one event from the client. Returns how many came in this window of `seconds`."""
        if now >= self._window_ends:
            self._window_ends, self._received = now + seconds, 0
        self._received += 1
        return self._received

    def send(
        self, op: Op, data: Any = None, *, event: str | None = None, seq: int | None = None
    ) -> None:
        self._outgoing.put_nowait({"op": op, "d": data, "s": seq, "t": event})

    def send_raw(self, frame: str | bytes) -> None:
        """Send a text as it is, or bytes without compression."""
        self._outgoing.put_nowait(frame)

    async def write(self) -> None:
        """Send what is queued, until this is cancelled."""
        while True:
            frame = await self._outgoing.get()
            text = frame if isinstance(frame, str | bytes) else json.dumps(frame)
            await self._flowing.wait()
            if self.socket.closed:
                return
            try:
                if isinstance(text, bytes):
                    await self.socket.send_bytes(text)
                elif self._compressor is None:
                    await self.socket.send_str(text)
                else:
                    packed = self._compressor.compress(text.encode())
                    packed += self._compressor.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)
            except ConnectionError:
                return

    async def close(self, code: int, reason: str = "") -> None:
        self.closed_with = code
        await self.socket.close(code=code, message=reason.encode())

    def abort(self) -> None:
        transport = self.socket._req.transport if self.socket._req else None
        if transport is not None:
            transport.abort()


class Session:
    """What outlives a connection: who identified, and the events that were sent since."""

    def __init__(self, intents: int, shard: tuple[int, int]) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.seq = 0
        self.sent: list[tuple[int, Any, Any]] = []
        self.connection: Connection | None = None
        self.is_dead = False

    def has(self, intent: str) -> bool:
        return bool(self.intents & INTENTS[intent])

    def serves(self, guild_id: int | None) -> bool:
        """Whether it gets events about this guild. Events about direct messages (None) go to the
        first shard only."""
        if guild_id is None:
            return self.shard[0] == 0
        index, count = self.shard
        return (guild_id >> 22) % count == index

    def send(self, event: Any, data: Any) -> None:
        """Send an event: a name and an object. A test may send anything else."""
        self.seq += 1
        self.sent.append((self.seq, event, data))
        del self.sent[:-MOST_TO_REPLAY]
        if self.connection is not None:
            self.connection.send(Op.DISPATCH, data, event=event, seq=self.seq)
