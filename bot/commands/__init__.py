"""The slash commands: a file per group; each parses, makes one call, replies."""

import discord
from discord import app_commands

from bot.commands import queue, sound, speak, where
from bot.house import House


def add_commands(tree: app_commands.CommandTree[discord.Client], house: House) -> None:
    """Add every command to the tree; below one of the operator's choice, where it is set."""
    commands = [
        *speak.commands(house),
        *sound.commands(house),
        *where.commands(house),
        *queue.commands(house),
    ]
    if house.settings.mynah_command_group is None:
        for command in commands:
            tree.add_command(command)
        return
    group = app_commands.Group(
        name=house.settings.mynah_command_group, description="Speak text in voice channels"
    )
    for command in commands:
        group.add_command(command)
    tree.add_command(group)
