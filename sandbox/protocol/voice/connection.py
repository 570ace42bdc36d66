"""One client's voice session: what it has sent, and what the server still has to send to it.

A session outlives its websocket: after RESUME it continues on another one, and the messages that
the client has not acknowledged are sent again.

Knows: the messages of the voice gateway (version 8) that the server sends. Does not know: who may
connect, or what other clients do.
"""

import asyncio
import json
import os
import struct
import time
from array import array
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.protocol.voice.group import Commit
from sandbox.protocol.voice.udp import KEY_BYTES, MODE
from sandbox.protocol.voice.wire import Close, Op


@dataclass(frozen=True, slots=True)
class Admission:
    """What the main gateway has told a client, with which it may identify here."""

    guild_id: int
    channel_id: int
    user_id: int
    session_id: str
    token: str


class VoiceConnection:
    """A client's session. Times are `time.monotonic()`."""

    simulated = False

    def __init__(self, admission: Admission, ssrc: int, endpoint: str, dave: bool) -> None:
        self.admission = admission
        self.guild_id = admission.guild_id
        self.channel_id = admission.channel_id
        self.user_id = admission.user_id
        self.ssrc = ssrc
        self.endpoint = endpoint
        self.dave = dave
        self.secret_key = os.urandom(KEY_BYTES)
        self.connected_at: float | None = None  # since when it has its secret key
        self.resumed_at: list[float] = []
        self.speaking: list[tuple[float, int]] = []
        self.heartbeats: list[float] = []
        self.address: tuple[str, int] | None = None  # of its UDP socket, once discovered
        self.arrivals = array("d")  # one for each RTP packet, whatever its content
        self.undecipherable = 0  # those with a wrong transport encryption
        self.close_code: int | None = None  # of its last websocket; 1006: no code
        self.over = False  # it has left, or was replaced or expelled: it cannot resume
        self.frozen = False
        self.without_udp = False
        self.muted = False  # by the server: its frames arrive and are not passed on
        self._websocket: web.WebSocketResponse | None = None
        self._request: web.Request | None = None
        self._closing: int | None = None  # the code with which the server is closing it
        self._seq = -1
        self._unacknowledged: list[tuple[int, str | bytes]] = []
        self._outbox: list[str | bytes] = []
        self._awake = asyncio.Event()

    def __repr__(self) -> str:
        state = "over" if self.over else "up" if self.is_up else "down"
        return f"<VoiceConnection guild={self.guild_id} ssrc={self.ssrc} {state}>"

    @property
    def frames(self) -> int:
        """How many RTP packets have arrived."""
        return len(self.arrivals)

    @property
    def is_up(self) -> bool:
        return self._websocket is not None and not self._websocket.closed

    # The websocket under it

    def attach(self, websocket: web.WebSocketResponse, request: web.Request) -> None:
        self._websocket, self._request = websocket, request
        self.close_code = self._closing = None

    def detach(self, websocket: web.WebSocketResponse) -> int | None:
        """The websocket has ended. Returns the code, or None if the session already has another."""
        if self._websocket is not websocket:
            return None
        self._websocket = None
        # When the server closes, aiohttp reports the code of the client's reply instead.
        self.close_code = self._closing or websocket.close_code or Close.ABNORMAL
        return self.close_code

    async def write(self, websocket: web.WebSocketResponse) -> None:
        """Send what is queued, for as long as `websocket` is this session's."""
        while self._websocket is websocket and not websocket.closed:
            if self.frozen or not self._outbox:
                self._awake.clear()
                await self._awake.wait()
                continue
            message = self._outbox.pop(0)
            try:
                if isinstance(message, bytes):
                    await websocket.send_bytes(message)
                else:
                    await websocket.send_str(message)
            except ConnectionError:
                return

    async def thawed(self) -> None:
        while self.frozen:
            self._awake.clear()
            await self._awake.wait()

    def freeze(self, on: bool) -> None:
        self.frozen = on
        self._awake.set()

    async def close(self, code: int | None) -> None:
        """Close the websocket with `code`. None cuts its TCP connection without a close frame."""
        websocket, request = self._websocket, self._request
        if websocket is None or request is None:
            return
        self._closing = code or Close.ABNORMAL
        if code is not None:
            await websocket.close(code=code)
        elif request.transport is not None:
            request.transport.abort()

    # From the client

    def heartbeat(self, data: Any) -> None:
        self.heartbeats.append(time.monotonic())
        sent = data
        if isinstance(data, dict):
            sent = data.get("t")
            if (seq := data.get("seq_ack")) is not None:
                self.acknowledge(int(seq))
        self.tell(Op.HEARTBEAT_ACK, {"t": sent})

    def speak(self, flags: int) -> None:
        self.speaking.append((time.monotonic(), flags))

    def describe(self) -> None:
        """Answer SELECT_PROTOCOL. From now on the client can send sound."""
        self.connected_at = time.monotonic()
        self.tell(
            Op.SESSION_DESCRIPTION,
            {
                "mode": MODE,
                "secret_key": list(self.secret_key),
                "dave_protocol_version": int(self.dave),
                "audio_codec": "opus",
                "media_session_id": self.admission.session_id,
            },
        )

    def resume(self, seq: int) -> None:
        """Answer RESUME: the messages after number `seq` again, then RESUMED."""
        self.resumed_at.append(time.monotonic())
        self._outbox = [message for n, message in self._unacknowledged if n > seq]
        self.tell(Op.RESUMED, None)

    # To the client

    def tell(self, op: int, data: Any) -> None:
        """Send a message about the connection itself, which a RESUME does not repeat."""
        self.send_raw(json.dumps({"op": op, "d": data}))

    def inform(self, op: int, data: Any) -> None:
        """Send a numbered message, and keep it until the client acknowledges the number."""
        seq = self._number()
        self._keep(seq, json.dumps({"op": op, "d": data, "seq": seq}))

    def inform_binary(self, op: int, data: bytes) -> None:
        """Like `inform`, in the binary form: number, opcode, data."""
        seq = self._number()
        self._keep(seq, struct.pack(">HB", seq, op) + data)

    def acknowledge(self, seq: int) -> None:
        self._unacknowledged = [(n, m) for n, m in self._unacknowledged if n > seq]

    def _number(self) -> int:
        self._seq = (self._seq + 1) & 0xFFFF
        return self._seq

    def _keep(self, seq: int, message: str | bytes) -> None:
        self._unacknowledged.append((seq, message))
        self.send_raw(message)

    def send_raw(self, message: str | bytes) -> None:
        """Send a frame as it is."""
        self._outbox.append(message)
        self._awake.set()

    # As a member of the channel's group

    def meet(self, external_sender: bytes) -> None:
        self.inform_binary(Op.EXTERNAL_SENDER, external_sender)

    def consider(self, proposals: bytes) -> Commit | None:
        self.inform_binary(Op.PROPOSALS, b"\x00" + proposals)  # 0: append
        return None  # its commit arrives later, as opcode 28

    def announce(self, transition: int, commit: bytes) -> None:
        self.inform_binary(Op.ANNOUNCE_COMMIT, struct.pack(">H", transition) + commit)

    def welcome(self, transition: int, welcome: bytes) -> None:
        self.inform_binary(Op.WELCOME, struct.pack(">H", transition) + welcome)

    def restart(self) -> None:
        self.inform(Op.PREPARE_EPOCH, {"protocol_version": 1, "epoch": 1})
        self.inform(Op.PREPARE_TRANSITION, {"protocol_version": 1, "transition_id": 0})

    def execute(self, transition: int) -> None:
        self.inform(Op.EXECUTE_TRANSITION, {"transition_id": transition})
