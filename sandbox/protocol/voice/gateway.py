"""The websocket of the voice gateway: each message from a client, and the reaction to it.

Knows: the order of messages. Does not know: who may connect (`Sessions`), who hears whom
(`VoiceChannels`), or the sound.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.protocol.voice import udp
from sandbox.protocol.voice.channels import VoiceChannels
from sandbox.protocol.voice.connection import VoiceConnection
from sandbox.protocol.voice.sessions import Sessions
from sandbox.protocol.voice.wire import FINAL, Close, Op, Refused, integer

HEARTBEAT_INTERVAL = 13_750  # milliseconds, as Discord's servers announce it
CLOSE_TIMEOUT = 1.0  # seconds that a client has to answer a close


class VoiceGateway:
    """`udp_port` returns the port that READY names; `changed` is called after every message."""

    def __init__(
        self,
        sessions: Sessions,
        channels: VoiceChannels,
        udp_port: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self._sessions = sessions
        self._channels = channels
        self._udp_port = udp_port
        self._changed = changed
        self._websockets: set[web.WebSocketResponse] = set()

    async def close(self) -> None:
        await asyncio.gather(
            *(each.close(code=Close.GOING_AWAY) for each in list(self._websockets))
        )

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(timeout=CLOSE_TIMEOUT)
        await websocket.prepare(request)
        self._websockets.add(websocket)
        connection: VoiceConnection | None = None
        writer: asyncio.Task[None] | None = None
        try:
            hello = {"v": 8, "heartbeat_interval": HEARTBEAT_INTERVAL}
            await websocket.send_json({"op": Op.HELLO, "d": hello})
            while True:
                message = await websocket.receive()
                if connection is not None:
                    await connection.thawed()
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                if connection is None:
                    connection = self._open(message.data, request)
                    if connection is not None:
                        connection.attach(websocket, request)
                        writer = asyncio.create_task(connection.write(websocket))
                elif message.type is WSMsgType.BINARY:
                    self._binary(connection, message.data)
                else:
                    self._json(connection, *_parsed(message.data))
                self._changed()
        except Refused as refused:
            await websocket.close(code=refused.code)
        finally:
            self._websockets.discard(websocket)
            if writer is not None:
                writer.cancel()
            if connection is not None and connection.detach(websocket) in FINAL:
                self._sessions.end(connection)
            self._changed()
        return websocket

    def _open(self, message: str | bytes, request: web.Request) -> VoiceConnection | None:
        """The session that the first message of a websocket begins or resumes. None if it was a
        heartbeat, which may come first."""
        if isinstance(message, bytes):
            raise Refused(Close.NOT_AUTHENTICATED)
        op, data = _parsed(message)
        if op == Op.HEARTBEAT:
            return None
        if op == Op.RESUME:
            connection = self._sessions.resume(data)
            connection.resume(integer(data, "seq_ack"))
            return connection
        if op != Op.IDENTIFY:
            raise Refused(Close.NOT_AUTHENTICATED)
        assert request.transport is not None
        host, port = request.transport.get_extra_info("sockname")
        connection = self._sessions.identify(data, f"{host}:{port}")
        if garbled := self._sessions.garbled.get(connection.guild_id):
            connection.send_raw(garbled.pop())
            return connection
        ready = {
            "ssrc": connection.ssrc,
            "ip": host,
            "port": self._udp_port(),
            "modes": [udp.MODE],
            "experiments": [],
        }
        connection.tell(Op.READY, ready)
        return connection

    def _json(self, connection: VoiceConnection, op: int, data: Any) -> None:
        if op in (Op.IDENTIFY, Op.RESUME):
            raise Refused(Close.ALREADY_AUTHENTICATED)
        if op == Op.HEARTBEAT:
            connection.heartbeat(data)
        elif connection.over:
            pass  # the client has not closed it yet
        elif op == Op.SELECT_PROTOCOL:
            match data:
                case {"protocol": "udp", "data": {"mode": udp.MODE}}:
                    connection.describe()
                    self._channels.enter(connection)
                case {"protocol": "udp"}:
                    raise Refused(Close.UNKNOWN_MODE)
                case _:
                    raise Refused(Close.UNKNOWN_PROTOCOL)
        elif op == Op.SPEAKING:
            connection.speak(integer(data, "speaking"))
        elif op == Op.TRANSITION_READY:
            channel = self._channels.of(connection)
            if channel is not None and channel.group is not None:
                channel.group.ready(connection.user_id, integer(data, "transition_id"))
        elif op not in (Op.CLIENT_CONNECT, Op.INVALID_COMMIT_WELCOME):
            # After 31 comes a new key package, which takes the member out and in again.
            raise Refused(Close.UNKNOWN_OPCODE)

    def _binary(self, connection: VoiceConnection, message: bytes) -> None:
        if connection.over:
            return
        channel = self._channels.of(connection)
        if channel is None or channel.group is None or not message:
            raise Refused(Close.BAD_REQUEST)
        if message[0] == Op.KEY_PACKAGE:
            channel.group.offer(connection.user_id, message[1:])
        elif message[0] != Op.COMMIT_WELCOME:  # comes second: a listener was faster
            raise Refused(Close.UNKNOWN_OPCODE)


def _parsed(text: str) -> tuple[int, Any]:
    try:
        message = json.loads(text)
        return int(message["op"]), message["d"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(Close.UNDECODABLE) from error
