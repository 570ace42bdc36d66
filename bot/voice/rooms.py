"""All rooms of the process: which server has one, and who hears of what Discord tells.

Knows: guild ids, and which event concerns which room. Does not know: what a room does with it.
"""

import asyncio

import discord
import structlog

from bot.voice.room import Room, Tools
from engine.speech.jobs import EndedBy

log = structlog.get_logger(__name__)


class Rooms:
    """Rooms by guild id; made when first needed."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._rooms: dict[int, Room] = {}
        self._paused: set[int] = set()
        self._places: dict[int, int] = {}  # of servers that have no room yet
        self._session: str | None = None

    def get(self, guild_id: int) -> Room | None:
        """The guild's room, if there is one, or if the bot has a place to come back to."""
        return self.room(guild_id) if guild_id in self._places else self._rooms.get(guild_id)

    def room(self, guild_id: int) -> Room:
        """The guild's room, made if there is none."""
        if guild_id not in self._rooms:
            self._rooms[guild_id] = Room(
                guild_id,
                self._tools,
                paused=guild_id in self._paused,
                channel_id=self._places.pop(guild_id, None),
            )
        return self._rooms[guild_id]

    def note(self, guild_id: int) -> str | None:
        """Why nothing is heard in this guild just now, for people."""
        room = self._rooms.get(guild_id)
        return room.note if room is not None else None

    @property
    def guild_ids(self) -> list[int]:
        """The servers that have a room."""
        return list(self._rooms)

    async def recall(self) -> None:
        """Learn from the queue where lanes are and which are paused, before any command comes: it
        may come before the gateway is ready, and makes its room."""
        for lane in await self._tools.speech.lanes():
            if lane.paused:
                self._paused.add(int(lane.id))
            if lane.where is not None:
                self._places[int(lane.id)] = int(lane.where["channel"])

    async def restore(self) -> None:
        """Go where each lane was committed to be. The gateway is ready when this is called."""
        for lane in await self._tools.speech.lanes():
            guild_id = int(lane.id)
            if guild_id in self._rooms:
                continue  # it knows better by now
            if self._tools.client.get_guild(guild_id) is None:
                await self.guild_removed(guild_id)
            elif guild_id in self._places:
                self.room(guild_id)

    async def call(self, guild_id: int, channel_id: int, *, late: bool) -> None:
        """Go to a channel. A `late` call does not take the bot from listeners elsewhere."""
        room = self.room(guild_id)
        if not (late and room.accompanied):
            await room.go(channel_id)

    async def close(self, *, leave: bool) -> None:
        """End every room, at once."""
        await asyncio.gather(*(room.close(leave=leave) for room in self._rooms.values()))
        self._rooms.clear()

    # What Discord tells.

    def ready(self, session: str | None) -> None:
        """The gateway is ready. A session of another name is a new one: voice was lost."""
        new = self._session is not None and session != self._session
        self._session = session
        for room in self._rooms.values():
            if new:
                room.session_ended()
            else:
                room.gateway(True)

    def gateway_lost(self) -> None:
        for room in self._rooms.values():
            room.gateway(False)

    def voice_state(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        room = self._rooms.get(member.guild.id)
        if room is None:
            return
        if member.id == member.guild.me.id:
            room.own_voice_state(after.channel.id if after.channel is not None else None)
        elif room.channel_id in {
            channel.id for channel in (before.channel, after.channel) if channel is not None
        }:
            room.look()

    def look(self, guild_id: int) -> None:
        """Channels, roles or members of a guild changed, or it became (un)available."""
        room = self._rooms.get(guild_id)
        if room is not None:
            room.look()

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        room = self._rooms.get(guild_id)
        if room is not None:
            await room.channel_deleted(channel_id)

    async def guild_removed(self, guild_id: int) -> None:
        """The bot was removed from a server: its jobs end."""
        self._places.pop(guild_id, None)
        room = self._rooms.pop(guild_id, None)
        if room is not None:
            await room.close(leave=False)
        lane = str(guild_id)
        log.info("no longer in the server", guild=guild_id)
        await self._tools.speech.place(lane, None)
        await self._tools.speech.clear(lane, by=EndedBy.LANE_GONE, actor=None)
