"""The gateway: the websocket on which the bot learns what happens.

Knows: identify and resume, which session gets which event, and how all this can fail.
Does not know: why events happen.
Source: Discord's documentation, "Gateway", version 10, JSON, plain or `zlib-stream`.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import WSMsgType, web

from sandbox.model import Json
from sandbox.model.world import World
from sandbox.protocol.sessions import INTENTS, Connection, Op, Session
from sandbox.protocol.voice_states import VoiceStates

PRIVILEGED: Final = ("members", "presences", "message_content")
MOST_IN_CHUNK: Final = 1000
#: Events that a client may send over one connection, heartbeats among them, and in how many
#: seconds.
#: Source: Discord's documentation, "Gateway", "Rate Limiting".
MOST_EVENTS: Final = 120
EVENTS_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """An op 4: the bot asks to be in `channel_id`, or (None) in no channel."""

    time: float  # the sandbox's clock
    guild_id: int
    channel_id: int | None


class Gateway:
    """All sessions of the application, and the faults that a test can cause."""

    def __init__(
        self,
        world: World,
        voice_states: VoiceStates,
        heartbeat_seconds: float,
        resume_seconds: float,
    ) -> None:
        self._world = world
        self._voice_states = voice_states
        self._heartbeat_ms = int(heartbeat_seconds * 1000)
        #: How long (sandbox clock) a dropped session keeps its place in voice, and can resume.
        self.resume_seconds = resume_seconds
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        #: Every voice request that came, in order.
        self.voice_requests: list[VoiceRequest] = []
        #: Whether a connection that sends too much is closed with 4008.
        self.limits_events = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._garbled: dict[str, list[Any]] = {}

    # Faults

    async def drop(self, code: int | None = None) -> None:
        """Cut every connection; with `code`, close it properly with that close code."""
        for each in list(self.connections):
            if code is None:
                each.abort()
            else:
                await each.close(code)

    async def invalidate(self, resumable: bool = False) -> None:
        """Op 9. Unless `resumable`, the sessions are over and lose their place in voice."""
        for each in list(self.connections):
            each.send(Op.INVALID_SESSION, resumable)
        if not resumable:
            for session in list(self.sessions.values()):
                await self._end(session)

    async def reconnect(self) -> None:
        """Op 7: Discord asks the bot to connect again and to resume."""
        for each in self.connections:
            each.send(Op.RECONNECT)

    def freeze(self) -> None:
        """Connections stay open, but nothing is read or answered until `thaw`."""
        self.flowing.clear()

    def thaw(self) -> None:
        self.flowing.set()

    def garble(self, *frames: str | bytes) -> None:
        """Send these frames to each connection: a text as it is, bytes without compression."""
        for each in self.connections:
            for frame in frames:
                each.send_raw(frame)

    def send_anything(self, event: Any, data: Any) -> None:
        """Dispatch to each session what Discord would never send: any name, any contents."""
        for session in self.sessions.values():
            session.send(event, data)

    def garble_next(self, event: str, data: Any, times: int = 1) -> None:
        """The next `times` that a connection starts with `event`, that event has these contents.
        It is HELLO, READY, RESUMED or GUILD_CREATE."""
        self._garbled[event] = [data] * times

    @property
    def is_connected(self) -> bool:
        """Whether a bot has identified and its connection is open."""
        return any(each.connection for each in self.sessions.values())

    async def connected(self, timeout: float = 10.0) -> None:
        """Wait until a bot has identified (or resumed)."""
        await self._world.watch.until(lambda: self.is_connected, timeout, "a bot at the gateway")

    # Events

    def dispatch(
        self,
        event: str,
        data: Json,
        *,
        guild_id: int | None,
        intent: str | None = None,
        redacted: Json | None = None,
    ) -> None:
        if guild_id is not None:
            guild = self._world.guilds.get(guild_id)
            if guild is None or not (guild.has_bot and guild.is_available):
                return
        for session in self.sessions.values():
            if session.serves(guild_id) and (intent is None or session.has(intent)):
                plain = redacted is None or session.has("message_content")
                session.send(event, data if plain else redacted or {})

    # The protocol

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=1.0, max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(
            socket, self.flowing, compress=request.query.get("compress") == "zlib-stream"
        )
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        connection.send(Op.HELLO, self._said("HELLO", {"heartbeat_interval": self._heartbeat_ms}))
        try:
            while (message := await socket.receive()).type is WSMsgType.TEXT:
                await self.flowing.wait()
                within = connection.count(self._world.clock.time(), EVENTS_SECONDS)
                if within > MOST_EVENTS and self.limits_events:
                    await connection.close(4008, "Rate limited.")
                else:
                    await self._receive(connection, json.loads(message.data))
            if message.type is WSMsgType.CLOSE:
                connection.left_with = message.data
        finally:
            self.connections.discard(connection)
            writer.cancel()
            self._detach(connection)
        return socket

    async def _receive(self, connection: Connection, message: Json) -> None:
        op: int = message["op"]
        data: Any = message.get("d")
        session = connection.session
        if op == Op.HEARTBEAT:
            connection.send(Op.HEARTBEAT_ACK)
        elif op == Op.IDENTIFY:
            await self._identify(connection, data)
        elif op == Op.RESUME:
            await self._resume(connection, data)
        elif session is None:
            await connection.close(4003, "Not authenticated.")
        elif op == Op.VOICE_STATE:
            guild_id = int(data["guild_id"])
            wanted = int(data["channel_id"]) if data.get("channel_id") else None
            self.voice_requests.append(VoiceRequest(self._world.clock.time(), guild_id, wanted))
            guild = self._world.guilds.get(guild_id)
            if guild is not None and guild.has_bot and guild.is_available:
                await self._voice_states.request(guild.bot, session.id, data)
        elif op == Op.REQUEST_MEMBERS:
            self._send_members(session, data)
        elif op != Op.PRESENCE:
            await connection.close(4001, "Unknown opcode.")

    async def _identify(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self._world.token:
            await connection.close(4004, "Authentication failed.")
            return
        if connection.session is not None:
            await connection.close(4005, "Already authenticated.")
            return
        intents = int(data.get("intents", 0))
        if intents < 0 or intents >> 26:
            await connection.close(4013, "Invalid intent(s).")
            return
        for name in PRIVILEGED:
            if intents & INTENTS[name] and name not in self._world.privileged:
                await connection.close(4014, "Disallowed intent(s).")
                return
        index, count = data.get("shard") or (0, 1)
        if not 0 <= index < count:
            await connection.close(4010, "Invalid shard.")
            return
        session = Session(intents, (index, count))
        self.sessions[session.id] = session
        self._attach(connection, session)
        guilds = [x for x in self._world.guilds.values() if x.has_bot and session.serves(x.id)]
        ready = self._said(
            "READY",
            {
                "v": 10,
                "user": self._world.bot.user(),
                "guilds": [{"id": str(each.id), "unavailable": True} for each in guilds],
                "session_id": session.id,
                "resume_gateway_url": self._world.gateway_url,
                "shard": [index, count],
                "application": {
                    key: self._world.application_payload()[key] for key in ("id", "flags")
                },
            },
        )
        session.send("READY", ready)
        for each in guilds:
            if each.is_available:
                whole = self._said("GUILD_CREATE", each.payload(whole=True))
                session.send("GUILD_CREATE", whole)
        self._world.watch.changed()

    async def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self._world.token:
            await connection.close(4004, "Authentication failed.")
            return
        session = self.sessions.get(str(data.get("session_id")))
        seen = data.get("seq") or 0
        if session is None or (session.sent and session.sent[0][0] > seen + 1):
            connection.send(Op.INVALID_SESSION, False)
            return
        if seen > session.seq:
            await connection.close(4007, "Invalid seq.")
            return
        missed = [each for each in session.sent if each[0] > seen]
        self._attach(connection, session)
        for seq, event, payload in missed:
            connection.send(Op.DISPATCH, payload, event=event, seq=seq)
        session.send("RESUMED", self._said("RESUMED", {"_trace": []}))
        self._world.watch.changed()

    def _said(self, event: str, data: Json) -> Any:
        """These contents, or the ones that a test has ordered (`garble_next`)."""
        ordered = self._garbled.get(event)
        return ordered.pop() if ordered else data

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session = session
        session.connection = connection

    def _detach(self, connection: Connection) -> None:
        """A connection has ended. A session is over at once if its client closed with 1000 or 1001,
        or if Discord closed with 4007 or 4009. Other sessions can resume for a while, and keep
        their place in voice for as long."""
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        self._world.watch.changed()
        if session.is_dead:
            return
        if connection.left_with in (1000, 1001) or connection.closed_with in (4007, 4009):
            self._later(self._end(session))
        else:
            until = self._world.clock.time() + self.resume_seconds
            self._world.clock.call_at(until, lambda: self._expire(session))

    def _expire(self, session: Session) -> None:
        if session.connection is None and not session.is_dead:
            self._later(self._end(session))

    async def _end(self, session: Session) -> None:
        session.is_dead = True
        self.sessions.pop(session.id, None)
        self._world.watch.changed()
        # All at once: leaving waits for the voice connection's client to close, a second at most.
        await asyncio.gather(
            *(
                self._voice_states.leave(guild.bot)
                for guild in list(self._world.guilds.values())
                if guild.bot.voice.channel and guild.bot.voice.session_id == session.id
            )
        )

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        self.flowing.set()
        for each in list(self.connections):
            each.abort()
        for task in list(self._tasks):
            task.cancel()

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self._world.guilds.get(int(data["guild_id"]))
        if guild is None or not session.serves(guild.id):
            return
        ids = data.get("user_ids")
        wanted = {int(each) for each in (ids if isinstance(ids, list) else [ids])} if ids else None
        query = (data.get("query") or "").lower()
        if wanted is None and not query and not session.has("members"):
            return
        found = [
            each
            for each in guild.members.values()
            if (each.id in wanted if wanted is not None else each.name.lower().startswith(query))
        ]
        found = found[: data.get("limit") or len(found)]
        chunks = [found[i : i + MOST_IN_CHUNK] for i in range(0, len(found), MOST_IN_CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            payload: Json = {
                "guild_id": str(guild.id),
                "members": [each.payload() for each in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
            }
            if data.get("nonce") is not None:
                payload["nonce"] = data["nonce"]
            if wanted is not None:
                payload["not_found"] = [str(x) for x in wanted - {y.id for y in chunk}]
            session.send("GUILD_MEMBERS_CHUNK", payload)
