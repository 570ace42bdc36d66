"""/skip, /stop, /pause, /resume: what is being spoken."""

import discord
from discord import app_commands

from bot import policy
from bot.commands import actions
from bot.commands.kind import Command
from bot.context import check, command_context
from bot.parts import Parts


def commands(house: Parts) -> list[Command]:
    @app_commands.command(name="skip", description="End the job that is being spoken")
    async def skip(interaction: discord.Interaction) -> None:
        await actions.skip(interaction, house, None)

    @app_commands.command(name="stop", description="End the job being spoken and all that wait")
    async def stop(interaction: discord.Interaction) -> None:
        await actions.stop(interaction, house)

    @app_commands.command(name="pause", description="Stop speaking for a while; nothing is lost")
    async def pause(interaction: discord.Interaction) -> None:
        ask = await command_context(interaction, house)
        check(policy.may_pause(ask.standing, ask.scene))
        room = house.guild_voices.guild_voice(ask.guild.id)
        if room.paused:
            await house.reply(interaction, "It is paused already. `/resume` goes on.")
            return
        await room.pause(True)
        await house.reply(interaction, "Paused. `/resume` goes on where it stopped.")

    @app_commands.command(name="resume", description="Go on speaking after a pause")
    async def resume(interaction: discord.Interaction) -> None:
        ask = await command_context(interaction, house)
        check(policy.may_resume(ask.standing, ask.scene))
        room = house.guild_voices.guild_voice(ask.guild.id)
        if not room.paused:
            await house.reply(interaction, "It is not paused.")
            return
        await room.pause(False)
        await house.reply(interaction, "Going on.")

    return [skip, stop, pause, resume]
