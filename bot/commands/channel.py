"""/join, /leave: where the bot is."""

from typing import Final

import discord
from discord import app_commands

from bot import policy
from bot.commands.kind import Command
from bot.context import check, command_context, place_to_speak
from bot.parts import Parts
from bot.voice.listeners import needs_invitation

ASK_MODERATOR: Final = " It is a stage: ask a stage moderator to invite me to speak."


def commands(house: Parts) -> list[Command]:
    @app_commands.command(name="join", description="Call the bot to your voice channel")
    async def join(interaction: discord.Interaction) -> None:
        ask = await command_context(interaction, house)
        check(policy.may_join(ask.standing, ask.scene))
        channel = place_to_speak(ask)
        room = house.guild_voices.guild_voice(ask.guild.id)
        is_there = room.channel_id == channel.id and room.connected
        await room.join(channel.id)
        if is_there:
            note = f" {room.note}" if room.note is not None else ""
            await house.reply(interaction, f"I am in {channel.mention} already.{note}")
            return
        stage = ASK_MODERATOR if needs_invitation(channel) else ""
        await house.reply(interaction, f"On my way to {channel.mention}.{stage}")

    @app_commands.command(name="leave", description="Send the bot out; what waits is kept a while")
    async def leave(interaction: discord.Interaction) -> None:
        ask = await command_context(interaction, house)
        check(policy.may_leave(ask.standing, ask.scene))
        await house.guild_voices.guild_voice(ask.guild.id).leave()
        waiting = len(ask.queue)
        kept = " What waits goes on when I am called again in time." if waiting else ""
        await house.reply(interaction, f"Goodbye.{kept}")

    return [join, leave]
