"""What commands and buttons work with: one value that holds the parts of the front end.

Knows: names. Does not know: anything else.
"""

from dataclasses import dataclass

import discord

from bot.door import Door
from bot.reply import Reply
from bot.saying import Saying
from bot.status.board import Board
from bot.voice.rooms import Rooms
from engine.clock import Clock
from engine.settings import Settings
from engine.speech import Speech


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    client: discord.Client
    settings: Settings
    door: Door
    speech: Speech
    rooms: Rooms
    board: Board
    saying: Saying
    reply: Reply
    clock: Clock
