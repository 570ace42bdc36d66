"""Enters and leaves a server's voice channel, and changes to another voice server, within the
budget of voice requests that all servers share.

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
from bot.voice.requests import PendingVoiceRequests, Retries
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Seconds for one handshake. With the pause after a failed one, two tries fit into 15 s.
CONNECT_SECONDS: Final = 6.0
#: Seconds between tries after a refusal that another try cannot change.
PERMANENT_ERROR_SECONDS: Final = 60.0
#: Seconds in which the voice state that confirms a leave comes, if it comes at all.
LEFT_SECONDS: Final = 1.0
#: Seconds until a leave that was not confirmed is requested again.
LEAVE_AGAIN_SECONDS: Final = 15.0
#: After these close codes another try fails too, until an operator acts: what to log.
PERMANENT_ERRORS: Final[Mapping[int, str]] = {
    VoiceCloseCode.AUTHENTICATION_FAILED: "authentication failed",
    VoiceCloseCode.UNKNOWN_ENCRYPTION_MODE: "no encryption mode in common",
    VoiceCloseCode.ENCRYPTION_REQUIRED: "end-to-end encryption is required: install davey",
}


#: Requests that may be sent at once, after a quiet time.
BURST: Final = 45
#: Requests a minute that may be sent in the long run.
PER_MINUTE: Final = 50
#: A wait ends when the request may be sent, not a rounding error earlier.
ROUNDING_SECONDS: Final = 0.001
#: Requests beyond the budget that may be sent when the process ends.
AT_ONCE: Final = 10


class VoiceRequestBudget:
    """How many voice requests (gateway op 4) may be sent, for all servers together: the process has
    one gateway connection.

    Discord closes a gateway connection that sends more than 120 events in 60 s. discord.py sends
    110 and then holds everything but heartbeats back, for all servers, until its minute is over. So
    requests to join and to leave stay under both: at most 95 in any 60 s, and 105 with those that
    cannot wait because the process ends.

    A token bucket. Requests wait in the order in which they came. A server has one at a time, so
    servers take turns.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._remaining = float(BURST)
        self._counted_at = clock.monotonic()
        self._logged_at = -math.inf
        self._queue = asyncio.Lock()  # its waiters are served in order

    async def acquire(self, *, unless: Callable[[], bool], at_once: bool = False) -> bool:
        """Wait until a request may be sent, and count it. Returns False, and counts nothing, if
        `unless` holds by then: the request is no longer wanted.

        `at_once`: the process ends. Send before all that wait. If the reserve is used up, do not
        send at all: Discord takes a bot out of voice when its gateway session ends.
        """
        if at_once:
            is_free = self._refill() >= 1 - AT_ONCE
            self._remaining -= is_free
            return is_free
        async with self._queue:
            while not unless():
                missing = 1 - self._refill()
                if missing <= 0:
                    self._remaining -= 1
                    return True
                if self._counted_at - self._logged_at >= 60:  # once a minute
                    self._logged_at = self._counted_at
                    log.info("voice requests wait: too many in the last minute")
                await self._clock.sleep(missing * 60 / PER_MINUTE + ROUNDING_SECONDS)
        return False

    def _refill(self) -> float:
        now = self._clock.monotonic()
        earned = (now - self._counted_at) * PER_MINUTE / 60
        self._remaining = min(float(BURST), self._remaining + earned)
        self._counted_at = now
        return self._remaining


class ChannelSession:
    """`changed` is called when the connection is lost."""

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
        #: The current connection; it may be lost already.
        self.connection: Connection | None = None
        self.retries = Retries()
        self._client = client
        self._guild_id = guild_id
        self._budget = budget
        self._changed = changed
        self._entered: Connection | None = None  # the last one that could be heard
        self._pending_requests = PendingVoiceRequests()
        self._left = asyncio.Event()
        self._leave_requested_at = -math.inf

    @property
    def wait(self) -> float:
        """Seconds until a try to enter may begin, whatever happens meanwhile. 0: now."""
        return self.retries.wait(self.clock.monotonic())

    def explains(self, channel_id: int | None) -> bool:
        """The bot is in `channel_id` now. Returns whether it requested that."""
        if channel_id is None:
            self._left.set()
            self._leave_requested_at = -math.inf
        return self._pending_requests.explain(channel_id)

    def session_ended(self) -> None:
        """A new gateway session has begun: the voice connection of the old one is lost."""
        self._pending_requests.forget()
        if self.connection is not None:
            self.connection.report(Disconnect(DisconnectReason.SESSION_ENDED))
        self.gateway = True

    def _disconnected(self, connection: Connection, disconnect: Disconnect) -> None:
        log.info(
            "the voice connection was lost",
            guild=self._guild_id,
            reason=disconnect.reason,
            code=disconnect.code,
        )
        if connection is self._entered:  # else the try to enter fails by itself
            self.retries.disconnected(self.clock.monotonic())
        self._changed()

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
        self.retries.begin(self.clock.monotonic())

        def make(client: discord.Client, connectable: discord.abc.Connectable) -> Connection:
            requested = self._pending_requests.requested
            self.connection = Connection(
                client, connectable, self.clock, requested, self._disconnected, server_info
            )
            return self.connection

        try:
            await channel.connect(
                cls=make, timeout=CONNECT_SECONDS, reconnect=False, self_deaf=True
            )
        except (*NETWORK_ERRORS, discord.ClientException) as error:
            code = error.code if isinstance(error, discord.ConnectionClosed) else None
            at_least = PERMANENT_ERROR_SECONDS if code in PERMANENT_ERRORS else 0.0
            self.retries.failed(self.clock.monotonic(), at_least=at_least)
            log.warning(
                "could not join",
                guild=self._guild_id,
                channel=channel.id,
                error=describe(error),
                fix=PERMANENT_ERRORS.get(code or 0),
                retry_in=round(self.wait, 2),
            )
            await self.drop(leave=False)
            return self.wait
        self._entered = self.connection
        log.info("in the voice channel", guild=self._guild_id, channel=channel.id)
        return 0

    async def leave(self) -> float | None:
        """Leave. Returns the seconds until another look; None once Discord has confirmed it."""
        again_at = self._leave_requested_at + LEAVE_AGAIN_SECONDS
        await self.drop(leave=self.clock.monotonic() >= again_at)
        if not self._is_in_voice():
            return None
        return self._leave_requested_at + LEAVE_AGAIN_SECONDS - self.clock.monotonic()

    async def drop(self, *, leave: bool, at_once: bool = False) -> None:
        """End the connection. With `leave`, also leave the channel if Discord believes that the
        bot is in one, and wait a little for the confirmation. `at_once`: the process ends."""
        connection, self.connection = self.connection, None
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
        self._pending_requests.requested(None)
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
        if guild is None or guild.unavailable or guild.me is None:
            return False
        return self.gateway and guild.me.voice is not None
