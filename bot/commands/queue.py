"""/queue view and /help: what waits, and what can be asked."""

from typing import Final

import discord
from discord import app_commands

from bot import policy
from bot.commands.kind import Command
from bot.context import check, command_context
from bot.messages.render import render_queue
from bot.parts import Parts


def commands(house: Parts) -> list[Command | app_commands.Group]:
    queue = app_commands.Group(name="queue", description="What waits to be spoken")

    @queue.command(name="view", description="Show what is being spoken and what waits")
    async def view(interaction: discord.Interaction) -> None:
        ask = await command_context(interaction, house)
        check(policy.may_view(ask.standing))
        text = render_queue(
            ask.queue,
            now=house.clock.time(),
            hide_text=house.settings.mynah_hide_text,
            note=house.guild_voices.note(ask.guild.id),
        )
        await house.reply(interaction, text)

    @app_commands.command(name="help", description="What this bot does, and every command")
    async def help_(interaction: discord.Interaction) -> None:
        await house.reply(interaction, HELP)

    return [queue, help_]


#: Every command, in the words of somebody who has not seen it.
HELP: Final = "\n".join(
    (
        "I speak text in voice channels. Join one, then:",
        "- `/say` speaks a text; `voice` completes as you type.",
        "- `/skip` ends the job being spoken, `/stop` that and all that wait: your own, or "
        "anyone's if you moderate.",
        "- `/pause` and `/resume` stop for a while and go on.",
        "- `/join` calls me to your channel, `/leave` sends me out.",
        "- `/queue view` shows what waits, to you alone.",
        "- `/voice upload` gives me a voice by a recording; `/voice list`, `/voice use`, "
        "`/voice share` and more go on from there. **Use as my voice**, in the menu of a message "
        "of yours, takes a voice message.",
        "- `/voice report` tells the admins and the operator what is wrong with a voice; "
        "`/voice-admin` is for who manages the server.",
        "- `/mydata export` and `/mydata delete` hand over, or delete, all that I keep of you.",
        "Below each message are buttons: Skip and Stop while it is spoken, Replay and Download "
        "(the sound as a file) afterwards.",
    )
)
