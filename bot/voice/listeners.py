"""Who can hear the bot in a voice channel, and what keeps it from being heard there.

It reads what discord.py knows of channels, members and voice states, and asks Discord nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

import discord

VoiceChannel = discord.VoiceChannel | discord.StageChannel


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
