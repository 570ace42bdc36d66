"""What commands and buttons work with: one value that holds the parts of the front end.

Knows: names. Does not know: anything else.
"""

from dataclasses import dataclass

import discord

from bot.door import Door
from bot.erasing.news import ErasureNews
from bot.erasing.sent_files import SentFiles
from bot.library.owners import Owners
from bot.library.places import Places
from bot.library.previews import Previews
from bot.library.reports import Reports
from bot.library.uploads import Uploads
from bot.reply import Reply
from bot.saying import Saying
from bot.status.board import Board
from bot.voice.rooms import Rooms
from engine.clock import Clock
from engine.settings import Settings
from engine.speech import Speech
from engine.voices.library import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    client: discord.Client
    settings: Settings
    door: Door
    speech: Speech
    library: Library
    rooms: Rooms
    board: Board
    saying: Saying
    uploads: Uploads
    previews: Previews
    exports: Places
    sent_files: SentFiles
    erasure_news: ErasureNews
    reports: Reports
    owners: Owners
    reply: Reply
    clock: Clock
