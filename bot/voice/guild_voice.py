"""One server's voice: in which channel the bot should be, and whether it speaks there.

Knows the channel, who listens, what keeps the bot from being heard, and what to do when any of
these or the connection changes. `channel_session.py` enters and leaves, `frame_sender.py` sends.

One task looks at the current state, does the one next thing, and waits until something changes. The
channel is committed before the task acts on it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import discord
import structlog

from bot import policy
from bot.discord_io.errors import VoiceCloseCode
from bot.locales.catalog import text
from bot.locales.escape import Markup
from bot.voice.channel_session import ChannelSession, VoiceRequestBudget
from bot.voice.connection import Connection, Disconnect, DisconnectReason
from bot.voice.frame_clock import FrameClock
from bot.voice.frame_sender import FrameSender, LeadIn
from bot.voice.listeners import Audience, Stage, VoiceChannel, audience
from engine.base.aio import first_of
from engine.base.clock import Clock
from engine.model.jobs import EndReason
from engine.queue import FrontEndQueue

log = structlog.get_logger(__name__)

#: The deletion of a channel and the disconnect that it causes arrive within these seconds.
DELETED_SECONDS: Final = 0.5
#: Seconds in which a moved bot gets its new voice server after it was told of the move.
NEW_SERVER_SECONDS: Final = 2.0
#: Seconds between two looks while waiting for either.
LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class VoiceDeps:
    """What the voice of every guild needs."""

    client: discord.Client
    speech: FrontEndQueue
    frame_clock: FrameClock
    clock: Clock
    budget: VoiceRequestBudget  # for all guilds together
    lead_in: LeadIn
    alone_timeout: float  # seconds
    bot_facts: Callable[[VoiceChannel], policy.BotFacts]
    changed: Callable[[int], None]  # something that a guild's messages show has changed


class GuildVoice:
    """A guild's voice. Its owner calls `close` at the end.

    `channel_id`: the channel that an earlier process had committed.
    """

    def __init__(
        self, guild_id: int, deps: VoiceDeps, *, paused: bool, channel_id: int | None
    ) -> None:
        self.guild_id = guild_id
        self.lane = str(guild_id)
        self.clock = deps.clock
        self._deps = deps
        self._playback = deps.speech.player(self.lane)
        self._session = ChannelSession(
            deps.client, guild_id, deps.clock, deps.budget, changed=self.look
        )
        self._stage = Stage(deps.clock)
        #: The channel where the bot is, or will be.
        self.channel_id = channel_id
        self.paused = paused
        self._alone_since: float | None = None
        self._note: str | policy.Denial | None = None  # the id of a sentence, or what has one
        # What has happened since the last look.
        self._moved_to: int | None = None
        self._removed = False
        self._failed = False
        self._closing = False
        self._wake = asyncio.Event()
        # The sender, and the connection that the last sender used.
        self._last_connection: Connection | None = None
        self._sender: FrameSender | None = None
        self._task = asyncio.create_task(self._run(), name=f"voice-{guild_id}")

    @property
    def connected(self) -> bool:
        """Whether the bot is in the channel and can be heard."""
        connection = self._session.connection
        return connection is not None and connection.audible

    @property
    def has_listeners(self) -> bool:
        """Whether anybody listens in the channel where the bot is."""
        channel = self._guild.get_channel(self.channel_id or 0) if self._guild is not None else None
        return isinstance(channel, VoiceChannel) and audience(channel).listeners > 0

    @property
    def _guild(self) -> discord.Guild | None:
        return self._deps.client.get_guild(self.guild_id)

    @property
    def note(self) -> Markup | None:
        """Why nothing can be heard just now, in a sentence for people; None if it can be."""
        if isinstance(self._note, policy.Denial):
            return self._note.reason
        return text(self._note) if self._note is not None else None

    # For commands.

    async def join(self, channel_id: int) -> None:
        """Be in this channel from now on. Only members' commands ask for this."""
        if self.channel_id != channel_id:
            await self._set_channel(channel_id)
        self._session.retries.hurry(self.clock.monotonic())
        self._stage.called()
        self._alone_since = None
        self._wake.set()

    async def leave(self) -> None:
        """Be in no channel from now on. Jobs keep waiting."""
        if self.channel_id is not None:
            await self._set_channel(None)
        self._wake.set()

    async def pause(self, on: bool) -> None:
        """Stop speaking at this frame, or continue there."""
        await self._deps.speech.set_paused(self.lane, on)
        self.paused = on
        if self._sender is not None:
            (self._sender.hold if on else self._sender.release)()
        self._deps.changed(self.guild_id)

    # For events of Discord.

    def own_voice_state(self, channel_id: int | None) -> None:
        """The bot's own voice state in this guild has changed."""
        if not self._session.explains(channel_id):
            if channel_id is None:
                self._removed = True
            elif channel_id != self.channel_id:
                self._moved_to = channel_id
        self._wake.set()

    def look(self) -> None:
        """Something about the channel has changed: listeners, permissions, mute."""
        self._wake.set()

    def gateway(self, up: bool) -> None:
        """The gateway takes requests, or does not."""
        self._session.gateway = up
        self._wake.set()

    def session_ended(self) -> None:
        self._session.session_ended()
        self._wake.set()

    async def channel_deleted(self, channel_id: int) -> None:
        """A channel was deleted. If the bot was in it, the jobs end."""
        if channel_id == self.channel_id:
            await self._leave_and_end_jobs(EndReason.LANE_GONE)
            self._wake.set()

    async def close(self, *, leave: bool) -> None:
        """End this. With `leave`, leave the channel too. The channel stays committed, so that the
        next start returns to it."""
        self._closing = True
        self._wake.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_speaking(self.clock.monotonic())
        await self._session.drop(leave=leave, at_once=True)
        self._playback.close()

    # The task.

    async def _run(self) -> None:
        # The flag ends the task even if a library has swallowed the cancellation.
        while not self._closing:
            self._wake.clear()
            try:
                wait = await self._step()
            except Exception as error:
                # No fault may end this task: it starts over.
                log.error("a step in a voice channel failed", guild=self.guild_id, exc_info=error)
                self._failed = True
                self._session.retries.failed(self.clock.monotonic())
                wait = self._session.wait
            await self._wait(wait)

    async def _wait(self, seconds: float | None) -> None:
        """Wait until something changes, or for so many seconds. 0: do not wait."""
        if seconds is None:
            await self._wake.wait()
        elif seconds != 0:
            await first_of(self._wake.wait(), self.clock.sleep(seconds))

    async def _step(self) -> float | None:
        """Do the one next thing. Returns the seconds until the next look; 0: look again at once;
        None: look when something changes.

        Events cause a look at any moment, but they shorten no pause: a retry asks the session
        whether it may begin.
        """
        if self._failed:
            return self._session.wait or await self._start_over()
        if self._sender is not None and self._sender.has_failed:
            self._session.retries.failed(self.clock.monotonic())
            return await self._start_over()
        if self._removed:
            return await self._stay_out()
        if self._moved_to is not None:
            moved_to, self._moved_to = self._moved_to, None
            log.info("a moderator moved the bot", guild=self.guild_id, channel=moved_to)
            await self._set_channel(moved_to)
        connection = self._session.connection
        if connection is not None and connection.ended is not None:
            return await self._recover(connection, connection.ended)
        if self.channel_id is None:
            return await self._leave_channel()
        guild = self._guild
        if guild is None or guild.unavailable:
            wait = await self._leave_channel()
            self._set_note("note-server-unavailable")
            return wait
        channel = guild.get_channel(self.channel_id)
        if not isinstance(channel, VoiceChannel):
            await self._leave_and_end_jobs(EndReason.LANE_GONE)
            return 0
        if connection is None:
            return await self._enter(channel)
        if connection.channel.id != channel.id:
            return await self._change_channel(connection, channel)
        return await self._speak_or_wait(connection, channel)

    # In the channel.

    async def _speak_or_wait(self, connection: Connection, channel: VoiceChannel) -> float | None:
        """Speak, if anybody listens and nothing keeps the bot from being heard."""
        waits = [await self._stage.seek(channel)]
        found = audience(channel)
        self._update_reachable(found)
        if found.listeners > 0 and found.blocker is None:
            if self._sender is None:
                self._start_speaking(connection)
        else:
            await self._stop_speaking(self.clock.monotonic())
        waits.append(await self._stage.accept(channel))
        waits.append(await self._leave_if_alone(found))
        return min((each for each in waits if each is not None), default=None)

    async def _leave_if_alone(self, found: Audience) -> float | None:
        now = self.clock.monotonic()
        if found.listeners > 0:
            self._alone_since = None
            return None
        if self._alone_since is None:
            self._alone_since = now
        remaining = self._alone_since + self._deps.alone_timeout - now
        if remaining > 0:
            return remaining
        log.info("nobody is listening; leaving", guild=self.guild_id)
        self._alone_since = None
        await self._set_channel(None)
        return 0

    def _update_reachable(self, found: Audience) -> None:
        """Tell the queue whether the lane can be heard. Time with a blocker does not count towards
        a job's expiry, as in a pause; time without listeners does."""
        self._deps.speech.reachable(self.lane, found.listeners > 0)
        nobody = "note-nobody-listening" if found.listeners == 0 else None
        self._set_note(found.blocker or nobody)

    def _set_note(self, note: str | policy.Denial | None) -> None:
        if note != self._note:
            self._note = note
            self._deps.changed(self.guild_id)

    def _start_speaking(self, connection: Connection) -> None:
        lead_in = self._deps.lead_in
        is_new, self._last_connection = connection is not self._last_connection, connection
        self._sender = FrameSender(
            connection,
            self._playback,
            self._deps.frame_clock,
            self.clock,
            lead_in if is_new else LeadIn(join=lead_in.pause, pause=lead_in.pause),
        )
        if self.paused:
            self._sender.hold()
        self._sender.start(self._wake.set)

    async def _stop_speaking(self, path_lived_until: float) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.stop(path_lived_until=path_lived_until)

    # Joining.

    async def _enter(self, channel: VoiceChannel) -> float | None:
        """Join, if anybody is there and nothing keeps the bot out."""
        found = audience(channel)
        if found.listeners == 0:
            self._update_reachable(found)
            return await self._leave_if_alone(found)
        denial = policy.obstacle(self._deps.bot_facts(channel))
        if denial is not None or not self._session.gateway:
            self._deps.speech.reachable(self.lane, False)
            self._set_note(denial)
            return None
        wait = await self._session.enter(channel, unless=lambda: not self._would_enter(channel))
        self._stage.entered()
        return self._entered(wait)

    def _would_enter(self, channel: VoiceChannel) -> bool:
        """Whether the bot should still join the channel. A request to join may wait long for the
        budget, and it may no longer be wanted then."""
        return (
            self.channel_id == channel.id
            and not self._removed
            and self._moved_to is None
            and self._session.gateway
            and audience(channel).listeners > 0
        )

    def _entered(self, wait: float) -> float:
        """A try to enter has ended. `wait`: 0 if the bot is in, else the seconds until another."""
        if wait > 0:
            self._deps.speech.reachable(self.lane, False)
            if self._session.retries.keeps_failing:
                self._set_note("note-cannot-join")
        return wait

    async def _change_channel(self, connection: Connection, channel: VoiceChannel) -> float:
        """The bot should be in another channel than the connection's."""
        state = channel.guild.me.voice
        is_there = state is not None and state.channel == channel
        await self._stop_speaking(self.clock.monotonic())
        if is_there:  # a moderator moved the bot: Discord will name a new voice server
            await self._wait_for_new_server(connection)
            connection.report(Disconnect(DisconnectReason.SERVER_CHANGED))
        else:
            await self._session.drop(leave=True)
        return 0

    async def _wait_for_new_server(self, connection: Connection) -> None:
        await self._comes_true(
            lambda: connection.server_changed or self._removed, NEW_SERVER_SECONDS
        )

    async def _comes_true(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Whether `condition` comes true within so many seconds."""
        until = self.clock.monotonic() + seconds
        while not condition():
            if self.clock.monotonic() >= until:
                return False
            await self.clock.sleep(LOOK_SECONDS)
        return True

    # Leaving.

    async def _recover(self, connection: Connection, disconnect: Disconnect) -> float | None:
        """The connection is lost: return what was not surely heard, then make another one."""
        await self._stop_speaking(
            self.clock.monotonic() if disconnect.was_told else connection.last_sign_of_life
        )
        if self._session.wait > 0 and self.channel_id is not None:
            # Keep the lost connection until then: it receives the voice server that Discord names.
            return self._entered(self._session.wait)
        if disconnect.code == VoiceCloseCode.DISCONNECTED:
            # A kick, a move or a dropped session: the next gateway events say which.
            await self._wait_for_new_server(connection)
        server_info = connection.server_info if connection.server_changed else None
        await self._session.drop(leave=False)
        is_session_over = disconnect.reason is DisconnectReason.SESSION_ENDED
        if server_info is None or self._removed or is_session_over:
            return 0
        state = self._guild.me.voice if self._guild is not None else None
        if state is None or not isinstance(state.channel, VoiceChannel):
            return 0
        return self._entered(
            await self._session.enter(state.channel, server_info, unless=lambda: False)
        )

    async def _stay_out(self) -> float | None:
        """A moderator disconnected the bot, or its channel was deleted: stay out, and end the jobs
        that wait. Jobs that come later are not affected."""
        self._removed = False
        await self._stop_speaking(self.clock.monotonic())
        left = self.channel_id
        if left is None:
            return 0
        ended = [view.job.id for view in await self._deps.speech.queue(self.lane)]
        await self._set_channel(None)
        by = EndReason.LANE_GONE if await self._is_deleted(left) else EndReason.DISCONNECTED
        log.info(
            "the bot was disconnected from its voice channel", guild=self.guild_id, by=by.value
        )
        self._playback.forget()
        for job_id in ended:
            await self._deps.speech.cancel(job_id, by=by, actor=None)
        return 0

    async def _is_deleted(self, channel_id: int) -> bool:
        """Whether a channel was deleted. That event may come a little after the disconnect."""

        def is_gone() -> bool:
            return self._guild is not None and self._guild.get_channel(channel_id) is None

        return await self._comes_true(is_gone, DELETED_SECONDS)

    async def _leave_and_end_jobs(self, by: EndReason) -> None:
        await self._set_channel(None)
        await self._deps.speech.clear(self.lane, by=by, actor=None)

    async def _leave_channel(self) -> float | None:
        await self._stop_speaking(self.clock.monotonic())
        wait = await self._session.leave()
        self._deps.speech.reachable(self.lane, False)
        self._set_note(None)
        return wait

    async def _start_over(self) -> float:
        """After a fault: end the connection and the sender that uses it."""
        self._failed = False
        await self._stop_speaking(self.clock.monotonic())
        await self._session.drop(leave=True)
        return 0

    async def _set_channel(self, channel_id: int | None) -> None:
        where = None if channel_id is None else {"channel": channel_id}
        await self._deps.speech.set_target(self.lane, where)
        self.channel_id = channel_id
