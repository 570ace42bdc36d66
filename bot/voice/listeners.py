"""Who can hear the bot in a voice channel, and what keeps it from speaking there.

Knows: discord.py's channels, members and voice states as they stand. Does not know: connections,
queues, what to do about it. Pure: reads, asks nothing of Discord.
"""

from dataclasses import dataclass
from enum import StrEnum

import discord

VoiceChannel = discord.VoiceChannel | discord.StageChannel


class Blocker(StrEnum):
    """Why the bot may be in the channel but not be heard there. The value is for people."""

    SERVER_MUTED = "I am muted by the server: ask a moderator to unmute me."
    SUPPRESSED = "I am in the audience of this stage. Ask a stage moderator to invite me to speak."
    AFK = "This is the AFK channel, where nobody may speak: move me to another."
    NO_SPEAK = "I lack the Speak permission in this voice channel."


@dataclass(frozen=True, slots=True)
class Listeners:
    """The channel as it stands."""

    listeners: int  # humans; bots do not listen
    blocker: Blocker | None


def listeners(channel: VoiceChannel) -> list[int]:
    """The ids of the humans in the channel. A member that is not known counts as human."""
    found = []
    for user_id in channel.voice_states:
        member = channel.guild.get_member(user_id)
        if user_id != channel.guild.me.id and (member is None or not member.bot):
            found.append(user_id)
    return found


def blocker(channel: VoiceChannel) -> Blocker | None:
    """What keeps the bot from being heard in the channel where it is."""
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


def audience(channel: VoiceChannel) -> Listeners:
    return Listeners(len(listeners(channel)), blocker(channel))


def needs_invitation(channel: VoiceChannel) -> bool:
    """Whether the bot can speak there only when a stage moderator invites it."""
    may = channel.permissions_for(channel.guild.me)
    return isinstance(channel, discord.StageChannel) and not may.mute_members
