"""In or out of a server's voice channel: entering, leaving, and being given another voice server.

Knows: the connection of the moment, which voice states were asked for, how long to wait before
another try. Does not know: why the bot is to be anywhere, who listens, what is said (the room
and the speaker do).
"""

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp
import discord
import structlog

from bot.voice.audience import VoiceChannel
from bot.voice.connection import Connection, Credentials, Loss, LossReason
from bot.voice.moves import OwnMoves
from engine.clock import Clock
from engine.describing import describe

log = structlog.get_logger(__name__)

#: Seconds for one handshake. With the pause after a failed one, two tries fit into 15 s.
CONNECT_SECONDS: Final = 6.0
#: Seconds between tries to join, growing.
RETRY_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: Seconds between tries after a refusal that no try can mend by itself.
HOPELESS_SECONDS: Final = 60.0
#: A moved bot gets its new voice server so soon after it was told of the move.
NEW_SERVER_SECONDS: Final = 2.0
#: The voice state that confirms a leave comes so soon, or not at all.
LEFT_SECONDS: Final = 1.0
#: How often a wait for a new server looks again.
LOOK_SECONDS: Final = 0.05
#: Close codes after which another try is of no use until an operator acts.
HOPELESS: Final = {
    4004: "authentication failed",
    4016: "no encryption mode in common",
    4017: "end-to-end encryption is required: install davey",
}


class Presence:
    """`changed` is called when the connection is lost. An `Occupant` of its connections."""

    def __init__(
        self,
        client: discord.Client,
        guild_id: int,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self.clock = clock
        #: Whether the gateway takes requests.
        self.gateway = True
        self._client = client
        self._guild_id = guild_id
        self._changed = changed
        self._connection: Connection | None = None
        self._moves = OwnMoves()
        self._left = asyncio.Event()
        self._failures = 0

    @property
    def connection(self) -> Connection | None:
        """The connection of the moment; it may be lost."""
        return self._connection

    @property
    def keeps_failing(self) -> bool:
        """Whether more than one try in a row has failed."""
        return self._failures > 1

    def hurry(self) -> None:
        """Somebody calls: the next try need not wait for long."""
        self._failures = 0

    def retry_in(self) -> float:
        """Seconds until the next try, longer each time until one succeeds."""
        seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        return seconds

    # What Discord tells.

    def explains(self, channel_id: int | None) -> bool:
        """Our own voice state is in `channel_id` now: whether we asked for that."""
        if channel_id is None:
            self._left.set()
        return self._moves.explain(channel_id)

    def session_ended(self) -> None:
        """A new gateway session began: voice of the old one is lost, its requests unanswered."""
        self._moves.forget()
        if self._connection is not None:
            self._connection.report(Loss(LossReason.SESSION_ENDED))
        self.gateway = True

    # What its connection tells.

    def asked(self, channel_id: int | None) -> None:
        self._moves.asked(channel_id)

    def lost(self, connection: Connection, loss: Loss) -> None:
        log.info("voice was lost", guild=self._guild_id, reason=loss.reason, code=loss.code)
        self._changed()

    # Coming and going.

    async def enter(self, channel: VoiceChannel, credentials: Credentials | None = None) -> float:
        """Connect to the channel: afresh, or with what Discord has given for it already.

        Returns 0 when frames can be heard, else the seconds until another try.
        """
        await self.drop(leave=credentials is None)

        def make(client: discord.Client, connectable: discord.abc.Connectable) -> Connection:
            self._connection = Connection(client, connectable, self, credentials)
            return self._connection

        try:
            await channel.connect(
                cls=make, timeout=CONNECT_SECONDS, reconnect=False, self_deaf=True
            )
        except (TimeoutError, OSError, aiohttp.ClientError, discord.ClientException) as error:
            code = error.code if isinstance(error, discord.ConnectionClosed) else None
            log.warning(
                "could not join",
                guild=self._guild_id,
                channel=channel.id,
                error=describe(error),
                mend=HOPELESS.get(code) if code is not None else None,
            )
            await self.drop(leave=False)
            return HOPELESS_SECONDS if code in HOPELESS else self.retry_in()
        self._failures = 0
        log.info("in the voice channel", guild=self._guild_id, channel=channel.id)
        return 0

    async def drop(self, *, leave: bool) -> None:
        """Let go of the connection. With `leave`, tell Discord that we are out, if it believes
        that we are in, and wait a little for its word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.end()
        guild = self._client.get_guild(self._guild_id)
        if not leave or guild is None or guild.me is None or guild.me.voice is None:
            return
        if not self.gateway:
            return
        self._left.clear()
        self.asked(None)
        try:
            await guild.change_voice_state(channel=None)
            async with asyncio.timeout(LEFT_SECONDS):
                await self._left.wait()
        except (OSError, TimeoutError) as error:
            log.info("no word of having left", guild=self._guild_id, error=describe(error))

    async def renewal(self, connection: Connection, *, unless: Callable[[], bool]) -> None:
        """Wait a little for Discord to name another voice server, `unless` that is moot."""
        until = self.clock.monotonic() + NEW_SERVER_SECONDS
        while self.clock.monotonic() < until and not (connection.renewed or unless()):
            await self.clock.sleep(LOOK_SECONDS)
