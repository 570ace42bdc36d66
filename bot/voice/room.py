"""One server's voice: where the bot is to be, whether it may speak there, and until when.

Knows: the channel it is meant to be in, the connection there, who listens, what hinders, what to
do when any of these changes. Does not know: frames (the speaker does), text, messages, other
servers.

One task looks at how things stand, does the one next thing, and waits until something changes.
Where it is, is committed before it acts on it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord
import structlog

from bot import rights
from bot.voice.audience import Audience, VoiceChannel, audience
from bot.voice.connection import Connection, Credentials, Loss, LossReason
from bot.voice.metronome import Metronome
from bot.voice.moves import OwnMoves
from bot.voice.speaker import Leads, Speaker
from engine.clock import Clock
from engine.speech import Speech
from engine.speech.jobs import EndedBy

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
#: A deleted channel and the disconnect that it causes arrive within this of each other.
DELETED_SECONDS: Final = 0.5
#: How often a wait for one of the above looks again.
LOOK_SECONDS: Final = 0.05
#: Close codes after which another try is of no use until an operator acts.
HOPELESS: Final = {
    4004: "authentication failed",
    4016: "no encryption mode in common",
    4017: "end-to-end encryption is required: install davey",
}
#: Close codes that say nothing of when the path died: the peer sent none.
NO_CODE: Final = {None, -1, 1006}

CANNOT_JOIN: Final = "I cannot get into the voice channel; I keep trying."
NOBODY: Final = "Nobody is listening; I go on when somebody comes back."
UNAVAILABLE: Final = "Discord reports this server as unavailable; I go on when it is back."


@dataclass(frozen=True, slots=True)
class Tools:
    """What every room uses."""

    client: discord.Client
    speech: Speech
    metronome: Metronome
    clock: Clock
    leads: Leads
    alone_timeout: float  # seconds
    bot_standing: Callable[[VoiceChannel], rights.BotStanding]
    changed: Callable[[int], None]  # a guild's standing changed in a way that messages show


class Room:
    """A guild's voice. The owner calls `close` in the end.

    `channel_id`: where it was committed to be before this process began.
    """

    def __init__(
        self,
        guild_id: int,
        tools: Tools,
        *,
        paused: bool = False,
        channel_id: int | None = None,
    ) -> None:
        self.guild_id = guild_id
        self.lane = str(guild_id)
        self.clock = tools.clock
        self._tools = tools
        self._player = tools.speech.player(self.lane)
        self._moves = OwnMoves()
        # Where it is to be, and what is known of that.
        self._wanted = channel_id
        self._paused = paused
        self._gateway = True
        self._alone_since: float | None = None
        self._note: str | None = None
        # What was told since the last look.
        self._moved_to: int | None = None
        self._put_out = False
        self._broken = False
        self._wake = asyncio.Event()
        self._left = asyncio.Event()
        # The connection, and who speaks over it.
        self._connection: Connection | None = None
        self._failures = 0
        self._fresh = True  # nothing was said yet over this connection
        self._speaker: Speaker | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._task = asyncio.create_task(self._run(), name=f"room-{guild_id}")

    @property
    def channel_id(self) -> int | None:
        """The channel where the bot is, or is on its way to."""
        return self._wanted

    @property
    def connected(self) -> bool:
        """Whether the bot is in the channel and can be heard."""
        connection = self._connection
        return connection is not None and connection.audible

    @property
    def accompanied(self) -> bool:
        """Whether somebody listens in the channel where the bot is."""
        guild = self._tools.client.get_guild(self.guild_id)
        channel = guild.get_channel(self._wanted) if guild and self._wanted is not None else None
        return isinstance(channel, VoiceChannel) and audience(channel).listeners > 0

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def note(self) -> str | None:
        """Why nothing is heard just now, in a sentence for people; None when all is well."""
        return self._note

    # What commands do.

    async def go(self, channel_id: int) -> None:
        """Be in this channel from now on."""
        if self._wanted != channel_id:
            await self._place(channel_id)
            self._failures = 0
        self._alone_since = None
        self._wake.set()

    async def leave(self) -> None:
        """Be in no channel from now on. Jobs stay."""
        if self._wanted is not None:
            await self._place(None)
        self._wake.set()

    async def pause(self, on: bool) -> None:
        """Stop speaking at this frame, or go on there."""
        await self._tools.speech.set_paused(self.lane, on)
        self._paused = on
        if self._speaker is not None:
            if on:
                self._speaker.hold()
            else:
                self._speaker.release()
        self._tools.changed(self.guild_id)

    # What Discord tells.

    def own_voice_state(self, channel_id: int | None) -> None:
        """Our own voice state in this guild changed."""
        ours = self._moves.explain(channel_id)
        if channel_id is None:
            self._left.set()
            if not ours:
                self._put_out = True
        elif not ours and channel_id != self._wanted:
            self._moved_to = channel_id
        self._wake.set()

    def look(self) -> None:
        """Something about the channel changed: listeners, permissions, mute."""
        self._wake.set()

    def gateway(self, up: bool) -> None:
        """The gateway can, or cannot, take requests."""
        self._gateway = up
        self._wake.set()

    def session_ended(self) -> None:
        """A new gateway session began: voice of the old one is lost, its requests unanswered."""
        self._moves.forget()
        if self._connection is not None:
            self._connection.report(Loss(LossReason.SESSION_ENDED))
        self.gateway(True)

    async def channel_deleted(self, channel_id: int) -> None:
        """A channel is gone. If it was ours, its jobs end."""
        if channel_id == self._wanted:
            await self._give_up(EndedBy.LANE_GONE)
            self._wake.set()

    async def close(self, *, leave: bool) -> None:
        """End the room. With `leave`, leave the channel too; the place stays committed, so that
        the next start comes back."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_speaking(self.clock.monotonic())
        await self._drop_connection(leave=leave)
        self._player.close()

    # As the occupant of its connection.

    def asked(self, channel_id: int | None) -> None:
        self._moves.asked(channel_id)

    def lost(self, connection: Connection, loss: Loss) -> None:
        log.info("voice was lost", guild=self.guild_id, reason=loss.reason, code=loss.code)
        self._wake.set()

    # The task.

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                wait = await self._step()
            except Exception:
                # The edge of this server's voice: no fault may end it, the next look starts afresh.
                log.exception("a step in a voice channel failed", guild=self.guild_id)
                self._broken = True
                wait = self._retry_in()
            await self._wait(wait)

    async def _wait(self, seconds: float | None) -> None:
        """Until something changes, or for so long. 0: not at all."""
        if seconds == 0:
            return
        waits = [asyncio.create_task(self._wake.wait())]
        if seconds is not None:
            waits.append(asyncio.create_task(self.clock.sleep(seconds)))  # type: ignore[arg-type]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    async def _step(self) -> float | None:
        """Do the one next thing. Returns the seconds until the next look; 0: look again at once;
        None: when something changes."""
        if self._broken or (self._speaking is not None and self._speaking.done()):
            return await self._start_over()
        if self._put_out:
            return await self._was_put_out()
        if self._moved_to is not None:
            moved_to, self._moved_to = self._moved_to, None
            log.info("moved by somebody", guild=self.guild_id, channel=moved_to)
            await self._place(moved_to)
        connection = self._connection
        if connection is not None and connection.loss is not None:
            return await self._recover(connection, connection.loss)
        if self._wanted is None:
            await self._depart()
            return None
        guild = self._tools.client.get_guild(self.guild_id)
        if guild is None or guild.unavailable:
            await self._depart()
            self._say(UNAVAILABLE)
            return None
        channel = guild.get_channel(self._wanted)
        if not isinstance(channel, VoiceChannel):
            await self._give_up(EndedBy.LANE_GONE)
            return 0
        if connection is None:
            return await self._enter(channel)
        if connection.channel.id != channel.id:
            return await self._follow(connection, channel)
        return await self._attend(connection, channel)

    # In the channel.

    async def _attend(self, connection: Connection, channel: VoiceChannel) -> float | None:
        """Speak if there is somebody to hear it and nothing hinders."""
        await self._raise_hand(channel)
        here = audience(channel)
        self._judge(here)
        if here.listeners > 0 and here.hindrance is None:
            if self._speaking is None:
                self._start_speaking(connection)
        else:
            await self._stop_speaking(self.clock.monotonic())
        return await self._mind_being_alone(here)

    async def _mind_being_alone(self, here: Audience) -> float | None:
        now = self.clock.monotonic()
        if here.listeners > 0:
            self._alone_since = None
            return None
        if self._alone_since is None:
            self._alone_since = now
        remaining = self._alone_since + self._tools.alone_timeout - now
        if remaining > 0:
            return remaining
        log.info("left alone, leaving", guild=self.guild_id)
        self._alone_since = None
        await self._place(None)
        return 0

    def _judge(self, here: Audience) -> None:
        """Tell the queue whether the lane can be heard. A hindrance is a pause, which does not
        count towards a job's expiry; to be alone does."""
        self._tools.speech.reachable(self.lane, here.listeners > 0)
        if here.hindrance is not None:
            self._say(here.hindrance.value)
        else:
            self._say(NOBODY if here.listeners == 0 else None)

    def _say(self, note: str | None) -> None:
        if note != self._note:
            self._note = note
            self._tools.changed(self.guild_id)

    async def _raise_hand(self, channel: VoiceChannel) -> None:
        """On a stage, become a speaker if the bot may."""
        me = channel.guild.me
        if (
            isinstance(channel, discord.StageChannel)
            and me.voice is not None
            and me.voice.suppress
            and channel.permissions_for(me).mute_members
        ):
            try:
                await me.edit(suppress=False)
            except discord.HTTPException as error:
                log.warning("could not become a speaker", guild=self.guild_id, error=str(error))

    def _start_speaking(self, connection: Connection) -> None:
        leads = self._tools.leads
        self._speaker = Speaker(
            connection,
            self._player,
            self._tools.metronome,
            self.clock,
            leads if self._fresh else Leads(join=leads.pause, pause=leads.pause),
            held=self._paused,
        )
        self._fresh = False
        self._speaking = asyncio.create_task(self._speaker.run(), name=f"speaker-{self.lane}")
        self._speaking.add_done_callback(lambda _: self._wake.set())

    async def _stop_speaking(self, path_lived_until: float) -> None:
        speaker, task = self._speaker, self._speaking
        self._speaker = self._speaking = None
        if speaker is None or task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await speaker.stop(path_lived_until=path_lived_until)

    # Coming.

    async def _enter(self, channel: VoiceChannel) -> float | None:
        """Join afresh, if there is anybody to join and a way in."""
        here = audience(channel)
        if here.listeners == 0:
            self._judge(here)
            return await self._mind_being_alone(here)
        closed = rights.obstacle(self._tools.bot_standing(channel))
        if closed is not None or not self._gateway:
            self._tools.speech.reachable(self.lane, False)
            self._say(closed.reason if closed is not None else None)
            return None
        await self._leave_channel()
        return await self._connect(channel, None)

    async def _follow(self, connection: Connection, channel: VoiceChannel) -> float | None:
        """We are to be in another channel than the connection's."""
        state = channel.guild.me.voice
        if state is not None and state.channel == channel:
            # Moved by somebody: a new voice server is on its way.
            await self._stop_speaking(self.clock.monotonic())
            await self._renewal(connection)
            if connection.loss is None:
                connection.report(Loss(LossReason.SERVER_CHANGED))
            return 0
        await self._stop_speaking(self.clock.monotonic())
        await self._drop_connection(leave=True)
        return 0

    async def _connect(self, channel: VoiceChannel, credentials: Credentials | None) -> float:
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
                guild=self.guild_id,
                channel=channel.id,
                error=repr(error),
                mend=HOPELESS.get(code) if code is not None else None,
            )
            await self._drop_connection(leave=False)
            self._tools.speech.reachable(self.lane, False)
            if self._wanted is not None and self._failures:
                self._say(CANNOT_JOIN)
            return HOPELESS_SECONDS if code in HOPELESS else self._retry_in()
        self._failures = 0
        self._fresh = True
        log.info("in the voice channel", guild=self.guild_id, channel=channel.id)
        return 0

    def _retry_in(self) -> float:
        seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        return seconds

    # Going.

    async def _recover(self, connection: Connection, loss: Loss) -> float | None:
        """The connection is lost: what was not surely heard goes back, then another is made."""
        told = loss.reason in (LossReason.SERVER_CHANGED, LossReason.SESSION_ENDED)
        closed = loss.reason is LossReason.CLOSED and loss.code not in NO_CODE
        lived = self.clock.monotonic() if told or closed else connection.last_sign_of_life
        await self._stop_speaking(lived)
        if loss.code == 4014:
            # A kick, a move or a dropped session: what follows on the gateway says which.
            await self._renewal(connection)
        credentials = connection.credentials if connection.renewed else None
        await self._drop_connection(leave=False)
        if credentials is None or self._put_out or loss.reason is LossReason.SESSION_ENDED:
            return 0
        guild = self._tools.client.get_guild(self.guild_id)
        state = guild.me.voice if guild is not None else None
        if state is None or not isinstance(state.channel, VoiceChannel):
            return 0
        return await self._connect(state.channel, credentials)

    async def _renewal(self, connection: Connection) -> None:
        """Wait a little for Discord to name another voice server, or to say that we are out."""
        until = self.clock.monotonic() + NEW_SERVER_SECONDS
        while self.clock.monotonic() < until and not (connection.renewed or self._put_out):
            await self.clock.sleep(LOOK_SECONDS)

    async def _was_put_out(self) -> float | None:
        """Somebody disconnected us, or our channel was deleted: stay out."""
        self._put_out = False
        await self._stop_speaking(self.clock.monotonic())
        until = self.clock.monotonic() + DELETED_SECONDS
        while self.clock.monotonic() < until and self._wanted is not None:
            await self.clock.sleep(LOOK_SECONDS)
        if self._wanted is not None:
            log.info("disconnected by a moderator", guild=self.guild_id)
            await self._give_up(EndedBy.DISCONNECTED)
        return 0

    async def _give_up(self, by: EndedBy) -> None:
        """Stay out, and end what waits: somebody else has decided so."""
        await self._place(None)
        await self._tools.speech.clear(self.lane, by=by, actor=None)

    async def _depart(self) -> None:
        await self._stop_speaking(self.clock.monotonic())
        await self._drop_connection(leave=True)
        self._tools.speech.reachable(self.lane, False)
        self._say(None)

    async def _start_over(self) -> float:
        """After a fault of our own: forget the connection and whoever speaks over it."""
        task, self._broken = self._speaking, False
        await self._stop_speaking(self.clock.monotonic())
        await self._drop_connection(leave=True)
        if task is not None and not task.cancelled() and task.done():
            error = task.exception()
            if error is not None:
                log.error("the speaker failed", guild=self.guild_id, exc_info=error)
        return self._retry_in()

    async def _place(self, channel_id: int | None) -> None:
        where = None if channel_id is None else {"channel": channel_id}
        await self._tools.speech.place(self.lane, where)
        self._wanted = channel_id

    async def _drop_connection(self, *, leave: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.end()
        if leave:
            await self._leave_channel()

    async def _leave_channel(self) -> None:
        """Tell Discord that we are out, if it believes that we are in, and wait for its word."""
        guild = self._tools.client.get_guild(self.guild_id)
        if guild is None or guild.me is None or guild.me.voice is None or not self._gateway:
            return
        self._left.clear()
        self.asked(None)
        try:
            await guild.change_voice_state(channel=None)
            async with asyncio.timeout(LEFT_SECONDS):
                await self._left.wait()
        except (OSError, TimeoutError) as error:
            log.info("no word of having left", guild=self.guild_id, error=repr(error))
