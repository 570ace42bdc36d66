"""All rooms of the process: which server has one, and who hears of what Discord tells.

Knows: guild ids, and which event concerns which room. Does not know: what a room does with it.
"""

import asyncio

import discord
import structlog

from bot.voice.guild_voice import GuildVoice, VoiceDeps
from engine.model.jobs import EndReason

log = structlog.get_logger(__name__)


class GuildVoices:
    """Rooms by guild id; made when first needed."""

    def __init__(self, deps: VoiceDeps) -> None:
        self._deps = deps
        self._guild_voices: dict[int, GuildVoice] = {}
        self._paused: set[int] = set()
        self._places: dict[int, int] = {}  # of servers that have no room yet
        self._session: str | None = None

    def get(self, guild_id: int) -> GuildVoice | None:
        """The guild's room, if there is one, or if the bot has a place to come back to."""
        return (
            self.guild_voice(guild_id)
            if guild_id in self._places
            else self._guild_voices.get(guild_id)
        )

    def guild_voice(self, guild_id: int) -> GuildVoice:
        """The guild's room, made if there is none."""
        if guild_id not in self._guild_voices:
            self._guild_voices[guild_id] = GuildVoice(
                guild_id,
                self._deps,
                paused=guild_id in self._paused,
                channel_id=self._places.pop(guild_id, None),
            )
        return self._guild_voices[guild_id]

    def note(self, guild_id: int) -> str | None:
        """Why nothing is heard in this guild just now, for people."""
        guild_voice = self._guild_voices.get(guild_id)
        return guild_voice.note if guild_voice is not None else None

    @property
    def guild_ids(self) -> list[int]:
        """The servers that have a room."""
        return list(self._guild_voices)

    async def recall(self) -> None:
        """Learn from the queue where lanes are and which are paused, before any command comes: it
        may come before the gateway is ready, and makes its room."""
        for lane in await self._deps.speech.lanes():
            if lane.paused:
                self._paused.add(int(lane.id))
            if lane.target is not None:
                self._places[int(lane.id)] = int(lane.target["channel"])

    async def restore(self) -> None:
        """Go where each lane was committed to be. The gateway is ready when this is called."""
        for lane in await self._deps.speech.lanes():
            guild_id = int(lane.id)
            if guild_id in self._guild_voices:
                continue  # it knows better by now
            if self._deps.client.get_guild(guild_id) is None:
                await self.guild_removed(guild_id)
            elif guild_id in self._places:
                self.guild_voice(guild_id)

    async def call(self, guild_id: int, channel_id: int, *, late: bool) -> None:
        """Go to a channel. A `late` call does not take the bot from listeners elsewhere."""
        guild_voice = self.guild_voice(guild_id)
        if not (late and guild_voice.accompanied):
            await guild_voice.go(channel_id)

    async def close(self, *, leave: bool) -> None:
        """End every room, at once."""
        await asyncio.gather(
            *(guild_voice.close(leave=leave) for guild_voice in self._guild_voices.values())
        )
        self._guild_voices.clear()

    # What Discord tells.

    def ready(self, session: str | None) -> None:
        """The gateway is ready. A session of another name is a new one: voice was lost."""
        new = self._session is not None and session != self._session
        self._session = session
        for guild_voice in self._guild_voices.values():
            if new:
                guild_voice.session_ended()
            else:
                guild_voice.gateway(True)

    def gateway_lost(self) -> None:
        for guild_voice in self._guild_voices.values():
            guild_voice.gateway(False)

    def voice_state(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        guild_voice = self._guild_voices.get(member.guild.id)
        if guild_voice is None:
            return
        if member.id == member.guild.me.id:
            guild_voice.own_voice_state(after.channel.id if after.channel is not None else None)
        elif guild_voice.channel_id in {
            channel.id for channel in (before.channel, after.channel) if channel is not None
        }:
            guild_voice.look()

    def look(self, guild_id: int) -> None:
        """Channels, roles or members of a guild changed, or it became (un)available."""
        guild_voice = self._guild_voices.get(guild_id)
        if guild_voice is not None:
            guild_voice.look()

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        guild_voice = self._guild_voices.get(guild_id)
        if guild_voice is not None:
            await guild_voice.channel_deleted(channel_id)

    async def guild_removed(self, guild_id: int) -> None:
        """The bot was removed from a server: its jobs end."""
        self._places.pop(guild_id, None)
        guild_voice = self._guild_voices.pop(guild_id, None)
        if guild_voice is not None:
            await guild_voice.close(leave=False)
        lane = str(guild_id)
        log.info("no longer in the server", guild=guild_id)
        await self._deps.speech.set_target(lane, None)
        await self._deps.speech.clear(lane, by=EndReason.LANE_GONE, actor=None)
