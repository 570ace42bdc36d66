"""The client: start-up, shutdown, and which of Discord's events goes to which part.

This file does not know what a part does with an event.
"""

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot.bootstrap import build
from bot.discord_io.errors import CALL_FAILED
from bot.discord_io.gateway import Pauses, Unreadable, contain
from bot.discord_io.registration import invite_link, register
from bot.locales.catalog import label, text
from bot.voice.frame_clock import FrameClock, ThreadFrameClock
from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.base.settings import Settings
from engine.model.errors import SetupError
from engine.queue import FrontEndQueue
from engine.voices.registry import VoiceRegistry

log = structlog.get_logger(__name__)

#: The time of each step of the shutdown. With `bootstrap.USES_SECONDS` they stay under the 5 s
#: promised.
LEAVE_SECONDS: Final = 1.5
FLUSH_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 1.0
#: Between attempts to reach the gateway or to register commands, if Discord is away at the start.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: discord.py waits this long after the last server of a READY before it calls the bot ready.
GUILD_READY_SECONDS: Final = 0.5
#: To one of Discord's hosts. discord.py has no such limit: 1,000 members at once opened 1,000
#: connections, and with so many the bot can join no voice channel (discord.py finds its address by
#: `select`).
MOST_CONNECTIONS: Final = 100
#: Seconds between two looks whether messages still show the engine's state.
ENGINE_LOOK_SECONDS: Final = 0.5

#: Interactions of buttons and forms.
COMPONENTS: Final = (discord.InteractionType.component, discord.InteractionType.modal_submit)


def intents() -> discord.Intents:
    """None of them is privileged: an interaction carries its member."""
    return discord.Intents(guilds=True, voice_states=True)


class Bot(discord.Client):
    """`serve` runs until it is cancelled or Discord ends it; `shut_down` afterwards, always."""

    def __init__(
        self,
        settings: Settings,
        speech: FrontEndQueue,
        registry: VoiceRegistry,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        frame_clock: FrameClock | None = None,
        invite: Callable[[str], None] | None = None,
    ) -> None:
        """`invite` gets the address at which a server's manager adds the bot."""
        super().__init__(
            intents=intents(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            heartbeat_timeout=30.0,
            guild_ready_timeout=GUILD_READY_SECONDS,
        )
        self._settings = settings
        self._invite = invite
        self._speech = speech
        self._registry = registry
        self._clock = clock
        self._shutting_down = False
        self._tasks = TaskSet()
        contain(self)
        frame_clock = frame_clock or ThreadFrameClock()
        self._stack = contextlib.AsyncExitStack()
        self._stack.push_async_callback(self._close_client)
        self._stack.callback(frame_clock.close)
        self._front_end = build(
            self,
            settings,
            speech,
            registry,
            session,
            clock,
            self._stack,
            frame_clock=frame_clock,
            note=self._note,
            guild_changed=self._guild_changed,
            leave=self._leave,
        )
        self.tree = self._front_end.tree
        self.guild_voices = self._front_end.guild_voices
        self.status_updater = self._front_end.status_updater
        #: For the arguments of commands (`bot/commands/arguments.py`).
        self.voice_directory = self._front_end.voice_directory

    # Up and down.

    async def serve(self, token: str) -> None:
        """Log in and follow the gateway. Raises SetupError if a person must act."""
        await self._log_in(token)
        pauses = Pauses()
        while not self.is_closed():
            try:
                await self.connect()
            except Unreadable:
                self.dispatch("disconnect")
                seconds = pauses.next(self._clock.monotonic())
                log.warning("connecting to the gateway again", seconds=seconds)
                await self._clock.sleep(seconds)
            except AttributeError:
                # discord.py 2.7.1 (client.py, connect): if the very first gateway connection fails,
                # its handler reads the sequence of a websocket that does not exist.
                if self.ws is not None:
                    raise
                log.warning("cannot reach the gateway; I keep trying")
                await asyncio.sleep(RETRY_SECONDS[1])
            except discord.PrivilegedIntentsRequired as error:
                raise SetupError(label("start-intent-refused")) from error

    async def _log_in(self, token: str) -> None:
        if self.http.connector is discord.utils.MISSING:
            self.http.connector = aiohttp.TCPConnector(limit=0, limit_per_host=MOST_CONNECTIONS)
        for attempt in itertools.count():
            try:
                await self.login(token)
            except discord.LoginFailure as error:
                raise SetupError(label("start-token-refused")) from error
            except (TypeError, KeyError, *CALL_FAILED) as error:
                # If something else answers, discord.py takes a proxy's page for a user.
                if isinstance(error, TypeError | KeyError) and self.application is not None:
                    raise
                log.warning("could not log in; I keep trying", error=describe(error))
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            else:
                return

    async def shut_down(self) -> None:
        """Stop speaking, make the messages true, leave, close: each within its time."""
        self._shutting_down = True
        await self._stack.aclose()

    async def _leave(self) -> None:
        lanes = [str(guild_id) for guild_id in self.guild_voices.guild_ids]
        await _within(LEAVE_SECONDS, "voice", self.guild_voices.close(leave=True))
        await self._tasks.cancel()
        await _within(FLUSH_SECONDS, "messages", self._say_farewell(lanes))

    async def _close_client(self) -> None:
        await _within(CLOSE_SECONDS, "client", self.close())

    async def _say_farewell(self, lanes: list[str]) -> None:
        for lane in lanes:
            await self.status_updater.update_lane(lane)
        await self._front_end.editor.flush()

    async def setup_hook(self) -> None:
        assert self.application_id is not None
        if self._invite is not None:
            self._invite(invite_link(self.application_id))
        await self.guild_voices.recall()
        await self._front_end.uploads.start()
        self._tasks.start(self._register(), name="register")
        self._tasks.start(self.status_updater.run(), name="status updater")
        self._tasks.start(self._watch_engine(), name="engine-state")
        self._tasks.start(self._watch_voices(), name="voices")
        self._tasks.start(self._resume_redactions(), name="redactions")

    async def _register(self) -> None:
        for attempt in itertools.count():
            try:
                await register(self.tree, self._settings.mynah_data_dir)
            except CALL_FAILED as error:
                log.warning("could not register commands; I keep trying", error=describe(error))
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            else:
                return

    async def _resume_redactions(self) -> None:
        await self.wait_until_ready()  # it asks in which servers the bot is
        await self._front_end.notifier.resume()

    async def _watch_engine(self) -> None:
        """Messages show when the engine is loading or down."""
        known = None
        while True:
            state, fallback = self._speech.engine_state, self._speech.fallback_speaks
            if known is not None and known != (state, fallback):
                log.info("the engine's state changed", state=state.value, fallback_speaks=fallback)
                await self._look_everywhere()
            known = (state, fallback)
            await self._clock.sleep(ENGINE_LOOK_SECONDS)

    async def _watch_voices(self) -> None:
        """Messages show a voice's name only while everyone there may use it."""
        async for key in self._registry.subscribe():
            await self._look_everywhere()
            for job_id in await self._registry.selection.spoken_in(
                key, frontend=self._speech.frontend
            ):
                await self.status_updater.update(job_id)

    async def _look_everywhere(self) -> None:
        for lane in await self._speech.lanes():
            await self.status_updater.update_lane(lane.id)

    def _note(self, lane: str) -> str | None:
        return text("note-restarting") if self._shutting_down else self.guild_voices.note(int(lane))

    def _guild_changed(self, guild_id: int) -> None:
        updating = self.status_updater.update_lane(str(guild_id))
        self._tasks.start(updating, name=f"look-{guild_id}")

    # Discord's events.

    async def on_ready(self) -> None:
        log.info("ready", user=str(self.user), servers=len(self.guilds))
        await self._front_end.submission.settle()
        self.guild_voices.ready(self.ws.session_id)
        await self.guild_voices.restore()

    async def on_resumed(self) -> None:
        self.guild_voices.ready(self.ws.session_id)

    async def on_disconnect(self) -> None:
        self.guild_voices.gateway_lost()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type in COMPONENTS:
            await self._front_end.components.pressed(interaction)

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        self.guild_voices.voice_state(member, before, after)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self.guild_voices.guild_removed(guild.id)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self.guild_voices.channel_deleted(channel.guild.id, channel.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        self.guild_voices.look(guild.id)

    on_guild_unavailable = on_guild_available

    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        self.guild_voices.look(after.id)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        self.guild_voices.look(role.guild.id)

    async def on_member_update(
        self, before: object, after: discord.Member | discord.Role | discord.abc.GuildChannel
    ) -> None:
        self.guild_voices.look(after.guild.id)

    on_guild_role_update = on_guild_channel_update = on_member_update

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        error = sys.exception()
        assert error is not None  # discord.py calls this where it handles one
        log.error("an event could not be handled", event_name=event_method, exc_info=error)


async def _within(seconds: float, what: str, work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, but not for longer than `seconds`: the process must end."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        log.warning("did not end in time", what=what, seconds=seconds)
    except Exception:
        # The edge of the shutdown: a failure must not keep the rest from being closed.
        log.exception("did not end well", what=what)
