"""What discord.py makes of a function that is a slash command, by a name that can be read.

Knows: a type. Does not know: anything else.
"""

from typing import Any

from discord import app_commands

Command = app_commands.Command[Any, ..., Any]
