"""Enters and leaves a server's voice channel, and changes to another voice server.

Knows the current connection, which voice states it requested, and when another try may begin.
`guild_voice.py` decides where the bot should be.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Final

import discord
import structlog

from bot.discord_io.errors import NETWORK_ERRORS, VoiceCloseCode
from bot.voice.connection import Connection, Disconnect, DisconnectReason, VoiceServerInfo
from bot.voice.listeners import VoiceChannel
from bot.voice.request_budget import VoiceRequestBudget
from bot.voice.requests import PendingVoiceRequests, Retries
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Seconds for one handshake. With the pause after a failed one, two tries fit into 15 s.
CONNECT_SECONDS: Final = 6.0
#: Seconds between tries after a refusal that another try cannot change.
PERMANENT_ERROR_SECONDS: Final = 60.0
#: Seconds in which a moved bot gets its new voice server after it was told of the move.
NEW_SERVER_SECONDS: Final = 2.0
#: Seconds in which the voice state that confirms a leave comes, if it comes at all.
LEFT_SECONDS: Final = 1.0
#: Seconds until a leave that was not confirmed is requested again.
LEAVE_AGAIN_SECONDS: Final = 15.0
#: Seconds between two looks while waiting for a new voice server.
LOOK_SECONDS: Final = 0.05
#: After these close codes another try fails too, until an operator acts: what to log.
PERMANENT_ERRORS: Final[Mapping[int, str]] = {
    VoiceCloseCode.AUTHENTICATION_FAILED: "authentication failed",
    VoiceCloseCode.UNKNOWN_ENCRYPTION_MODE: "no encryption mode in common",
    VoiceCloseCode.ENCRYPTION_REQUIRED: "end-to-end encryption is required: install davey",
}


class ChannelSession:
    """`changed` is called when the connection is lost. It is the `ConnectionOwner` of its
    connections."""

    def __init__(
        self,
        client: discord.Client,
        guild_id: int,
        clock: Clock,
        budget: VoiceRequestBudget,
        changed: Callable[[], None],
    ) -> None:
        self.clock = clock
        #: Whether the gateway takes requests now.
        self.gateway = True
        self._client = client
        self._guild_id = guild_id
        self._budget = budget
        self._changed = changed
        self._connection: Connection | None = None
        self._entered: Connection | None = None  # the last one that could be heard
        self._pending_requests = PendingVoiceRequests()
        self._left = asyncio.Event()
        self._leave_requested_at = -math.inf
        self._retries = Retries()

    @property
    def connection(self) -> Connection | None:
        """The current connection; it may be lost already."""
        return self._connection

    @property
    def keeps_failing(self) -> bool:
        """Whether more than one try in a row has failed."""
        return self._retries.keeps_failing

    @property
    def wait(self) -> float:
        """Seconds until a try to enter may begin, whatever happens meanwhile. 0: now."""
        return self._retries.wait(self.clock.monotonic())

    def hurry(self) -> None:
        """A member calls the bot: the next try may begin earlier."""
        self._retries.hurry(self.clock.monotonic())

    def failed(self) -> None:
        """A try to speak in the channel has failed, for a reason that the caller knows."""
        self._retries.failed(self.clock.monotonic())

    # What Discord tells.

    def explains(self, channel_id: int | None) -> bool:
        """The bot is in `channel_id` now. Returns whether it requested that."""
        if channel_id is None:
            self._left.set()
            self._leave_requested_at = -math.inf
        return self._pending_requests.explain(channel_id)

    def session_ended(self) -> None:
        """A new gateway session has begun: the voice connection of the old one is lost, and its
        requests will not be answered."""
        self._pending_requests.forget()
        if self._connection is not None:
            self._connection.report(Disconnect(DisconnectReason.SESSION_ENDED))
        self.gateway = True

    # What the connection reports.

    def requested(self, channel_id: int | None) -> None:
        self._pending_requests.requested(channel_id)

    def disconnected(self, connection: Connection, disconnect: Disconnect) -> None:
        log.info(
            "the voice connection was lost",
            guild=self._guild_id,
            reason=disconnect.reason,
            code=disconnect.code,
        )
        if connection is self._entered:  # else the try to enter fails by itself
            self._retries.disconnected(self.clock.monotonic())
        self._changed()

    # Entering and leaving.

    async def enter(
        self,
        channel: VoiceChannel,
        server_info: VoiceServerInfo | None = None,
        *,
        unless: Callable[[], bool],
    ) -> float:
        """Connect to the channel: with a new request, or with the voice server that Discord has
        named already. Does nothing if `unless` holds when the request may be sent.

        Returns the least seconds until another try; 0 if frames can be heard, or if this try was no
        longer wanted.
        """
        if (wait := self.wait) > 0:
            return wait
        await self.drop(leave=server_info is None)
        if server_info is None and not await self._budget.acquire(unless=unless):
            return 0
        self._retries.begin(self.clock.monotonic())

        def make(client: discord.Client, connectable: discord.abc.Connectable) -> Connection:
            self._connection = Connection(client, connectable, self, server_info)
            return self._connection

        try:
            await channel.connect(
                cls=make, timeout=CONNECT_SECONDS, reconnect=False, self_deaf=True
            )
        except (*NETWORK_ERRORS, discord.ClientException) as error:
            code = error.code if isinstance(error, discord.ConnectionClosed) else None
            self._retries.failed(
                self.clock.monotonic(),
                at_least=PERMANENT_ERROR_SECONDS if code in PERMANENT_ERRORS else 0.0,
            )
            log.warning(
                "could not join",
                guild=self._guild_id,
                channel=channel.id,
                error=describe(error),
                fix=PERMANENT_ERRORS.get(code) if code is not None else None,
                retry_in=round(self.wait, 2),
            )
            await self.drop(leave=False)
            return self.wait
        self._entered = self._connection
        log.info("in the voice channel", guild=self._guild_id, channel=channel.id)
        return 0

    async def leave(self) -> float | None:
        """Leave. Returns the seconds until another look while Discord has not confirmed it; None:
        nothing is left to do."""
        again_at = self._leave_requested_at + LEAVE_AGAIN_SECONDS
        await self.drop(leave=self.clock.monotonic() >= again_at)
        if not self._is_in_voice():
            return None
        return self._leave_requested_at + LEAVE_AGAIN_SECONDS - self.clock.monotonic()

    async def drop(self, *, leave: bool, at_once: bool = False) -> None:
        """End the connection. With `leave`, also leave the channel if Discord believes that the
        bot is in one, and wait a little for the confirmation. `at_once`: the process ends."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.end()
        if not leave or not self._is_in_voice():
            return
        if not await self._budget.acquire(unless=lambda: not self._is_in_voice(), at_once=at_once):
            return
        guild = self._client.get_guild(self._guild_id)
        if guild is None:
            return
        self._left.clear()
        self._leave_requested_at = self.clock.monotonic()
        self.requested(None)
        try:
            await guild.change_voice_state(channel=None)
            async with asyncio.timeout(LEFT_SECONDS):
                await self._left.wait()
        except (OSError, TimeoutError) as error:
            log.info(
                "Discord has not confirmed that the bot left",
                guild=self._guild_id,
                error=describe(error),
            )

    def _is_in_voice(self) -> bool:
        """Whether Discord believes that the bot is in a channel, and can be told otherwise."""
        guild = self._client.get_guild(self._guild_id)
        return (
            self.gateway
            and guild is not None
            and not guild.unavailable
            and guild.me is not None
            and guild.me.voice is not None
        )

    async def wait_for_new_server(
        self, connection: Connection, *, unless: Callable[[], bool]
    ) -> None:
        """Wait a little for Discord to name another voice server. `unless`: stop waiting."""
        until = self.clock.monotonic() + NEW_SERVER_SECONDS
        while self.clock.monotonic() < until and not (connection.server_changed or unless()):
            await self.clock.sleep(LOOK_SECONDS)
