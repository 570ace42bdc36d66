"""The voice of all servers: which server has one, and which event of Discord concerns which."""

import asyncio

import discord
import structlog

from bot.voice.guild_voice import GuildVoice, VoiceDeps
from engine.model.jobs import EndReason

log = structlog.get_logger(__name__)


class GuildVoices:
    """Makes a guild's voice when it is first needed."""

    def __init__(self, deps: VoiceDeps) -> None:
        self._deps = deps
        self._voices: dict[int, GuildVoice] = {}
        self._paused: set[int] = set()
        self._channels: dict[int, int] = {}  # committed ones of guilds that have no GuildVoice yet
        self._gateway_session: str | None = None

    def get(self, guild_id: int) -> GuildVoice | None:
        """The guild's voice, if there is one, or if the bot has a channel to return to."""
        is_known = guild_id in self._voices or guild_id in self._channels
        return self.guild_voice(guild_id) if is_known else None

    def guild_voice(self, guild_id: int) -> GuildVoice:
        """The guild's voice; it is made if there is none."""
        if guild_id not in self._voices:
            self._voices[guild_id] = GuildVoice(
                guild_id,
                self._deps,
                paused=guild_id in self._paused,
                channel_id=self._channels.pop(guild_id, None),
            )
        return self._voices[guild_id]

    def note(self, guild_id: int) -> str | None:
        guild_voice = self._voices.get(guild_id)
        return guild_voice.note if guild_voice is not None else None

    @property
    def guild_ids(self) -> list[int]:
        return list(self._voices)

    async def recall(self) -> None:
        """Read from the queue in which channel each lane is, and which lanes are paused. Call this
        first: commands may come before the gateway is ready."""
        for lane in await self._deps.speech.lanes():
            if lane.paused:
                self._paused.add(int(lane.id))
            if lane.target is not None:
                self._channels[int(lane.id)] = int(lane.target["channel"])

    async def restore(self) -> None:
        """Return to the channel of each lane. Call this when the gateway is ready."""
        for lane in await self._deps.speech.lanes():
            guild_id = int(lane.id)
            if guild_id in self._voices:
                continue  # a command has come before
            if self._deps.client.get_guild(guild_id) is None:
                await self.guild_removed(guild_id)
            elif guild_id in self._channels:
                self.guild_voice(guild_id)

    async def join(self, guild_id: int, channel_id: int, *, late: bool) -> None:
        """Join a channel. A `late` call does not take the bot from listeners in another one."""
        guild_voice = self.guild_voice(guild_id)
        if not (late and guild_voice.has_listeners):
            await guild_voice.join(channel_id)

    async def close(self, *, leave: bool) -> None:
        await asyncio.gather(*(each.close(leave=leave) for each in self._voices.values()))
        self._voices.clear()

    # For events of Discord.

    def ready(self, session: str | None) -> None:
        """The gateway is ready. If `session` differs, it is a new one, and voice was lost."""
        is_new = self._gateway_session is not None and session != self._gateway_session
        self._gateway_session = session
        for guild_voice in self._voices.values():
            if is_new:
                guild_voice.session_ended()
            else:
                guild_voice.gateway(True)

    def gateway_lost(self) -> None:
        for guild_voice in self._voices.values():
            guild_voice.gateway(False)

    def voice_state(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        guild_voice = self._voices.get(member.guild.id)
        if guild_voice is None:
            return
        if member.id == member.guild.me.id:
            guild_voice.own_voice_state(after.channel.id if after.channel is not None else None)
        elif any(
            place.channel is not None and place.channel.id == guild_voice.channel_id
            for place in (before, after)
        ):
            guild_voice.look()

    def look(self, guild_id: int) -> None:
        """Channels, roles or members of a guild have changed, or it became (un)available."""
        if (guild_voice := self._voices.get(guild_id)) is not None:
            guild_voice.look()

    async def channel_deleted(self, guild_id: int, channel_id: int) -> None:
        if (guild_voice := self._voices.get(guild_id)) is not None:
            await guild_voice.channel_deleted(channel_id)

    async def guild_removed(self, guild_id: int) -> None:
        """The bot was removed from a server: the jobs there end."""
        self._channels.pop(guild_id, None)
        if (guild_voice := self._voices.pop(guild_id, None)) is not None:
            await guild_voice.close(leave=False)
        lane = str(guild_id)
        log.info("the bot was removed from a server", guild=guild_id)
        await self._deps.speech.set_target(lane, None)
        await self._deps.speech.clear(lane, by=EndReason.LANE_GONE, actor=None)
