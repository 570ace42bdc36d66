"""In or out of a server's voice channel: entering, leaving, and being given another voice server.

Knows: the connection of the moment, which voice states were asked for, when another try may begin.
Does not know: why the bot is to be anywhere, who listens, what is said (the room and the speaker
do).
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final

import aiohttp
import discord
import structlog

from bot.voice.connection import Connection, Disconnect, DisconnectReason, VoiceServerInfo
from bot.voice.listeners import VoiceChannel
from bot.voice.pending_requests import PendingVoiceRequests
from bot.voice.request_budget import VoiceRequests
from bot.voice.retries import Retries
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Seconds for one handshake. With the pause after a failed one, two tries fit into 15 s.
CONNECT_SECONDS: Final = 6.0
#: Seconds between tries after a refusal that no try can mend by itself.
HOPELESS_SECONDS: Final = 60.0
#: A moved bot gets its new voice server so soon after it was told of the move.
NEW_SERVER_SECONDS: Final = 2.0
#: The voice state that confirms a leave comes so soon, or not at all.
LEFT_SECONDS: Final = 1.0
#: A leave that was not confirmed is asked for again after so many seconds.
LEAVE_AGAIN_SECONDS: Final = 15.0
#: How often a wait for a new server looks again.
LOOK_SECONDS: Final = 0.05
#: Close codes after which another try is of no use until an operator acts.
HOPELESS: Final = {
    4004: "authentication failed",
    4016: "no encryption mode in common",
    4017: "end-to-end encryption is required: install davey",
}


class ChannelSession:
    """`changed` is called when the connection is lost. An `Occupant` of its connections."""

    def __init__(
        self,
        client: discord.Client,
        guild_id: int,
        clock: Clock,
        requests: VoiceRequests,
        changed: Callable[[], None],
    ) -> None:
        self.clock = clock
        #: Whether the gateway takes requests.
        self.gateway = True
        self._client = client
        self._guild_id = guild_id
        self._requests = requests
        self._changed = changed
        self._connection: Connection | None = None
        self._entered: Connection | None = None  # the last one that could be heard
        self._moves = PendingVoiceRequests()
        self._left = asyncio.Event()
        self._asked_to_leave_at = -math.inf
        self._retries = Retries()

    @property
    def connection(self) -> Connection | None:
        """The connection of the moment; it may be lost."""
        return self._connection

    @property
    def keeps_failing(self) -> bool:
        """Whether more than one try in a row has failed."""
        return self._retries.keeps_failing

    @property
    def wait(self) -> float:
        """Seconds until a try to enter may begin, whatever happens meanwhile; 0: now."""
        return self._retries.wait(self.clock.monotonic())

    def hurry(self) -> None:
        """A member calls: one try need not wait as long."""
        self._retries.hurry(self.clock.monotonic())

    def failed(self) -> None:
        """What was tried in the channel came to nothing, for a reason that the room knows."""
        self._retries.failed(self.clock.monotonic())

    # What Discord tells.

    def explains(self, channel_id: int | None) -> bool:
        """Our own voice state is in `channel_id` now: whether we asked for that."""
        if channel_id is None:
            self._left.set()
            self._asked_to_leave_at = -math.inf
        return self._moves.explain(channel_id)

    def session_ended(self) -> None:
        """A new gateway session began: voice of the old one is lost, its requests unanswered."""
        self._moves.forget()
        if self._connection is not None:
            self._connection.report(Disconnect(DisconnectReason.SESSION_ENDED))
        self.gateway = True

    # What its connection tells.

    def asked(self, channel_id: int | None) -> None:
        self._moves.asked(channel_id)

    def lost(self, connection: Connection, loss: Disconnect) -> None:
        log.info("voice was lost", guild=self._guild_id, reason=loss.reason, code=loss.code)
        if connection is self._entered:  # else the try to enter has yet to fail
            self._retries.lost(self.clock.monotonic())
        self._changed()

    # Coming and going.

    async def enter(
        self,
        channel: VoiceChannel,
        credentials: VoiceServerInfo | None = None,
        *,
        unless: Callable[[], bool],
    ) -> float:
        """Connect to the channel: afresh, or with what Discord has given for it already. Does
        nothing where `unless` holds once the request to join may go out.

        Returns the seconds until another try, at least; 0 when frames can be heard, or when this
        one was no longer wanted.
        """
        if (wait := self.wait) > 0:
            return wait
        await self.drop(leave=credentials is None)
        if credentials is None and not await self._requests.turn(unless=unless):
            return 0
        self._retries.begin(self.clock.monotonic())

        def make(client: discord.Client, connectable: discord.abc.Connectable) -> Connection:
            self._connection = Connection(client, connectable, self, credentials)
            return self._connection

        try:
            await channel.connect(
                cls=make, timeout=CONNECT_SECONDS, reconnect=False, self_deaf=True
            )
        except (TimeoutError, OSError, aiohttp.ClientError, discord.ClientException) as error:
            code = error.code if isinstance(error, discord.ConnectionClosed) else None
            self._retries.failed(
                self.clock.monotonic(), at_least=HOPELESS_SECONDS if code in HOPELESS else 0.0
            )
            log.warning(
                "could not join",
                guild=self._guild_id,
                channel=channel.id,
                error=describe(error),
                mend=HOPELESS.get(code) if code is not None else None,
                retry_in=round(self.wait, 2),
            )
            await self.drop(leave=False)
            return self.wait
        self._entered = self._connection
        log.info("in the voice channel", guild=self._guild_id, channel=channel.id)
        return 0

    async def depart(self) -> float | None:
        """Be out. Returns the seconds until another look where Discord has not confirmed it yet;
        None: nothing is left to do."""
        again_at = self._asked_to_leave_at + LEAVE_AGAIN_SECONDS
        await self.drop(leave=self.clock.monotonic() >= again_at)
        if not self._is_in_voice():
            return None
        return self._asked_to_leave_at + LEAVE_AGAIN_SECONDS - self.clock.monotonic()

    async def drop(self, *, leave: bool, at_once: bool = False) -> None:
        """Let go of the connection. With `leave`, tell Discord that we are out, if it believes
        that we are in, and wait a little for its word; `at_once`: the process ends."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.end()
        if not leave or not self._is_in_voice():
            return
        if not await self._requests.turn(unless=lambda: not self._is_in_voice(), at_once=at_once):
            return
        guild = self._client.get_guild(self._guild_id)
        if guild is None:
            return
        self._left.clear()
        self._asked_to_leave_at = self.clock.monotonic()
        self.asked(None)
        try:
            await guild.change_voice_state(channel=None)
            async with asyncio.timeout(LEFT_SECONDS):
                await self._left.wait()
        except (OSError, TimeoutError) as error:
            log.info("no word of having left", guild=self._guild_id, error=describe(error))

    def _is_in_voice(self) -> bool:
        """Whether Discord believes that we are in a channel, and can be told otherwise."""
        guild = self._client.get_guild(self._guild_id)
        return (
            self.gateway
            and guild is not None
            and not guild.unavailable
            and guild.me is not None
            and guild.me.voice is not None
        )

    async def renewal(self, connection: Connection, *, unless: Callable[[], bool]) -> None:
        """Wait a little for Discord to name another voice server, `unless` that is moot."""
        until = self.clock.monotonic() + NEW_SERVER_SECONDS
        while self.clock.monotonic() < until and not (connection.renewed or unless()):
            await self.clock.sleep(LOOK_SECONDS)
