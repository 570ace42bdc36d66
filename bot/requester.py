"""Who asks for a voice, as the library judges it: read off an interaction.

Knows: where each fact stands in an interaction. Does not know: the rules.
"""

from collections.abc import Collection

import discord

from engine.model.voices import Requester


def requester_of(interaction: discord.Interaction) -> Requester:
    lane = str(interaction.guild_id) if interaction.guild_id is not None else None
    return Requester(member=str(interaction.user.id), place=lane)


def roles_of(interaction: discord.Interaction) -> Collection[str]:
    """The roles of who asks, in the server where they do."""
    member = interaction.user
    return [str(role.id) for role in member.roles] if isinstance(member, discord.Member) else []


def is_admin(interaction: discord.Interaction) -> bool:
    """Whether who asks may manage the server, as Discord says with the interaction."""
    return interaction.guild_id is not None and interaction.permissions.manage_guild
