"""Who can hear the bot in a voice channel, what keeps it from being heard there, and how it becomes
a speaker on a stage.

Everybody joins a stage in the audience, bots too. With Mute Members the bot makes itself a speaker.
Without it, the bot raises its hand if it has Request to Speak (which @everyone has by default), and
a stage moderator invites it. It asks once in each stay: if a moderator dismisses the request or
moves the bot back to the audience, the bot is silent until a member's command calls it again.

How an invitation looks (Discord's documentation, "Modify User Voice State"; Discord's own client):
the voice state is no longer suppressed. Clients show a request that is still pending then as an
invitation that is not accepted yet, so the bot accepts it as they do.
"""

import asyncio
import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Final

import discord
import structlog

from bot.discord_io.errors import NETWORK_ERRORS
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

VoiceChannel = discord.VoiceChannel | discord.StageChannel

#: Seconds to wait for Discord's answer: the task of the guild's voice has other things to do.
ANSWER_SECONDS: Final = 5.0
#: Seconds until another try if Discord did not answer, or has a fault.
RETRY_SECONDS: Final = (1.0, 5.0, 15.0, 60.0)


class Blocker(StrEnum):
    """Why the bot is in the channel but cannot be heard: the id of the sentence that says so."""

    SERVER_MUTED = "note-bot-muted"
    SUPPRESSED = "note-bot-in-audience"
    AFK = "note-afk-channel"
    NO_SPEAK = "note-bot-lacks-speak"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is in the channel now, and what keeps them from hearing the bot."""

    listeners: int  # humans; bots do not listen
    blocker: Blocker | None


def listeners(channel: VoiceChannel) -> list[int]:
    """The ids of the humans in the channel. A member who is not known counts as a human."""
    found = []
    for user_id in channel.voice_states:
        member = channel.guild.get_member(user_id)
        if user_id != channel.guild.me.id and (member is None or not member.bot):
            found.append(user_id)
    return found


def blocker(channel: VoiceChannel) -> Blocker | None:
    """What keeps the bot from being heard in the channel, where it is now."""
    me = channel.guild.me
    if channel == channel.guild.afk_channel:
        return Blocker.AFK
    state = me.voice
    if state is not None and state.mute:
        return Blocker.SERVER_MUTED
    if isinstance(channel, discord.StageChannel):
        return Blocker.SUPPRESSED if state is not None and state.suppress else None
    if not channel.permissions_for(me).speak or (state is not None and state.suppress):
        return Blocker.NO_SPEAK
    return None


def audience(channel: VoiceChannel) -> Audience:
    return Audience(len(listeners(channel)), blocker(channel))


def needs_invitation(channel: VoiceChannel) -> bool:
    """Whether the bot can speak there only after a stage moderator has invited it."""
    may = channel.permissions_for(channel.guild.me)
    return isinstance(channel, discord.StageChannel) and not may.mute_members


class _Action(Enum):
    SPEAK = auto()  # become a speaker by the bot's own permission
    ASK = auto()  # raise the hand


class Stage:
    """The bot in the stage channels of one server. Call `seek` and then `accept` when anything in
    its channel has changed, whatever the kind of the channel."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._channel_id: int | None = None
        self._done: set[_Action] = set()  # in this stay, or since the last command
        self._accepted: datetime | None = None  # the invitation that the bot accepted last
        self._was_active = False  # on stage, or with a pending request, at the last look
        self._is_refused = False  # a moderator has said no
        self._failures = 0
        self._not_before = -math.inf

    def called(self) -> None:
        """A member's command called the bot: it may try again."""
        self._done.clear()
        self._is_refused = False

    def entered(self) -> None:
        """The bot has joined again, so Discord has forgotten its request."""
        self._was_active = False
        if not self._is_refused:
            self._done.clear()

    async def seek(self, channel: VoiceChannel) -> float | None:
        """From the audience: become a speaker or ask for it, if that is due. Returns the seconds
        until another look; None if an event will cause one."""
        if channel.id != self._channel_id:
            self._channel_id = channel.id
            self.called()
            self._was_active = False
        state = _state(channel)
        if state is None:
            return None
        was_active, self._was_active = self._was_active, _is_active(state)
        if was_active and not self._was_active:
            log.info(
                "a moderator refused the bot on stage", guild=channel.guild.id, channel=channel.id
            )
            self._is_refused = True
        if self._is_refused or not state.suppress:
            return None
        action = self._due(channel.permissions_for(channel.guild.me))
        if action is None:
            return None
        wait = await self._do(channel, action)
        if wait is None:
            self._done.add(action)
        return wait

    async def accept(self, channel: VoiceChannel) -> float | None:
        """On stage: accept the invitation that clients still show. Returns what `seek` does."""
        state = _state(channel)
        invited_at = state.requested_to_speak_at if state is not None else None
        if state is None or state.suppress or invited_at in (None, self._accepted):
            return None
        # Discord's own client sends the same to accept as to become a speaker.
        wait = await self._do(channel, _Action.SPEAK)
        if wait is None:
            self._accepted = invited_at
        return wait

    def _due(self, may: discord.Permissions) -> _Action | None:
        if may.mute_members:
            action = _Action.SPEAK
        elif may.request_to_speak and not self._was_active:
            action = _Action.ASK
        else:
            return None
        return action if action not in self._done else None

    async def _do(self, channel: VoiceChannel, action: _Action) -> float | None:
        """Ask Discord for it. Returns None if it answered, else the seconds until another try."""
        wait = self._not_before - self._clock.monotonic()
        if wait > 0:
            return wait
        me = channel.guild.me
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await (me.request_to_speak() if action is _Action.ASK else me.edit(suppress=False))
        except (*NETWORK_ERRORS, discord.DiscordServerError) as error:
            seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
            self._failures += 1
            self._not_before = self._clock.monotonic() + seconds
            log.info(
                "Discord did not answer a request on stage; trying again",
                guild=channel.guild.id,
                action=action.name,
                error=describe(error),
                retry_in=seconds,
            )
            return seconds
        except discord.HTTPException as error:
            # Discord would refuse it again. A command or a new stay may change that.
            log.warning(
                "Discord refused a request on stage",
                guild=channel.guild.id,
                action=action.name,
                error=describe(error),
            )
        self._failures = 0
        return None


def _state(channel: VoiceChannel) -> discord.VoiceState | None:
    """The bot's voice state, if the bot is in this channel and the channel is a stage."""
    state = channel.guild.me.voice
    if state is None or not isinstance(channel, discord.StageChannel):
        return None
    return state if state.channel == channel else None


def _is_active(state: discord.VoiceState) -> bool:
    """Whether the bot is on stage, or its request is pending."""
    return not state.suppress or state.requested_to_speak_at is not None
