"""From a stage's audience to its speakers.

Knows: Discord's rules for stages, what was tried in this stay, whether a moderator has answered.
Does not know: connections, queues, what waits to be spoken.

Everybody comes into a stage as audience, bots too. With Mute Members the bot makes itself a
speaker. Without it, it raises its hand where it has Request to Speak (which @everyone has by
default), and a stage moderator invites it. One request a stay: where a moderator dismisses it, or
puts the bot back into the audience, the bot keeps quiet until a member's command calls it again.

What an invitation looks like (Discord's documentation, "Modify User Voice State"; Discord's own
client): the voice state is no longer suppressed. Clients show a request that still stands beside it
as an invitation that is not accepted yet, so the bot accepts it as they do.
"""

import asyncio
import math
from datetime import datetime
from enum import Enum, auto
from typing import Final

import aiohttp
import discord
import structlog

from bot.voice.listeners import VoiceChannel
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Discord's answer is not waited for longer: the room has other things to look at.
ANSWER_SECONDS: Final = 5.0
#: Seconds until another try when Discord did not answer, or with a fault of its own.
RETRY_SECONDS: Final = (1.0, 5.0, 15.0, 60.0)


class _Act(Enum):
    SPEAK = auto()  # become a speaker by our own right
    ASK = auto()  # raise the hand


class Stage:
    """The bot in the stage channels of one server. Whenever something has changed in its channel,
    whatever the channel's kind: `seek`, then `accept`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._channel_id: int | None = None
        self._done: set[_Act] = set()  # in this stay, or since the last command
        self._accepted: datetime | None = None  # the invitation that was answered
        self._has_standing = False  # a request stood, or it was on stage, at the last look
        self._is_refused = False  # a moderator has said no
        self._failures = 0
        self._not_before = -math.inf

    def called(self) -> None:
        """A member's command wants the bot here: it may try again."""
        self._done.clear()
        self._is_refused = False

    def entered(self) -> None:
        """The bot came in afresh, so Discord has forgotten its request."""
        self._has_standing = False
        if not self._is_refused:
            self._done.clear()

    async def seek(self, channel: VoiceChannel) -> float | None:
        """From the audience: become a speaker, or ask for it, if that is due. Returns the seconds
        until another look, if only time brings it."""
        if channel.id != self._channel_id:
            self._channel_id = channel.id
            self.called()
            self._has_standing = False
        state = _state(channel)
        if state is None:
            return None
        stood, self._has_standing = self._has_standing, _has_standing(state)
        if stood and not self._has_standing:
            log.info("not wanted on stage", guild=channel.guild.id, channel=channel.id)
            self._is_refused = True
        if self._is_refused or not state.suppress:
            return None
        act = self._due(channel.permissions_for(channel.guild.me))
        if act is None:
            return None
        wait = await self._do(channel, act)
        if wait is None:
            self._done.add(act)
        return wait

    async def accept(self, channel: VoiceChannel) -> float | None:
        """On stage: accept the invitation that clients still show. Returns as `seek` does."""
        state = _state(channel)
        invited_at = state.requested_to_speak_at if state is not None else None
        if state is None or state.suppress or invited_at in (None, self._accepted):
            return None
        # This is what becoming a speaker sends, and what Discord's own client sends to accept.
        wait = await self._do(channel, _Act.SPEAK)
        if wait is None:
            self._accepted = invited_at
        return wait

    def _due(self, may: discord.Permissions) -> _Act | None:
        if may.mute_members:
            act = _Act.SPEAK
        elif may.request_to_speak and not self._has_standing:
            act = _Act.ASK
        else:
            return None
        return act if act not in self._done else None

    async def _do(self, channel: VoiceChannel, act: _Act) -> float | None:
        """Ask Discord for it. None when it has answered, else the seconds until another try."""
        wait = self._not_before - self._clock.monotonic()
        if wait > 0:
            return wait
        me = channel.guild.me
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await (me.request_to_speak() if act is _Act.ASK else me.edit(suppress=False))
        except (aiohttp.ClientError, TimeoutError, OSError, discord.DiscordServerError) as error:
            return self._failed(channel, act, error)
        except discord.HTTPException as error:
            # It would be refused again. A command or a new stay may change that.
            log.warning(
                "refused on stage", guild=channel.guild.id, act=act.name, error=describe(error)
            )
        self._failures = 0
        return None

    def _failed(self, channel: VoiceChannel, act: _Act, error: Exception) -> float:
        seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        self._not_before = self._clock.monotonic() + seconds
        log.info(
            "no answer from the stage; I try again",
            guild=channel.guild.id,
            act=act.name,
            error=describe(error),
            retry_in=seconds,
        )
        return seconds


def _state(channel: VoiceChannel) -> discord.VoiceState | None:
    """The bot's voice state, if it is in this channel and that is a stage."""
    state = channel.guild.me.voice
    if state is None or not isinstance(channel, discord.StageChannel):
        return None
    return state if state.channel == channel else None


def _has_standing(state: discord.VoiceState) -> bool:
    """Whether it is on stage, or its request stands."""
    return not state.suppress or state.requested_to_speak_at is not None
