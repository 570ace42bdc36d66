"""Discord's voice server on loopback: one object to start, to look at, and to break.

Knows: the parts below it, and the faults that a test can cause. Does not know: the rules of guilds,
permissions, or the main gateway.
"""

import asyncio
import contextlib
import itertools
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from sandbox.model.clock import Watch
from sandbox.protocol.voice import udp
from sandbox.protocol.voice.certificate import write_certificate
from sandbox.protocol.voice.channels import VoiceChannels
from sandbox.protocol.voice.connection import VoiceConnection
from sandbox.protocol.voice.gateway import CLOSE_TIMEOUT, VoiceGateway
from sandbox.protocol.voice.recording import Recording
from sandbox.protocol.voice.sessions import Sessions
from sandbox.protocol.voice.udp import DatagramSocket
from sandbox.protocol.voice.wire import FINAL, INVALID


class VoiceServer:
    """`async with VoiceServer() as voice:`, and clients connect to `wss://{voice.endpoint}/?v=8`.

    `dave`: channels are end-to-end encrypted. `welcome_delay`: the seconds that each change of the
    encrypted group takes. `measure_only`: packets are timed, and nothing is decrypted.
    """

    def __init__(
        self, *, dave: bool = True, welcome_delay: float = 0.0, measure_only: bool = False
    ) -> None:
        self.endpoint = ""
        self.certificate = Path()
        self._measure_only = measure_only
        self._watch = Watch()
        self._channels = VoiceChannels(dave=dave, welcome_delay=welcome_delay)
        self._sessions = Sessions(self._channels, dave=dave)
        #: All sessions so far, in order.
        self.history = self._sessions.history
        self._gateway = VoiceGateway(
            self._sessions, self._channels, lambda: self._open_udp().port, self._watch.changed
        )
        self._exit = contextlib.ExitStack()
        self._tls: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        self._udp: DatagramSocket | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "VoiceServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        directory = self._exit.enter_context(tempfile.TemporaryDirectory(prefix="mynah-voice-"))
        self.certificate, self._tls = write_certificate(Path(directory))
        application = web.Application()
        application.router.add_get("/", self._gateway.serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_TIMEOUT)
        await self._runner.setup()
        self.endpoint = await self.other_server()

    async def close(self) -> None:
        self._channels.close()
        for connection in self.history:
            connection.freeze(False)
        await self._gateway.close()
        await asyncio.gather(*self._closing)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.close_udp()
        self._exit.close()

    async def other_server(self) -> str:
        """Another endpoint, for a VOICE_SERVER_UPDATE that moves clients to it."""
        assert self._runner is not None
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        return f"127.0.0.1:{self._runner.addresses[-1][1]}"

    # What the voice states need (`voice_states.py`)

    def admit(self, *, guild_id: int, channel_id: int, user_id: int, session_id: str) -> str:
        """Let a client identify as this user for this channel. Returns its new token.

        The user's earlier admission in this guild ends. An open connection continues until the
        client identifies again or is expelled: discord.py closes it by itself.
        """
        return self._sessions.admit(guild_id, channel_id, user_id, session_id)

    async def expel(
        self, *, guild_id: int, user_id: int, code: int | None = 4014, wait: bool = True
    ) -> None:
        """The user has left the channel. Its connection is closed with `code`; with None the
        client must close it. `wait`: until the client has answered the close, a second at most."""
        self._sessions.withdraw((guild_id, user_id))
        connection = self._sessions.by_user.get((guild_id, user_id))
        if connection is not None:
            self._end(connection)
            if code is not None and wait:
                await connection.close(code)
            elif code is not None:
                closing = asyncio.create_task(connection.close(code))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    def mute(self, *, guild_id: int, user_id: int, on: bool) -> None:
        """The user is muted by the server or suppressed, until this is lifted: its packets arrive
        and are passed on to nobody."""
        user = (guild_id, user_id)
        (self._sessions.muted.add if on else self._sessions.muted.discard)(user)
        if (connection := self._sessions.by_user.get(user)) is not None:
            connection.muted = on

    async def listen(
        self, *, guild_id: int, channel_id: int, user_id: int, record: bool = True
    ) -> Recording:
        """Put a simulated member into the channel and into its encrypted group.

        A member that already listens in the guild moves, and its recording continues. With
        `record` false it hears nothing (for measurements), but the group has its second member.
        """
        return self._channels.listen(guild_id, channel_id, user_id, record=record)

    async def unlisten(self, *, guild_id: int, user_id: int) -> None:
        self._channels.unlisten(guild_id, user_id)

    # What a test looks at

    @property
    def connections(self) -> list[VoiceConnection]:
        return list(self._sessions.by_user.values())

    def connection(self, guild_id: int) -> VoiceConnection | None:
        """The latest session of the guild that is not over."""
        return next(reversed(self._sessions.of(guild_id)), None)

    async def wait_for(self, predicate: Callable[["VoiceServer"], bool], timeout: float) -> None:
        """Return when `predicate(self)` is true. It is called when a client connects, sends a
        message or a packet, or leaves. Raises TimeoutError."""
        await self._watch.until(lambda: predicate(self), timeout, "the voice server's state")

    async def until_connected(self, guild_id: int, timeout: float) -> VoiceConnection:
        """Wait until a client of the guild has its secret key. Raises TimeoutError."""

        def connected() -> VoiceConnection | None:
            found = self.connection(guild_id)
            return found if found is not None and found.connected_at is not None else None

        return await self._watch.until(connected, timeout, f"a voice connection in {guild_id}")

    # Faults

    @property
    def welcome_delay(self) -> float:
        """The seconds that each change of an encrypted group takes, from now on."""
        return self._channels.welcome_delay

    @welcome_delay.setter
    def welcome_delay(self, seconds: float) -> None:
        self._channels.delay_welcomes(seconds)

    async def close_connection(self, guild_id: int, code: int | None) -> None:
        """Close the guild's connections with `code`. None cuts the TCP connection (1006)."""
        for connection in self._sessions.of(guild_id):
            if code in INVALID:
                self._sessions.withdraw((guild_id, connection.user_id))
            if code in FINAL:
                self._end(connection)
            await connection.close(code)

    def freeze(self, guild_id: int) -> None:
        """The guild's open connections stay open, but nothing is read from them or answered."""
        for connection in self._sessions.of(guild_id):
            connection.freeze(True)

    def thaw(self, guild_id: int) -> None:
        """Read what arrived in the meantime, also on connections that clients have abandoned."""
        for connection in self.history:
            if connection.guild_id == guild_id:
                connection.freeze(False)

    def garble(self, guild_id: int, frame: str | bytes) -> None:
        """Send this frame to the guild's open connections, whatever it is."""
        for connection in self._sessions.of(guild_id):
            connection.send_raw(frame)

    def drop_udp(self, guild_id: int, on: bool) -> None:
        """Lose the datagrams of the guild's open connections, in both directions."""
        for connection in self._sessions.of(guild_id):
            connection.without_udp = on

    async def close_udp(self) -> None:
        """Close the UDP port of all connections: senders get ECONNREFUSED. Later connections get
        another port."""
        if self._udp is not None:
            self._udp.close()
            self._udp = None

    def forget_session(self, guild_id: int, code: int = 4006) -> None:
        """Refuse the next RESUME in the guild with `code`."""
        self._sessions.forgotten[guild_id] = code

    def refuse_identify(self, guild_id: int, code: int, times: int | None = 1) -> None:
        """Refuse the next `times` IDENTIFYs in the guild with `code`; None: all of them, until
        `accept_identify`."""
        codes = itertools.repeat(code) if times is None else itertools.repeat(code, times)
        self._sessions.refusals[guild_id] = codes

    def accept_identify(self, guild_id: int) -> None:
        self._sessions.refusals.pop(guild_id, None)

    def garble_ready(self, guild_id: int, frame: str | bytes, times: int = 1) -> None:
        """The next `times` that a client identifies in the guild, send this frame instead of READY,
        whatever it is."""
        self._sessions.garbled[guild_id] = [frame] * times

    def _end(self, connection: VoiceConnection) -> None:
        self._sessions.end(connection)
        self._watch.changed()

    # The sound

    def _open_udp(self) -> DatagramSocket:
        if self._udp is None:
            self._udp = DatagramSocket(self._datagram)
        return self._udp

    def _datagram(self, datagram: bytes, address: tuple[str, int], now: float) -> bytes | None:
        ssrc = udp.sender(datagram)
        if ssrc is None:
            # A keep-alive names no sender. It belongs to the client at that address.
            connection = next((each for each in self.connections if each.address == address), None)
        else:
            connection = self._sessions.by_ssrc.get(ssrc)
        if connection is None or connection.without_udp:
            return None
        reply = udp.answer(datagram, address)
        if reply is not None:
            connection.address = address
            return reply
        connection.arrivals.append(now)
        self._watch.changed()
        if self._measure_only or connection.muted:
            return None
        channel = self._channels.of(connection)
        try:
            packet = udp.decrypt(datagram, connection.secret_key)
        except udp.Undecipherable:
            connection.undecipherable += 1
            return None
        for listener in channel.listeners.values() if channel is not None else ():
            listener.hear(
                now, packet.sequence, packet.timestamp, connection.user_id, packet.payload
            )
        return None
