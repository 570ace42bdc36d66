"""/queue view and /help: what waits, and what can be asked."""

import discord
from discord import app_commands

from bot import rights
from bot.asking import asking, check
from bot.house import House
from bot.reply import reply
from bot.status.render import render_queue


def commands(house: House) -> list[app_commands.Command | app_commands.Group]:  # type: ignore[type-arg]
    queue = app_commands.Group(name="queue", description="What waits to be spoken")

    @queue.command(name="view", description="Show what is being spoken and what waits")
    async def view(interaction: discord.Interaction) -> None:
        ask = await asking(interaction, house)
        check(rights.may_view(ask.standing))
        text = render_queue(
            ask.queue,
            now=house.clock.time(),
            hide_text=house.settings.mynah_hide_text,
            note=house.rooms.note(ask.guild.id),
        )
        await reply(interaction, text)

    @app_commands.command(name="help", description="What this bot does, and every command")
    async def help_(interaction: discord.Interaction) -> None:
        await reply(interaction, help_text(house.settings.mynah_command_group))

    return [queue, help_]


def help_text(group: str | None) -> str:
    """Every command, as it is typed in this installation."""
    slash = f"/{group} " if group else "/"
    return "\n".join(
        (
            "I speak text in voice channels. Join one, then:",
            f"- `{slash}say` speaks a text; `voice` completes as you type.",
            f"- `{slash}skip` ends the job being spoken, `{slash}stop` that and all that wait; "
            "your own, or anyone's if you moderate.",
            f"- `{slash}pause` and `{slash}resume` stop for a while and go on.",
            f"- `{slash}join` calls me to your channel, `{slash}leave` sends me out.",
            f"- `{slash}queue view` shows what waits, to you alone.",
            "Below each message are buttons: Skip and Stop while it is spoken, Replay and "
            "Download (the sound as a file) afterwards.",
        )
    )
