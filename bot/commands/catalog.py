"""The slash commands: a file per group; each parses, makes one call, replies."""

import discord
from discord import app_commands

from bot.commands import channel, mydata, playback, queue, say, voice, voice_admin
from bot.parts import Parts


def add_commands(tree: app_commands.CommandTree[discord.Client], house: Parts) -> None:
    """Add every command to the tree; below one of the operator's choice, where it is set."""
    commands = [
        *say.commands(house),
        *playback.commands(house),
        *channel.commands(house),
        *queue.commands(house),
        *voice.commands(house),
        *voice_admin.commands(house),
        *mydata.commands(house),
    ]
    # A message's menu has no levels: this stands beside a group, too.
    tree.add_command(voice.use_as_my_voice(house))
    if house.settings.mynah_command_group is None:
        for command in commands:
            tree.add_command(command)
        return
    group = app_commands.Group(
        name=house.settings.mynah_command_group,
        description="Speak text in voice channels",
        # `/voice` and `/mydata` work in direct messages; the others say that they do not.
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
    )
    for command in commands:
        group.add_command(command)
    tree.add_command(group)
