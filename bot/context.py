"""What an interaction says about the member who asks, and the state of the server where they ask.

`requester_of`, `roles_of` and `is_admin` read the interaction alone, also in direct messages.
`Contexts` adds the server's channels and queue. This file does not know any rule or command.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import discord

from bot import policy, policy_facts
from bot.voice.guild_voices import GuildVoices
from bot.voice.listeners import VoiceChannel
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
    """The requester's roles in the server where they ask."""
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
        return policy_facts.job_owner(view, self.bot_channel)

    def channel_to_speak_in(self) -> VoiceChannel:
        """The member's channel, once nothing keeps the bot from being heard there. Raises
        Refused."""
        channel = policy_facts.voice_channel_of(self.member)
        if channel is None:
            raise NotAllowed("the member is in no voice channel", code="not-in-voice")
        check(policy.obstacle(policy_facts.bot_facts(channel)))
        return channel


class Contexts:
    """Reads the context of interactions."""

    def __init__(self, speech: FrontEndQueue, guild_voices: GuildVoices) -> None:
        self._speech = speech
        self._guild_voices = guild_voices

    async def read(self, interaction: discord.Interaction) -> CommandContext:
        """Raises Refused outside of a server."""
        guild, member = interaction.guild, interaction.user
        if guild is None or not isinstance(member, discord.Member):
            raise NotAllowed("not in a server", code="servers-only")
        if interaction.client.get_guild(guild.id) is None or guild.unavailable:
            raise Refused("the server is not available", code="bot-not-ready")
        queue = await self._speech.queue(str(guild.id))
        bot_channel = policy_facts.bot_channel(guild, self._guild_voices)
        return CommandContext(
            guild=guild,
            member=member,
            member_facts=policy_facts.member_facts(member, bot_channel),
            channel_facts=policy_facts.channel_facts(member, bot_channel, queue),
            queue=queue,
            bot_channel=bot_channel,
        )

    async def permitted(self, interaction: discord.Interaction, rule: Rule) -> CommandContext:
        """The context, if the rule allows. Raises Refused."""
        context = await self.read(interaction)
        check(rule(context.member_facts, context.channel_facts))
        return context


def check(denied: policy.Denial | None) -> None:
    """Raise NotAllowed with the rule's own reason if there is a denial."""
    if denied is not None:
        raise NotAllowed("a rule denies it", code=denied.code, **denied.fields)
