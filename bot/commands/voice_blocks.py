"""/voice-admin bar, unbar: who may not give voices to a server.

Knows: the options, and the sentences of the answers. Does not know: who is an admin
(`library/admins`), what a bar means (`engine/voices`).
"""

import discord
from discord import app_commands

from bot.commands.kind import Command
from bot.parts import Parts
from bot.voices.moderation import admin, ended_by


def commands(house: Parts) -> list[Command]:
    return [_bar(house), _unbar(house)]


def _bar(house: Parts) -> Command:
    @app_commands.command(name="bar", description="Keep a member from giving voices to this server")
    @app_commands.describe(member="Who; also by id, if they have left")
    async def bar(interaction: discord.Interaction, member: discord.User) -> None:
        ask, requester = await admin(interaction, house)
        ended = await ended_by(house, ask, house.registry.bar(requester, str(member.id)))
        words = (
            f"Barred: {member.mention} can upload no voices here and share none with this server, "
            "and none of theirs is spoken here, until `/voice-admin unbar`."
        )
        await house.reply(interaction, words + ended)

    return bar


def _unbar(house: Parts) -> Command:
    @app_commands.command(name="unbar", description="Let a barred member give voices again")
    @app_commands.describe(member="Who; also by id, if they have left")
    async def unbar(interaction: discord.Interaction, member: discord.User) -> None:
        _, requester = await admin(interaction, house)
        await house.registry.unbar(requester, str(member.id))
        await house.reply(interaction, f"{member.mention} can give voices to this server again.")

    return unbar
