"""The client: start-up, shutdown; which of Discord's events goes to whom.

Knows: every part of the front end, by name. Does not know: what any of them does with an event.
"""

import asyncio
import itertools
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot.bootstrap import furnish
from bot.commands.catalog import add_commands
from bot.commands.components import Buttons
from bot.commands.tree import Tree
from bot.discord_io.endpoint import REFUSED_TOKEN
from bot.discord_io.gateway import Pauses, Unreadable, contain
from bot.discord_io.registration import invite_link, register
from bot.policy_facts import bot_standing
from bot.voice.frame_clock import FrameClock, ThreadFrameClock
from bot.voice.frame_sender import LeadIn
from bot.voice.guild_voice import VoiceDeps
from bot.voice.guild_voices import GuildVoices
from bot.voice.request_budget import VoiceRequests
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.base.settings import Settings
from engine.model.errors import SetupError
from engine.queue import FrontEndQueue
from engine.voices.data_summary import spoken_in
from engine.voices.registry import VoiceRegistry

log = structlog.get_logger(__name__)

#: What is let to each part of the shutdown. Together they stay under the 5 s promised.
USES_SECONDS: Final = 0.5
LEAVE_SECONDS: Final = 1.5
FLUSH_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 1.0
#: Between tries to reach the gateway or to register commands, when Discord is away at the start.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: discord.py waits so long after the last server of a READY before it calls the bot ready.
GUILD_READY_SECONDS: Final = 0.5
#: To one of Discord's hosts. discord.py has no such limit: 1,000 members at once were 1,000 open
#: connections, and with as many no voice channel can be joined (it finds its address by `select`).
MOST_CONNECTIONS: Final = 100
#: How often the engine's state is compared with what messages say of it.
ENGINE_LOOK_SECONDS: Final = 0.5

#: Uses of what our own messages and forms have.
PRESSES: Final = (discord.InteractionType.component, discord.InteractionType.modal_submit)

RESTARTING: Final = "I am restarting; I go on when I am back."


def intents() -> discord.Intents:
    """None is privileged: an interaction carries its member."""
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
        metronome: FrameClock | None = None,
        invite: Callable[[str], None] | None = None,
    ) -> None:
        """`invite` is told the address at which a server's manager adds the bot."""
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
        self._metronome = metronome or ThreadFrameClock()
        self._closing_note: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._registered = False
        contain(self)
        self.guild_voices = GuildVoices(
            VoiceDeps(
                client=self,
                speech=speech,
                metronome=self._metronome,
                clock=clock,
                requests=VoiceRequests(clock),
                lead_in=LeadIn(join=settings.mynah_lead_join, pause=settings.mynah_lead_pause),
                alone_timeout=settings.mynah_alone_timeout,
                bot_standing=bot_standing,
                changed=self._room_changed,
            )
        )
        self.house = furnish(
            self,
            settings,
            speech,
            registry,
            session,
            clock,
            guild_voices=self.guild_voices,
            note=self._note,
        )
        self.status_updater = self.house.status_updater
        self.tree = Tree(self, self.house)
        add_commands(self.tree, self.house)
        self._buttons = Buttons(self.house)

    # Up and down.

    async def serve(self, token: str) -> None:
        """Log in and follow the gateway. Raises SetupError where a person must act."""
        await self._log_in(token)
        pauses = Pauses()
        while not self.is_closed():
            try:
                await self.connect()
            except Unreadable:
                self.dispatch("disconnect")
                seconds = pauses.next(self._clock.monotonic())
                log.warning("I connect to the gateway again", seconds=seconds)
                await self._clock.sleep(seconds)
            except AttributeError:
                # discord.py 2.7.1 (client.py, connect): when the very first gateway connection
                # fails, its handler reads the sequence of a websocket that it never had.
                if self.ws is not None:
                    raise
                log.warning("the gateway is out of reach; I keep trying")
                await asyncio.sleep(RETRY_SECONDS[1])
            except discord.PrivilegedIntentsRequired as error:
                raise SetupError(
                    "Discord refuses an intent of the bot: see page Bot in the developer portal."
                ) from error

    async def _log_in(self, token: str) -> None:
        if self.http.connector is discord.utils.MISSING:
            self.http.connector = aiohttp.TCPConnector(limit=0, limit_per_host=MOST_CONNECTIONS)
        for attempt in itertools.count():
            try:
                await self.login(token)
            except discord.LoginFailure as error:
                raise SetupError(REFUSED_TOKEN) from error
            except (TypeError, KeyError) as error:
                if self.application is not None:
                    raise
                # What answers is not Discord: a proxy's page, which discord.py takes for a user.
                log.warning("could not log in; I keep trying", error=describe(error))
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("could not log in; I keep trying", error=describe(error))
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            else:
                return

    async def shut_down(self) -> None:
        """Stop speaking, make the messages true, leave, close: each within its time."""
        self._closing_note = RESTARTING
        await self.house.door.close(seconds=USES_SECONDS)
        await self.house.saying.close()
        await self.house.uploads.close()
        await self.house.reports.close()
        await self.house.erasure_news.close()
        lanes = [str(guild_id) for guild_id in self.guild_voices.guild_ids]
        await _within(LEAVE_SECONDS, "voice", self.guild_voices.close(leave=True))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await _within(FLUSH_SECONDS, "messages", self._say_farewell(lanes))
        await self.status_updater.close()
        self._metronome.close()
        await _within(CLOSE_SECONDS, "client", self.close())

    async def _say_farewell(self, lanes: list[str]) -> None:
        for lane in lanes:
            await self.status_updater.look(lane)
        await self.status_updater.flush()

    async def setup_hook(self) -> None:
        assert self.application_id is not None
        if self._invite is not None:
            self._invite(invite_link(self.application_id))
        await self.guild_voices.recall()
        await self.house.uploads.start()
        self._start(self._register(), "register")
        self._start(self.status_updater.run(), "status updater")
        self._start(self._watch_engine(), "engine-state")
        self._start(self._watch_voices(), "voices")
        self._start(self._go_on_erasing(), "erasures")

    async def _register(self) -> None:
        for attempt in itertools.count():
            try:
                await register(self.tree, self._settings.mynah_data_dir)
            except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("could not register commands; I keep trying", error=describe(error))
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            else:
                return

    async def _go_on_erasing(self) -> None:
        await self.wait_until_ready()  # it asks in which servers we are
        await self.house.erasure_news.resume()

    async def _watch_engine(self) -> None:
        """Messages say when the engine is loading or down."""
        known = None
        while True:
            state, spare = self._speech.engine_state, self._speech.fallback_speaks
            if known is not None and known != (state, spare):
                log.info("the engine's state changed", state=state.value, fallback_speaks=spare)
                await self._look_everywhere()
            known = (state, spare)
            await self._clock.sleep(ENGINE_LOOK_SECONDS)

    async def _watch_voices(self) -> None:
        """Messages name a voice only while everyone there may use it."""
        async for key in self._registry.follow():
            await self._look_everywhere()
            for job_id in await spoken_in(self._speech, key):
                await self.status_updater.wish(job_id)

    async def _look_everywhere(self) -> None:
        for lane in await self._speech.lanes():
            await self.status_updater.look(lane.id)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the bot ended", task=task.get_name(), exc_info=error)

    def _note(self, lane: str) -> str | None:
        return self._closing_note or self.guild_voices.note(int(lane))

    def _room_changed(self, guild_id: int) -> None:
        self._start(self.status_updater.look(str(guild_id)), f"look-{guild_id}")

    # Discord's events.

    async def on_ready(self) -> None:
        log.info("ready", user=str(self.user), servers=len(self.guilds))
        await self.house.saying.settle()
        self.guild_voices.ready(self.ws.session_id)
        await self.guild_voices.restore()

    async def on_resumed(self) -> None:
        self.guild_voices.ready(self.ws.session_id)

    async def on_disconnect(self) -> None:
        self.guild_voices.gateway_lost()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type in PRESSES:
            await self._buttons.pressed(interaction)

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

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self.guild_voices.look(guild.id)

    async def on_guild_update(self, before: discord.Guild, after: discord.Guild) -> None:
        self.guild_voices.look(after.id)

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        self.guild_voices.look(after.guild.id)

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        self.guild_voices.look(after.guild.id)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        self.guild_voices.look(role.guild.id)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        self.guild_voices.look(after.guild.id)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        error = sys.exception()
        assert error is not None  # discord.py calls this where it handles one
        log.error("an event could not be handled", event_name=event_method, exc_info=error)


async def _within(seconds: float, what: str, work: Coroutine[Any, Any, None]) -> None:
    """Do `work`, but not for longer: the process is to end."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        log.warning("did not end in time", what=what, seconds=seconds)
    except Exception:
        # The edge of the shutdown: what fails must not keep the rest from being closed.
        log.exception("did not end well", what=what)
