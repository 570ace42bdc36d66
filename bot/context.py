"""A member who asks for something in a server: what every command and button needs to know first.

Knows: how to read an interaction, and the state of the server's queue. Does not know: the rules,
any command.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot import policy, policy_facts
from bot.parts import Parts
from bot.voice.listeners import VoiceChannel
from engine.model.errors import Refused
from engine.model.jobs import JobView


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """Facts of this moment: rights are judged anew at every use."""

    guild: discord.Guild
    member: discord.Member
    standing: policy.MemberFacts
    scene: policy.ChannelFacts
    queue: Sequence[JobView]  # the job being spoken first, then those that wait
    own_channel: VoiceChannel | None  # where the member is

    @property
    def lane(self) -> str:
        return str(self.guild.id)

    @property
    def actor(self) -> str:
        return str(self.member.id)


async def command_context(interaction: discord.Interaction, house: Parts) -> CommandContext:
    """Read who asks, and how things stand. Raises Refused outside of a server."""
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        raise Refused("This works in a server only.")
    if house.client.get_guild(guild.id) is None or guild.unavailable:
        raise Refused("I have just started, or Discord has a fault here. Try again in a moment.")
    queue = await house.speech.queue(str(guild.id))
    return CommandContext(
        guild=guild,
        member=member,
        standing=policy_facts.standing(member, house.guild_voices),
        scene=policy_facts.scene(member, house.guild_voices, queue),
        queue=queue,
        own_channel=policy_facts.voice_channel_of(member),
    )


def check(denied: policy.Denial | None) -> None:
    """Raise Refused with the rule's own sentence, where it denies."""
    if denied is not None:
        raise Refused(denied.reason)


def owner_of(view: JobView, ask: CommandContext, house: Parts) -> policy.Owner:
    return policy_facts.owner(view, ask.guild, house.guild_voices)


def place_to_speak(ask: CommandContext) -> VoiceChannel:
    """The member's channel, once nothing keeps the bot from being heard there. Raises Refused."""
    if ask.own_channel is None:
        raise Refused(policy.NO_CHANNEL.reason)
    check(policy.obstacle(policy_facts.bot_standing(ask.own_channel)))
    return ask.own_channel
