"""What an interaction says about the member who asks, and the state of the server where they ask:
Discord's members, channels and voice states as the plain values that `policy` judges.

`requester_of`, `roles_of` and `is_admin` read the interaction alone, also in direct messages.
`Contexts` adds the server's channels and queue. This file does not know any rule or command.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import discord

from bot import policy
from bot.voice.guild_voices import GuildVoices
from bot.voice.listeners import VoiceChannel, listeners
from engine.model.errors import NotAllowed, Refused
from engine.model.jobs import JobView
from engine.model.voices import Requester
from engine.queue import FrontEndQueue

#: A rule of `policy` about a member and the bot's channel.
Rule = Callable[[policy.MemberFacts, policy.ChannelFacts], policy.Denial | None]


def requester_of(interaction: discord.Interaction) -> Requester:
    lane = str(interaction.guild_id) if interaction.guild_id is not None else None
    return Requester(member=str(interaction.user.id), place=lane)


def roles_of(interaction: discord.Interaction) -> Collection[str]:
    member = interaction.user
    return [str(role.id) for role in member.roles] if isinstance(member, discord.Member) else []


def is_admin(interaction: discord.Interaction) -> bool:
    """Whether the requester may manage the server, as Discord says with the interaction."""
    return interaction.guild_id is not None and interaction.permissions.manage_guild


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """Facts of this moment: policy is judged again at every use."""

    guild: discord.Guild
    member: discord.Member
    member_facts: policy.MemberFacts
    channel_facts: policy.ChannelFacts
    queue: Sequence[JobView]  # the job that is spoken first, then those that wait
    bot_channel: VoiceChannel | None

    @property
    def lane(self) -> str:
        return str(self.guild.id)

    def owner_of(self, view: JobView) -> policy.JobOwner:
        there = self.bot_channel.voice_states if self.bot_channel is not None else ()
        return policy.JobOwner(id=view.job.requester, present=int(view.job.requester) in there)

    def viewing(self, channel_id: int) -> policy.MemberFacts:
        """The member, whose right to view is judged in another channel, unless that was deleted."""
        channel = self.guild.get_channel(channel_id)
        if channel is None:
            return self.member_facts
        may_view = channel.permissions_for(self.member).view_channel
        return replace(self.member_facts, may_view=may_view)

    def channel_to_speak_in(self) -> VoiceChannel:
        """The member's channel, once nothing keeps the bot from being heard there. Raises
        Refused."""
        channel = _voice_channel_of(self.member)
        if channel is None:
            raise NotAllowed("the member is in no voice channel", code="not-in-voice")
        check(policy.obstacle(bot_facts(channel)))
        return channel


@dataclass(frozen=True, slots=True)
class Contexts:
    _speech: FrontEndQueue
    _guild_voices: GuildVoices

    async def read(self, interaction: discord.Interaction) -> CommandContext:
        """Raises Refused outside of a server."""
        guild, member = interaction.guild, interaction.user
        if guild is None or not isinstance(member, discord.Member):
            raise NotAllowed("not in a server", code="servers-only")
        if interaction.client.get_guild(guild.id) is None or guild.unavailable:
            raise Refused("the server is not available", code="bot-not-ready")
        queue = await self._speech.queue(str(guild.id))
        bot_channel = self._bot_channel(guild)
        return CommandContext(
            guild=guild,
            member=member,
            member_facts=_member_facts(member, bot_channel),
            channel_facts=_channel_facts(member, bot_channel, queue),
            queue=queue,
            bot_channel=bot_channel,
        )

    async def permitted(self, interaction: discord.Interaction, rule: Rule) -> CommandContext:
        """The context, if the rule allows. Raises Refused."""
        context = await self.read(interaction)
        check(rule(context.member_facts, context.channel_facts))
        return context

    def _bot_channel(self, guild: discord.Guild) -> VoiceChannel | None:
        """The voice channel where the bot is, or is on its way to."""
        guild_voice = self._guild_voices.get(guild.id)
        if guild_voice is None or guild_voice.channel_id is None:
            return None
        channel = guild.get_channel(guild_voice.channel_id)
        return channel if isinstance(channel, VoiceChannel) else None


def check(denied: policy.Denial | None) -> None:
    """Raise NotAllowed with the rule's own reason if there is a denial."""
    if denied is not None:
        raise NotAllowed("a rule denies it", code=denied.code, **denied.fields)


def bot_facts(channel: VoiceChannel) -> policy.BotFacts:
    """The bot itself, in the channel where it should speak."""
    me = channel.guild.me
    may = channel.permissions_for(me)
    return policy.BotFacts(
        channel=channel.id,
        view_channel=may.view_channel,
        connect=may.connect,
        speak=may.speak,
        move_members=may.move_members,
        timed_out=me.is_timed_out(),
        inside=me.voice is not None and me.voice.channel == channel,
        occupants=len(channel.voice_states),
        user_limit=channel.user_limit,
        afk=channel == channel.guild.afk_channel,
        stage=isinstance(channel, discord.StageChannel),
    )


def _voice_channel_of(member: discord.Member) -> VoiceChannel | None:
    channel = member.voice.channel if member.voice is not None else None
    return channel if isinstance(channel, VoiceChannel) else None


def _member_facts(member: discord.Member, bot_channel: VoiceChannel | None) -> policy.MemberFacts:
    """The member who asks, judged in the bot's channel; in their own where the bot has none."""
    own = _voice_channel_of(member)
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


def _channel_facts(
    member: discord.Member, bot_channel: VoiceChannel | None, queue: Sequence[JobView]
) -> policy.ChannelFacts:
    """Where the bot is, and who would notice what `member` asks for."""
    others = [view for view in queue if view.job.requester != str(member.id)]
    there = listeners(bot_channel) if bot_channel is not None else []
    return policy.ChannelFacts(
        id=bot_channel.id if bot_channel is not None else None,
        listeners=len([each for each in there if each != member.id]),
        others_jobs=len(others),
    )
