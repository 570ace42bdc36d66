"""One connection to a voice channel, over discord.py, that never repairs itself.

Knows the voice handshake, when frames can be heard, the signs that the path is alive, and when the
connection is lost. `guild_voice.py` decides whether to make another one.

discord.py 2.7.1 repairs a voice connection in ways that lose sound: a 4015 never completes its
resume, the second move in a row drops the bot, a 4006 soon after a join can hang, frames sent
during its back-off vanish. So a connection is used once here. Whatever ends it is reported, and
the guild's voice makes another one: from new voice updates if Discord has sent them (a move,
another voice server), else by leaving and joining.
"""

import asyncio
import itertools
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.gateway import DiscordVoiceWebSocket
from discord.voice_client import VoiceClient
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from bot.discord_io.errors import VoiceCloseCode
from engine.base.clock import Clock
from engine.base.error_text import describe, places

log = structlog.get_logger(__name__)

#: discord.py sends a heartbeat at least every 5 s. The connection is lost after one unanswered
#: heartbeat and half of the next interval, in seconds.
HEARTBEAT_LATE: Final = 8.0
#: Seconds between two keep-alives on the UDP path; two of them may get lost.
KEEP_ALIVE_SECONDS: Final = 2.0
KEEP_ALIVE_LATE: Final = 7.0
FIRST_KEEP_ALIVES: Final = 3
#: A UDP path is lost when sends have failed for this many seconds (an unreachable port, no route).
SEND_FAILING: Final = 1.0
#: Datagrams that are read at once: the bot is deafened, so hardly any come.
MOST_DATAGRAMS: Final = 64
#: Seconds between two checks of the path.
WATCH_SECONDS: Final = 0.25
#: Seconds to wait for the websocket to close: the peer may be gone.
CLOSE_SECONDS: Final = 1.0
#: Seconds after which a voice session that still forms its encryption is given up.
ENCRYPTION_SECONDS: Final = 8.0

#: With these close codes the peer of the websocket has sent none.
NO_CODE: Final = {None, -1, VoiceCloseCode.ABNORMAL}

_KEEP_ALIVE = struct.Struct("<Q")


class DisconnectReason(StrEnum):
    CLOSED = "closed"  # the voice websocket was closed, by a code or without one
    SILENT = "silent"  # heartbeats or keep-alives are no longer answered
    UNSENDABLE = "unsendable"  # the socket refuses frames
    SERVER_CHANGED = "server_changed"  # Discord sent another voice server
    UNENCRYPTED = "unencrypted"  # the end-to-end encryption was not formed again
    SESSION_ENDED = "session_ended"  # its gateway session is over


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Why a connection ended. `code`: the websocket's close code, if there is one."""

    reason: DisconnectReason
    code: int | None = None

    @property
    def was_told(self) -> bool:
        """Whether Discord said so, at once. Else we do not know when the path broke."""
        if self.reason is DisconnectReason.CLOSED:
            return self.code not in NO_CODE
        return self.reason in (DisconnectReason.SERVER_CHANGED, DisconnectReason.SESSION_ENDED)


@dataclass(frozen=True, slots=True)
class VoiceServerInfo:
    """What two gateway events of Discord give for one voice session."""

    session_id: str = field(repr=False)
    token: str = field(repr=False)
    endpoint: str


class _SingleUseState(VoiceConnectionState):
    """discord.py's handshake and encryption, without its repairs."""

    def __init__(self, client: "Connection", server_info: VoiceServerInfo | None) -> None:
        super().__init__(client, hook=self._on_message)
        self.connection = client
        self.clock = client.clock
        self.has_server_info = server_info is not None
        self.last_reply = self.clock.monotonic()
        self.last_echo: float | None = None
        self.failing_since = self.failed_at = -math.inf  # sends that the socket refused
        self._has_updates = asyncio.Event()  # Discord has sent both voice updates
        if server_info is not None:
            self.session_id = server_info.session_id
            self.token = server_info.token
            self.endpoint = server_info.endpoint
            self.server_id = client.guild.id
            self._open_socket()
            self.state = ConnectionFlowState.got_both_voice_updates

    async def _on_message(self, ws: DiscordVoiceWebSocket, message: dict[str, Any]) -> None:
        self.last_reply = self.clock.monotonic()

    def read_echoes(self) -> None:
        """Read what came over UDP. discord.py's reader thread could do this, but it would also take
        the errors that report an unreachable port, and tell nobody."""
        for _ in range(MOST_DATAGRAMS):
            try:
                datagram = self.socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                self._note_failure()
                return
            if len(datagram) == _KEEP_ALIVE.size:
                self.last_echo = self.clock.monotonic()

    def send_packet(self, packet: bytes) -> None:
        """Runs on the frame clock's thread. discord.py drops the OSError at debug level."""
        try:
            super().send_packet(packet)
        except OSError:
            self._note_failure()
            raise

    def _note_failure(self) -> None:
        # An unreachable port fails every second send at most: the next send reports the error of
        # the one before. So a success in between means nothing.
        now = self.clock.monotonic()
        if now - self.failed_at > SEND_FAILING:
            self.failing_since = now
        self.failed_at = now

    async def _inner_connect(
        self, reconnect: bool, self_deaf: bool, self_mute: bool, resume: bool
    ) -> None:
        if not self.has_server_info:
            self.state = ConnectionFlowState.set_guild_voice_state
            await self._voice_connect(self_deaf=self_deaf, self_mute=self_mute)
            # Not discord.py's `_wait_for_state`: it misses an update that comes between its check
            # and its wait, and the join hangs until its timeout.
            await self._has_updates.wait()
        self.ws = await self._connect_websocket(False)
        await self._handshake_websocket()

    async def _wrap_connect(
        self, reconnect: bool, timeout: float, self_deaf: bool, self_mute: bool, resume: bool
    ) -> None:
        # Not discord.py's `wait_for`: up to Python 3.11 it runs the handshake in a task of its own,
        # and nobody reads that task's error if the handshake fails while it is cancelled.
        try:
            async with asyncio.timeout(timeout):
                await self._inner_connect(reconnect, self_deaf, self_mute, resume)
        except (OSError, aiohttp.ClientError, discord.DiscordException):
            raise
        except Exception as error:  # noqa: BLE001 -- the edge of a handshake
            # What cannot be read is a lost connection like any other.
            self._log_unreadable(error)
            raise ConnectionResetError(
                "the voice server sent something that cannot be read"
            ) from None
        self._runner = asyncio.create_task(
            self._poll_voice_ws(reconnect), name=f"voice-poll-{self.guild.id}"
        )

    def _log_unreadable(self, error: Exception) -> None:
        log.warning(
            "the voice server sent something that cannot be read",
            guild=self.guild.id,
            error=describe(error),
            at=places(error),
        )

    async def _voice_connect(self, *, self_deaf: bool = False, self_mute: bool = False) -> None:
        self.connection.requested(self.voice_client.channel.id)
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
            # discord.py would end this task, and the connection would read nothing more.
            self._log_unreadable(error)
            self.connection.report(Disconnect(DisconnectReason.CLOSED))

    async def voice_state_update(self, data: Any) -> None:
        if data["channel_id"] is None:
            return
        self.session_id = data["session_id"]
        if self.state is ConnectionFlowState.set_guild_voice_state:
            self.state = ConnectionFlowState.got_voice_state_update
        elif self.state is ConnectionFlowState.got_voice_server_update:
            self.state = ConnectionFlowState.got_both_voice_updates
            self._has_updates.set()

    async def voice_server_update(self, data: Any) -> None:
        token, endpoint = data.get("token"), data.get("endpoint")
        if not isinstance(token, str) or not isinstance(endpoint, str):
            return  # the voice server went away; another update names the new one
        before = (self.token, self.endpoint)
        self.token, self.endpoint = token, endpoint.removeprefix("wss://")
        self.server_id = int(data["guild_id"])
        if self.state is ConnectionFlowState.set_guild_voice_state:
            self._open_socket()
            self.state = ConnectionFlowState.got_voice_server_update
        elif self.state is ConnectionFlowState.got_voice_state_update:
            self._open_socket()
            self.state = ConnectionFlowState.got_both_voice_updates
            self._has_updates.set()
        elif before != (self.token, self.endpoint):
            self.connection.server_changed = True
            self.connection.report(Disconnect(DisconnectReason.SERVER_CHANGED))

    def _open_socket(self) -> None:
        self.endpoint_ip = discord.utils.MISSING
        self._create_socket()

    async def end(self) -> None:
        """Close what is open. Does not tell the gateway: `ChannelSession` does."""
        self.state = ConnectionFlowState.disconnected
        for task in (self._connector, self._runner):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
                task.add_done_callback(_log_error)
        self._socket_reader.stop()
        if self.ws:
            try:
                # Not `wait_for`: up to Python 3.11 it loses a cancellation that comes just when the
                # close is done, and the task that ends the guild's voice would wait for ever.
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.ws.close()
            except (TimeoutError, OSError):
                log.debug("the voice websocket did not answer its close", guild=self.guild.id)
        if self.socket:
            self.socket.close()


class Connection(VoiceClient):
    """A voice connection that is used once. `channel.connect(cls=…)` of discord.py makes it.

    `requested` is called when a request to be in a channel is sent to the gateway, `disconnected`
    when the connection has ended; both on the event loop.
    """

    _connection: _SingleUseState

    def __init__(
        self,
        client: discord.Client,
        channel: discord.abc.Connectable,
        clock: Clock,
        requested: Callable[[int], None],
        disconnected: Callable[["Connection", Disconnect], None],
        server_info: VoiceServerInfo | None = None,
    ) -> None:
        self.clock = clock
        self.requested = requested
        self._disconnected = disconnected
        self._server_info = server_info
        #: Why the connection has ended; None while it is alive.
        self.ended: Disconnect | None = None
        #: Whether Discord has named another voice server since this connection was made.
        self.server_changed = False
        self._watcher: asyncio.Task[None] | None = None
        super().__init__(client, channel)

    def create_connection_state(self) -> VoiceConnectionState:
        return _SingleUseState(self, self._server_info)

    @property
    def server_info(self) -> VoiceServerInfo | None:
        """The latest that Discord has sent for this guild's voice session."""
        state = self._connection
        if state.session_id is None or state.token is None or state.endpoint is None:
            return None
        return VoiceServerInfo(state.session_id, state.token, state.endpoint)

    @property
    def audible(self) -> bool:
        """Whether listeners can decode a frame that is sent now."""
        state = self._connection
        if self.ended is not None or not state.is_connected():
            return False
        return state.dave_protocol_version == 0 or state.can_encrypt

    @property
    def in_company(self) -> bool:
        """Whether somebody else is in the channel: alone, there is no group to encrypt for."""
        return any(user_id != self.user.id for user_id in self.channel.voice_states)

    @property
    def last_sign_of_life(self) -> float:
        """When the path was last seen to work, in monotonic seconds."""
        signs = (self._connection.last_reply, self._connection.last_echo)
        return min(sign for sign in signs if sign is not None)

    async def connect(
        self, *, reconnect: bool, timeout: float, self_deaf: bool = False, self_mute: bool = False
    ) -> None:
        """Join, and wait until frames can be heard if anybody else is in the channel.

        Raises TimeoutError, discord.ConnectionClosed, OSError. `timeout` is for the handshake, in
        seconds; the encryption may take another `ENCRYPTION_SECONDS`.
        """
        await super().connect(
            reconnect=False, timeout=timeout, self_deaf=self_deaf, self_mute=self_mute
        )
        self._connection.last_reply = self.clock.monotonic()
        self._watcher = asyncio.create_task(self._watch(), name=f"voice-watch-{self.guild.id}")
        async with asyncio.timeout(ENCRYPTION_SECONDS):
            while not self.audible and self.in_company:
                if self.ended is not None:
                    raise ConnectionResetError("the voice connection was lost while it was made")
                # No event says that a session is ready: discord.py leaves that to davey's object.
                await asyncio.sleep(0.01)

    def send(self, packet: bytes) -> None:
        """Send one 20 ms Opus packet. Runs on the frame clock's thread; never waits."""
        self.send_audio_packet(packet, encode=False)

    async def speaking(self, on: bool) -> None:
        """Tell the listeners' clients whether sound follows."""
        state = discord.SpeakingState.voice if on else discord.SpeakingState.none
        try:
            await self.ws.speak(state)
        except OSError as error:
            log.debug(
                "the speaking state could not be sent", guild=self.guild.id, error=describe(error)
            )

    def report(self, disconnect: Disconnect) -> None:
        """The connection is lost: tell its user, once."""
        if self.ended is None:
            self.ended = disconnect
            self._connection.state = ConnectionFlowState.disconnected
            self._disconnected(self, disconnect)

    async def end(self) -> None:
        """Close the sockets and end the threads and tasks. The bot stays in the channel, silent."""
        if self.ended is None:
            self.ended = Disconnect(DisconnectReason.CLOSED, 1000)
        if self._watcher is not None:
            self._watcher.cancel()
        await self._connection.end()
        if self.client._connection._get_voice_client(self.guild.id) is self:
            self.cleanup()

    async def disconnect(self, *, force: bool = False) -> None:
        """discord.py calls this when its client closes, and when `connect` fails."""
        await self.end()

    async def _watch(self) -> None:
        """Check that the path is alive, whatever discord.py believes."""
        sent_at = heard_at = self.clock.monotonic()
        for counter in itertools.count(1):
            now, state = self.clock.monotonic(), self._connection
            state.read_echoes()
            if self.audible or not self.in_company:
                heard_at = now
            if (reason := _fault(state, now, heard_at)) is not None:
                self.report(Disconnect(reason))
            if self.ended is not None:
                return
            # Several at the beginning: discord.py's reader still takes the first echo.
            if counter <= FIRST_KEEP_ALIVES or now - sent_at >= KEEP_ALIVE_SECONDS:
                sent_at = now
                try:
                    state.send_packet(_KEEP_ALIVE.pack(counter))
                except OSError as error:  # `send_packet` has noted it; `_fault` decides
                    log.debug(
                        "a keep-alive was not sent", guild=self.guild.id, error=describe(error)
                    )
            await self.clock.sleep(WATCH_SECONDS)


def _log_error(task: asyncio.Task[None]) -> None:
    """If a handshake fails just when its caller is cancelled, nobody else reads the error, and
    asyncio would log it as one that was never retrieved."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("a voice connection was ended while it failed", error=describe(error))


def _fault(state: _SingleUseState, now: float, heard_at: float) -> DisconnectReason | None:
    """What is wrong with the path, if anything. All times are monotonic seconds."""
    if now - state.last_reply > HEARTBEAT_LATE:
        return DisconnectReason.SILENT
    if state.last_echo is not None and now - state.last_echo > KEEP_ALIVE_LATE:
        return DisconnectReason.SILENT
    if now - state.failing_since > SEND_FAILING and now - state.failed_at < SEND_FAILING:
        return DisconnectReason.UNSENDABLE
    if now - heard_at > ENCRYPTION_SECONDS:
        return DisconnectReason.UNENCRYPTED
    return None
