"""One server's voice: where the bot is to be, whether it may speak there, and until when.

Knows: the channel it is meant to be in, who listens, what hinders, what to do when any of these or
the connection changes. Does not know: how one enters (the presence does), frames (the speaker
does), text, messages, other servers.

One task looks at how things stand, does the one next thing, and waits until something changes.
Where it is, is committed before it acts on it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import discord
import structlog

from bot import policy
from bot.voice.channel_session import ChannelSession
from bot.voice.connection import Connection, Disconnect, DisconnectReason
from bot.voice.frame_clock import FrameClock
from bot.voice.frame_sender import FrameSender, LeadIn
from bot.voice.listeners import Listeners, VoiceChannel, audience
from bot.voice.request_budget import VoiceRequests
from bot.voice.stage import Stage
from engine.base.clock import Clock
from engine.model.jobs import EndReason
from engine.queue import FrontEndQueue

log = structlog.get_logger(__name__)

#: A deleted channel and the disconnect that it causes arrive within this of each other.
DELETED_SECONDS: Final = 0.5
#: How often a wait for that looks again.
LOOK_SECONDS: Final = 0.05
#: Close codes that say nothing of when the path died: the peer sent none.
NO_CODE: Final = {None, -1, 1006}

CANNOT_JOIN: Final = "I cannot get into the voice channel; I keep trying."
NOBODY: Final = "Nobody is listening; I go on when somebody comes back."
UNAVAILABLE: Final = "Discord reports this server as unavailable; I go on when it is back."


@dataclass(frozen=True, slots=True)
class VoiceDeps:
    """What every room uses."""

    client: discord.Client
    speech: FrontEndQueue
    metronome: FrameClock
    clock: Clock
    requests: VoiceRequests  # one budget for all rooms
    lead_in: LeadIn
    alone_timeout: float  # seconds
    bot_standing: Callable[[VoiceChannel], policy.BotFacts]
    changed: Callable[[int], None]  # a guild's standing changed in a way that messages show


class GuildVoice:
    """A guild's voice. The owner calls `close` in the end.

    `channel_id`: where it was committed to be before this process began.
    """

    def __init__(
        self,
        guild_id: int,
        deps: VoiceDeps,
        *,
        paused: bool = False,
        channel_id: int | None = None,
    ) -> None:
        self.guild_id = guild_id
        self.lane = str(guild_id)
        self.clock = deps.clock
        self._deps = deps
        self._player = deps.speech.player(self.lane)
        self._presence = ChannelSession(
            deps.client, guild_id, deps.clock, deps.requests, changed=self.look
        )
        self._stage = Stage(deps.clock)
        # Where it is to be, and what is known of that.
        self._wanted = channel_id
        self._paused = paused
        self._alone_since: float | None = None
        self._note: str | None = None
        # What was told since the last look.
        self._moved_to: int | None = None
        self._put_out = False
        self._broken = False
        self._closing = False
        self._wake = asyncio.Event()
        # Who speaks, and over which connection somebody spoke last.
        self._spoken_over: Connection | None = None
        self._speaker: FrameSender | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._task = asyncio.create_task(self._run(), name=f"room-{guild_id}")

    @property
    def channel_id(self) -> int | None:
        """The channel where the bot is, or is on its way to."""
        return self._wanted

    @property
    def connected(self) -> bool:
        """Whether the bot is in the channel and can be heard."""
        connection = self._presence.connection
        return connection is not None and connection.audible

    @property
    def accompanied(self) -> bool:
        """Whether somebody listens in the channel where the bot is."""
        guild = self._deps.client.get_guild(self.guild_id)
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
        """Be in this channel from now on. A member's command asks for it: nothing else does."""
        if self._wanted != channel_id:
            await self._place(channel_id)
        self._presence.hurry()
        self._stage.called()
        self._alone_since = None
        self._wake.set()

    async def leave(self) -> None:
        """Be in no channel from now on. Jobs stay."""
        if self._wanted is not None:
            await self._place(None)
        self._wake.set()

    async def pause(self, on: bool) -> None:
        """Stop speaking at this frame, or go on there."""
        await self._deps.speech.set_paused(self.lane, on)
        self._paused = on
        if self._speaker is not None:
            if on:
                self._speaker.hold()
            else:
                self._speaker.release()
        self._deps.changed(self.guild_id)

    # What Discord tells.

    def own_voice_state(self, channel_id: int | None) -> None:
        """Our own voice state in this guild changed."""
        if not self._presence.explains(channel_id):
            if channel_id is None:
                self._put_out = True
            elif channel_id != self._wanted:
                self._moved_to = channel_id
        self._wake.set()

    def look(self) -> None:
        """Something about the channel changed: listeners, permissions, mute."""
        self._wake.set()

    def gateway(self, up: bool) -> None:
        """The gateway can, or cannot, take requests."""
        self._presence.gateway = up
        self._wake.set()

    def session_ended(self) -> None:
        """A new gateway session began: voice of the old one is lost, its requests unanswered."""
        self._presence.session_ended()
        self._wake.set()

    async def channel_deleted(self, channel_id: int) -> None:
        """A channel is gone. If it was ours, its jobs end."""
        if channel_id == self._wanted:
            await self._give_up(EndReason.LANE_GONE)
            self._wake.set()

    async def close(self, *, leave: bool) -> None:
        """End the room. With `leave`, leave the channel too; the place stays committed, so that
        the next start comes back."""
        self._closing = True
        self._wake.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_speaking(self.clock.monotonic())
        await self._presence.drop(leave=leave, at_once=True)
        self._player.close()

    # The task.

    async def _run(self) -> None:
        # The flag ends it also where a library below has swallowed the cancellation.
        while not self._closing:
            self._wake.clear()
            try:
                wait = await self._step()
            except Exception as error:
                # No fault may end it: the next look starts afresh.
                log.error("a step in a voice channel failed", guild=self.guild_id, exc_info=error)
                self._broken = True
                self._presence.failed()
                wait = self._presence.wait
            await self._wait(wait)

    async def _wait(self, seconds: float | None) -> None:
        """Until something changes, or for so long. 0: not at all."""
        if seconds == 0:
            return
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._wake.wait())]
        if seconds is not None:
            waits.append(asyncio.create_task(self.clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    async def _step(self) -> float | None:
        """Do the one next thing. Returns the seconds until the next look; 0: look again at once;
        None: when something changes.

        Events wake this at any moment. They let the room look, and shorten no wait: what retries
        asks the presence whether it may.
        """
        if self._broken:
            return self._presence.wait or await self._start_over()
        if self._speaking is not None and self._speaking.done():
            self._presence.failed()
            return await self._start_over()
        if self._put_out:
            return await self._was_put_out()
        if self._moved_to is not None:
            moved_to, self._moved_to = self._moved_to, None
            log.info("moved by somebody", guild=self.guild_id, channel=moved_to)
            await self._place(moved_to)
        connection = self._presence.connection
        if connection is not None and connection.loss is not None:
            return await self._recover(connection, connection.loss)
        if self._wanted is None:
            return await self._depart()
        guild = self._deps.client.get_guild(self.guild_id)
        if guild is None or guild.unavailable:
            wait = await self._depart()
            self._say(UNAVAILABLE)
            return wait
        channel = guild.get_channel(self._wanted)
        if not isinstance(channel, VoiceChannel):
            await self._give_up(EndReason.LANE_GONE)
            return 0
        if connection is None:
            return await self._enter(channel)
        if connection.channel.id != channel.id:
            return await self._follow(connection, channel)
        return await self._attend(connection, channel)

    # In the channel.

    async def _attend(self, connection: Connection, channel: VoiceChannel) -> float | None:
        """Speak if there is somebody to hear it and nothing hinders."""
        waits = [await self._stage.seek(channel)]
        here = audience(channel)
        self._judge(here)
        if here.listeners > 0 and here.blocker is None:
            if self._speaking is None:
                self._start_speaking(connection)
        else:
            await self._stop_speaking(self.clock.monotonic())
        waits.append(await self._stage.accept(channel))
        waits.append(await self._mind_being_alone(here))
        return min((each for each in waits if each is not None), default=None)

    async def _mind_being_alone(self, here: Listeners) -> float | None:
        now = self.clock.monotonic()
        if here.listeners > 0:
            self._alone_since = None
            return None
        if self._alone_since is None:
            self._alone_since = now
        remaining = self._alone_since + self._deps.alone_timeout - now
        if remaining > 0:
            return remaining
        log.info("left alone, leaving", guild=self.guild_id)
        self._alone_since = None
        await self._place(None)
        return 0

    def _judge(self, here: Listeners) -> None:
        """Tell the queue whether the lane can be heard. A hindrance is a pause, which does not
        count towards a job's expiry; to be alone does."""
        self._deps.speech.reachable(self.lane, here.listeners > 0)
        if here.blocker is not None:
            self._say(here.blocker.value)
        else:
            self._say(NOBODY if here.listeners == 0 else None)

    def _say(self, note: str | None) -> None:
        if note != self._note:
            self._note = note
            self._deps.changed(self.guild_id)

    def _start_speaking(self, connection: Connection) -> None:
        lead_in = self._deps.lead_in
        is_fresh, self._spoken_over = connection is not self._spoken_over, connection
        self._speaker = FrameSender(
            connection,
            self._player,
            self._deps.metronome,
            self.clock,
            lead_in if is_fresh else LeadIn(join=lead_in.pause, pause=lead_in.pause),
            held=self._paused,
        )
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
        closed = policy.obstacle(self._deps.bot_standing(channel))
        if closed is not None or not self._presence.gateway:
            self._deps.speech.reachable(self.lane, False)
            self._say(closed.reason if closed is not None else None)
            return None
        wait = await self._presence.enter(channel, unless=lambda: not self._is_deadline_in(channel))
        self._stage.entered()
        return self._entered(wait)

    def _is_deadline_in(self, channel: VoiceChannel) -> bool:
        """Whether a look would still enter the channel. A request to join may wait for its turn for
        long, and what happens meanwhile can make it moot."""
        return (
            self._wanted == channel.id
            and not self._put_out
            and self._moved_to is None
            and self._presence.gateway
            and audience(channel).listeners > 0
        )

    def _entered(self, wait: float) -> float:
        """What a try to enter came to: 0 when we are in, else the seconds until another."""
        if wait > 0:
            self._deps.speech.reachable(self.lane, False)
            if self._presence.keeps_failing:
                self._say(CANNOT_JOIN)
        return wait

    async def _follow(self, connection: Connection, channel: VoiceChannel) -> float | None:
        """We are to be in another channel than the connection's."""
        state = channel.guild.me.voice
        if state is not None and state.channel == channel:
            # Moved by somebody: a new voice server is on its way.
            await self._stop_speaking(self.clock.monotonic())
            await self._presence.renewal(connection, unless=lambda: self._put_out)
            connection.report(Disconnect(DisconnectReason.SERVER_CHANGED))
            return 0
        await self._stop_speaking(self.clock.monotonic())
        await self._presence.drop(leave=True)
        return 0

    # Going.

    async def _recover(self, connection: Connection, loss: Disconnect) -> float | None:
        """The connection is lost: what was not surely heard goes back, then another is made."""
        told = loss.reason in (DisconnectReason.SERVER_CHANGED, DisconnectReason.SESSION_ENDED)
        closed = loss.reason is DisconnectReason.CLOSED and loss.code not in NO_CODE
        lived = self.clock.monotonic() if told or closed else connection.last_sign_of_life
        await self._stop_speaking(lived)
        if self._presence.wait > 0 and self._wanted is not None:
            # The lost connection stays until then: Discord tells it of other voice servers.
            return self._entered(self._presence.wait)
        if loss.code == 4014:
            # A kick, a move or a dropped session: what follows on the gateway says which.
            await self._presence.renewal(connection, unless=lambda: self._put_out)
        credentials = connection.credentials if connection.renewed else None
        await self._presence.drop(leave=False)
        if credentials is None or self._put_out or loss.reason is DisconnectReason.SESSION_ENDED:
            return 0
        guild = self._deps.client.get_guild(self.guild_id)
        state = guild.me.voice if guild is not None else None
        if state is None or not isinstance(state.channel, VoiceChannel):
            return 0
        return self._entered(
            await self._presence.enter(state.channel, credentials, unless=lambda: False)
        )

    async def _was_put_out(self) -> float | None:
        """Somebody disconnected us, or our channel was deleted: stay out, and end what waits.
        What is said from now on is not meant."""
        self._put_out = False
        await self._stop_speaking(self.clock.monotonic())
        left = self._wanted
        if left is None:
            return 0
        ended = [view.job.id for view in await self._deps.speech.queue(self.lane)]
        await self._place(None)
        by = EndReason.LANE_GONE if await self._is_deleted(left) else EndReason.DISCONNECTED
        log.info("put out of the voice channel", guild=self.guild_id, by=by.value)
        self._player.forget()
        for job_id in ended:
            await self._deps.speech.cancel(job_id, by=by, actor=None)
        return 0

    async def _is_deleted(self, channel_id: int) -> bool:
        """Whether a channel is gone; its end may be told a little after that of its call."""
        until = self.clock.monotonic() + DELETED_SECONDS
        while self.clock.monotonic() < until:
            guild = self._deps.client.get_guild(self.guild_id)
            if guild is not None and guild.get_channel(channel_id) is None:
                return True
            await self.clock.sleep(LOOK_SECONDS)
        return False

    async def _give_up(self, by: EndReason) -> None:
        """Stay out, and end what waits: somebody else has decided so."""
        await self._place(None)
        await self._deps.speech.clear(self.lane, by=by, actor=None)

    async def _depart(self) -> float | None:
        await self._stop_speaking(self.clock.monotonic())
        wait = await self._presence.depart()
        self._deps.speech.reachable(self.lane, False)
        self._say(None)
        return wait

    async def _start_over(self) -> float:
        """After a fault of our own: forget the connection and the speaker that uses it."""
        task, self._broken = self._speaking, False
        await self._stop_speaking(self.clock.monotonic())
        await self._presence.drop(leave=True)
        if task is not None and not task.cancelled() and task.done():
            error = task.exception()
            if error is not None:
                log.error("the speaker failed", guild=self.guild_id, exc_info=error)
        return 0

    async def _place(self, channel_id: int | None) -> None:
        where = None if channel_id is None else {"channel": channel_id}
        await self._deps.speech.set_target(self.lane, where)
        self._wanted = channel_id
