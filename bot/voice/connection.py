"""One connection to a voice channel, over discord.py, that never repairs itself.

Knows: the voice handshake, when frames can be heard, the signs of life of the path, when it is
lost. Does not know: what is said, whether to try again (that is the room's).

discord.py 2.7.1 repairs a voice connection in ways that lose sound: a 4015 never completes its
resume, the second move in a row drops the bot, a 4006 soon after a join can hang, frames sent
during its back-off vanish. So here a connection is used once. Whatever ends it is reported, and
the room makes another: from new voice updates when Discord sent them (a move, another voice
server), else by leaving and joining.
"""

import asyncio
import itertools
import math
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

import aiohttp
import discord
import structlog
from discord.gateway import DiscordVoiceWebSocket
from discord.voice_client import VoiceClient
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from engine.base.clock import Clock
from engine.base.error_text import describe, places

log = structlog.get_logger(__name__)

#: discord.py sends a heartbeat at least every 5 s. One unanswered and half of the next: lost.
HEARTBEAT_LATE: Final = 8.0
#: Seconds between two keep-alives on the UDP path; two of them may get lost.
KEEP_ALIVE_SECONDS: Final = 2.0
KEEP_ALIVE_LATE: Final = 7.0
FIRST_KEEP_ALIVES: Final = 3
#: A UDP path whose sends have failed for so long is lost (an unreachable port, no route).
SEND_FAILING: Final = 1.0
#: Datagrams that are taken in one look: the bot is deafened, so hardly any come.
MOST_DATAGRAMS: Final = 64
#: Seconds between two looks at the signs of life.
WATCH_SECONDS: Final = 0.25
#: A close of the websocket is not waited for longer: the peer may be gone.
CLOSE_SECONDS: Final = 1.0
#: A voice session that forms its encryption for longer than this is given up.
ENCRYPTION_SECONDS: Final = 8.0

_KEEP_ALIVE = struct.Struct("<Q")


class DisconnectReason(StrEnum):
    CLOSED = "closed"  # the voice websocket was closed, by a code or without one
    SILENT = "silent"  # heartbeats or keep-alives are no longer answered
    UNSENDABLE = "unsendable"  # the socket refuses frames
    SERVER_CHANGED = "server_changed"  # Discord sent another voice server
    UNENCRYPTED = "unencrypted"  # the end-to-end encryption was not formed again
    SESSION_ENDED = "session_ended"  # the gateway session that it belongs to is over


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Why and when a connection ended. `code`: the websocket's close code, where there is one."""

    reason: DisconnectReason
    code: int | None = None


class ConnectionOwner(Protocol):
    """Who uses a connection: told on the event loop, and the owner of its clock."""

    clock: Clock

    def asked(self, channel_id: int | None) -> None:
        """A request to be in `channel_id` (None: in none) goes out to the gateway now."""
        ...

    def lost(self, connection: "Connection", loss: Disconnect) -> None:
        """The connection is of no more use."""
        ...


@dataclass(frozen=True, slots=True)
class VoiceServerInfo:
    """What Discord gives for one voice session, by two gateway events."""

    session_id: str = field(repr=False)
    token: str = field(repr=False)
    endpoint: str


class _Once(VoiceConnectionState):
    """discord.py's handshake and encryption, without its repairs."""

    def __init__(self, client: "Connection", credentials: VoiceServerInfo | None) -> None:
        super().__init__(client, hook=self._heard_from)
        self.connection = client
        self.clock = client.clock
        self.adopted = credentials is not None
        self.renewed = False
        self.last_reply = self.clock.monotonic()
        self.last_echo: float | None = None
        self.failing_since = self.failed_at = -math.inf  # sends that the socket refused
        self._named = asyncio.Event()  # Discord has sent both voice updates
        if credentials is not None:
            self.session_id = credentials.session_id
            self.token = credentials.token
            self.endpoint = credentials.endpoint
            self.server_id = client.guild.id
            self.endpoint_ip = discord.utils.MISSING
            self._create_socket()
            self.state = ConnectionFlowState.got_both_voice_updates

    async def _heard_from(self, ws: DiscordVoiceWebSocket, message: dict[str, Any]) -> None:
        self.last_reply = self.clock.monotonic()

    def read_echoes(self) -> None:
        """Take what came over UDP. discord.py's reader thread would do it, if it were asked to
        listen; it would also take the refusals that tell of an unreachable port, and say nothing.
        """
        for _ in range(MOST_DATAGRAMS):
            try:
                datagram = self.socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                self._note_refusal()
                return
            if len(datagram) == _KEEP_ALIVE.size:
                self.last_echo = self.clock.monotonic()

    def send_packet(self, packet: bytes) -> None:
        """Runs on the metronome's thread. discord.py drops the OSError at debug level."""
        try:
            super().send_packet(packet)
        except OSError:
            self._note_refusal()
            raise

    def _note_refusal(self) -> None:
        # A refused port fails every second send at most: the error of one is told at the next,
        # and is forgotten by then. So a success in between means nothing.
        now = self.clock.monotonic()
        if now - self.failed_at > SEND_FAILING:
            self.failing_since = now
        self.failed_at = now

    async def _inner_connect(
        self, reconnect: bool, self_deaf: bool, self_mute: bool, resume: bool
    ) -> None:
        if not self.adopted:
            self.state = ConnectionFlowState.set_guild_voice_state
            await self._voice_connect(self_deaf=self_deaf, self_mute=self_mute)
            # Not discord.py's `_wait_for_state`: an update that comes between its look and the
            # first turn of its wait goes unheard, and the join hangs until its timeout.
            await self._named.wait()
        self.ws = await self._connect_websocket(False)
        await self._handshake_websocket()

    async def _wrap_connect(
        self, reconnect: bool, timeout: float, self_deaf: bool, self_mute: bool, resume: bool
    ) -> None:
        # Not discord.py's `wait_for`: up to Python 3.11 it runs the handshake in a task of its own,
        # whose error nobody reads when the handshake fails while it is cancelled.
        try:
            async with asyncio.timeout(timeout):
                await self._inner_connect(reconnect, self_deaf, self_mute, resume)
        except (OSError, aiohttp.ClientError, discord.DiscordException):
            raise
        except Exception as error:  # noqa: BLE001 -- the edge of a handshake
            # What cannot be read is a lost connection like any other.
            self._tell_unreadable(error)
            raise ConnectionResetError("the voice server sent what cannot be read") from None
        self._runner = asyncio.create_task(
            self._poll_voice_ws(reconnect), name=f"voice-poll-{self.guild.id}"
        )

    def _tell_unreadable(self, error: Exception) -> None:
        log.warning(
            "the voice server sent what cannot be read",
            guild=self.guild.id,
            error=describe(error),
            at=places(error),
        )

    async def _voice_connect(self, *, self_deaf: bool = False, self_mute: bool = False) -> None:
        self.connection.occupant.asked(self.voice_client.channel.id)
        await super()._voice_connect(self_deaf=self_deaf, self_mute=self_mute)

    async def _poll_voice_ws(self, reconnect: bool) -> None:
        try:
            while True:
                await self.ws.poll_event()
        except discord.ConnectionClosed as error:
            self.connection.report(Disconnect(DisconnectReason.CLOSED, error.code))
        except (TimeoutError, OSError):
            self.connection.report(Disconnect(DisconnectReason.CLOSED))
        except Exception as error:  # noqa: BLE001 -- the edge of this task
            # discord.py lets it die here, and the connection goes deaf.
            self._tell_unreadable(error)
            self.connection.report(Disconnect(DisconnectReason.CLOSED))

    async def voice_state_update(self, data: Any) -> None:
        if data["channel_id"] is None:
            return
        self.session_id = data["session_id"]
        if self.state is ConnectionFlowState.set_guild_voice_state:
            self.state = ConnectionFlowState.got_voice_state_update
        elif self.state is ConnectionFlowState.got_voice_server_update:
            self.state = ConnectionFlowState.got_both_voice_updates
            self._named.set()

    async def voice_server_update(self, data: Any) -> None:
        token, endpoint = data.get("token"), data.get("endpoint")
        if not isinstance(token, str) or not isinstance(endpoint, str):
            return  # the voice server went away; another update follows when there is a new one
        before = (self.token, self.endpoint)
        self.token, self.endpoint = token, endpoint.removeprefix("wss://")
        self.server_id = int(data["guild_id"])
        if self.state is ConnectionFlowState.set_guild_voice_state:
            self._open_socket()
            self.state = ConnectionFlowState.got_voice_server_update
        elif self.state is ConnectionFlowState.got_voice_state_update:
            self._open_socket()
            self.state = ConnectionFlowState.got_both_voice_updates
            self._named.set()
        elif before != (self.token, self.endpoint):
            self.renewed = True
            self.connection.report(Disconnect(DisconnectReason.SERVER_CHANGED))

    def _open_socket(self) -> None:
        self.endpoint_ip = discord.utils.MISSING
        self._create_socket()

    async def end(self) -> None:
        """Close what is open. Says nothing to the gateway: that is the room's."""
        self.state = ConnectionFlowState.disconnected
        for task in (self._connector, self._runner):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
                task.add_done_callback(_look_at_error)
        self._socket_reader.stop()
        if self.ws:
            try:
                # Not `wait_for`: up to Python 3.11 it loses a cancellation that comes just as
                # the close is done, and whoever ends the room waits for it in vain.
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.ws.close()
            except (TimeoutError, OSError):
                log.debug("the voice websocket did not answer its close", guild=self.guild.id)
        if self.socket:
            self.socket.close()


class Connection(VoiceClient):
    """A voice connection that is used once. Make it by `open_connection` or `adopt`."""

    _connection: _Once

    def __init__(
        self,
        client: discord.Client,
        channel: discord.abc.Connectable,
        occupant: ConnectionOwner,
        credentials: VoiceServerInfo | None = None,
    ) -> None:
        self.occupant = occupant
        self.clock = occupant.clock
        self._credentials = credentials
        self._loss: Disconnect | None = None
        self._watcher: asyncio.Task[None] | None = None
        super().__init__(client, channel)

    def create_connection_state(self) -> VoiceConnectionState:
        return _Once(self, self._credentials)

    @property
    def loss(self) -> Disconnect | None:
        """Why the connection ended; None while it lives."""
        return self._loss

    @property
    def credentials(self) -> VoiceServerInfo | None:
        """The latest that Discord has given for this guild's voice session."""
        state = self._connection
        if state.session_id is None or state.token is None or state.endpoint is None:
            return None
        return VoiceServerInfo(state.session_id, state.token, state.endpoint)

    @property
    def renewed(self) -> bool:
        """Whether Discord has named another voice server since this connection was made."""
        return self._connection.renewed

    @property
    def audible(self) -> bool:
        """Whether a frame sent now can be decoded by the listeners."""
        state = self._connection
        if self._loss is not None or not state.is_connected():
            return False
        return state.dave_protocol_version == 0 or state.can_encrypt

    @property
    def in_company(self) -> bool:
        """Whether somebody else is in the channel: alone, there is no group to encrypt for."""
        return any(user_id != self.user.id for user_id in self.channel.voice_states)

    @property
    def last_sign_of_life(self) -> float:
        """When the path was last seen to work, in seconds of `time.monotonic`."""
        state = self._connection
        if state.last_echo is None:
            return state.last_reply
        return min(state.last_reply, state.last_echo)

    async def connect(
        self,
        *,
        reconnect: bool,
        timeout: float,
        self_deaf: bool = False,
        self_mute: bool = False,
    ) -> None:
        """Join and wait until frames can be heard, if anybody else is there to hear them.

        Raises TimeoutError, discord.ConnectionClosed, OSError. `timeout` is for the handshake,
        in seconds; the encryption may take another `ENCRYPTION_SECONDS`.
        """
        await super().connect(
            reconnect=False, timeout=timeout, self_deaf=self_deaf, self_mute=self_mute
        )
        self._connection.last_reply = self.clock.monotonic()
        self._watcher = asyncio.create_task(self._watch(), name=f"voice-watch-{self.guild.id}")
        async with asyncio.timeout(ENCRYPTION_SECONDS):
            while not self.audible and self.in_company:
                if self._loss is not None:
                    raise ConnectionResetError("the voice connection was lost while it was made")
                # Nothing tells when a session is ready: discord.py keeps that in davey's object.
                await asyncio.sleep(0.01)

    def send(self, packet: bytes) -> None:
        """Send one 20 ms Opus packet. Runs on the metronome's thread; never waits."""
        self.send_audio_packet(packet, encode=False)

    async def speaking(self, on: bool) -> None:
        """Tell the listeners' clients whether sound is coming."""
        state = discord.SpeakingState.voice if on else discord.SpeakingState.none
        try:
            await self.ws.speak(state)
        except OSError as error:
            log.debug(
                "the speaking state could not be sent", guild=self.guild.id, error=describe(error)
            )

    def report(self, loss: Disconnect) -> None:
        """The connection is lost: say so once."""
        if self._loss is None:
            self._loss = loss
            self._connection.state = ConnectionFlowState.disconnected
            self.occupant.lost(self, loss)

    async def end(self) -> None:
        """Let go of the sockets, threads and tasks. The bot stays in the channel, unheard."""
        if self._loss is None:
            self._loss = Disconnect(DisconnectReason.CLOSED, 1000)
        if self._watcher is not None:
            self._watcher.cancel()
        await self._connection.end()
        if self.client._connection._get_voice_client(self.guild.id) is self:
            self.cleanup()

    async def disconnect(self, *, force: bool = False) -> None:
        """discord.py calls this when its client closes, and when `connect` fails."""
        await self.end()

    async def _watch(self) -> None:
        """Look at the signs of life, whatever discord.py believes."""
        sent_at = heard_at = self.clock.monotonic()
        for counter in itertools.count(1):
            now, state = self.clock.monotonic(), self._connection
            state.read_echoes()
            if self.audible or not self.in_company:
                heard_at = now
            if (reason := _fault(state, now, heard_at)) is not None:
                self.report(Disconnect(reason))
            if self._loss is not None:
                return
            # At first one a look: discord.py's reader still takes the first echo for itself.
            if counter <= FIRST_KEEP_ALIVES or now - sent_at >= KEEP_ALIVE_SECONDS:
                sent_at = now
                self._send_keep_alive(counter)
            await self.clock.sleep(WATCH_SECONDS)

    def _send_keep_alive(self, counter: int) -> None:
        try:
            self._connection.send_packet(_KEEP_ALIVE.pack(counter))
        except OSError as error:
            # `send_packet` has noted it; the watch decides.
            log.debug("a keep-alive was not sent", guild=self.guild.id, error=describe(error))


def _look_at_error(task: asyncio.Task[None]) -> None:
    """A handshake can fail in the moment in which its caller is cancelled: then nobody else reads
    the error, and asyncio would log it as one that was missed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("a voice connection was ended while it failed", error=describe(error))


def _fault(state: _Once, now: float, heard_at: float) -> DisconnectReason | None:
    """What is wrong with the path, if anything. All times are the clock's."""
    if now - state.last_reply > HEARTBEAT_LATE:
        return DisconnectReason.SILENT
    if state.last_echo is not None and now - state.last_echo > KEEP_ALIVE_LATE:
        return DisconnectReason.SILENT
    if now - state.failing_since > SEND_FAILING and now - state.failed_at < SEND_FAILING:
        return DisconnectReason.UNSENDABLE
    if now - heard_at > ENCRYPTION_SECONDS:
        return DisconnectReason.UNENCRYPTED
    return None
