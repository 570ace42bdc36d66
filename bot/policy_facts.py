"""Reads Discord's members, channels and voice states into the plain values that `policy` judges.

This file knows where each fact stands in discord.py's objects. It does not know the rules.
"""

from collections.abc import Sequence
from dataclasses import replace

import discord

from bot import policy
from bot.voice.guild_voices import GuildVoices
from bot.voice.listeners import VoiceChannel, listeners
from engine.model.jobs import JobView


def voice_channel_of(member: discord.Member) -> VoiceChannel | None:
    """The voice channel where a member is."""
    channel = member.voice.channel if member.voice is not None else None
    return channel if isinstance(channel, VoiceChannel) else None


def bot_channel(guild: discord.Guild, guild_voices: GuildVoices) -> VoiceChannel | None:
    """The voice channel where the bot is, or is on its way to."""
    guild_voice = guild_voices.get(guild.id)
    if guild_voice is None or guild_voice.channel_id is None:
        return None
    channel = guild.get_channel(guild_voice.channel_id)
    return channel if isinstance(channel, VoiceChannel) else None


def member_facts(member: discord.Member, bot_channel: VoiceChannel | None) -> policy.MemberFacts:
    """The member who asks, judged in the bot's channel; in their own where the bot has none."""
    own = voice_channel_of(member)
    judged = bot_channel or own
    there = judged.permissions_for(member) if judged is not None else member.guild_permissions
    state = member.voice
    stage = isinstance(own, discord.StageChannel)
    return policy.MemberFacts(
        id=str(member.id),
        channel=own.id if own is not None else None,
        may_speak=own is None or stage or own.permissions_for(member).speak,
        server_muted=state is not None and state.mute,
        suppressed=state is not None and state.suppress,
        stage=stage,
        afk=own is not None and own == member.guild.afk_channel,
        timed_out=member.is_timed_out(),
        moderator=there.move_members or there.mute_members or member.guild_permissions.manage_guild,
        may_view=there.view_channel,
        manager=member.guild_permissions.manage_guild,
    )


def viewing(
    requester: policy.MemberFacts, member: discord.Member, channel_id: int
) -> policy.MemberFacts:
    """`requester`, whose right to view is judged in another channel, unless that was deleted."""
    channel = member.guild.get_channel(channel_id)
    if channel is None:
        return requester
    return replace(requester, may_view=channel.permissions_for(member).view_channel)


def channel_facts(
    member: discord.Member, bot_channel: VoiceChannel | None, queue: Sequence[JobView]
) -> policy.ChannelFacts:
    """Where the bot is, and who would notice what `member` asks for."""
    others = [view for view in queue if view.job.requester != str(member.id)]
    if bot_channel is None:
        return policy.ChannelFacts(id=None, others_jobs=len(others))
    return policy.ChannelFacts(
        id=bot_channel.id,
        listeners=len([each for each in listeners(bot_channel) if each != member.id]),
        others_jobs=len(others),
    )


def job_owner(view: JobView, bot_channel: VoiceChannel | None) -> policy.JobOwner:
    """The member who requested a job, and whether they are still in the bot's channel."""
    present = bot_channel is not None and int(view.job.requester) in bot_channel.voice_states
    return policy.JobOwner(id=view.job.requester, present=present)


def bot_facts(channel: VoiceChannel) -> policy.BotFacts:
    """The bot itself, in the channel where it should speak."""
    me = channel.guild.me
    may = channel.permissions_for(me)
    inside = me.voice is not None and me.voice.channel == channel
    return policy.BotFacts(
        channel=channel.id,
        view_channel=may.view_channel,
        connect=may.connect,
        speak=may.speak,
        move_members=may.move_members,
        timed_out=me.is_timed_out(),
        inside=inside,
        occupants=len(channel.voice_states),
        user_limit=channel.user_limit,
        afk=channel == channel.guild.afk_channel,
        stage=isinstance(channel, discord.StageChannel),
    )
