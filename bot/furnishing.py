"""Makes the parts of the front end and brings them together, once a start.

Knows: what each part is made of. Does not know: what any of them does, when it starts and ends
(`app`).
"""

from collections.abc import Callable

import aiohttp
import discord

from bot.door import Door
from bot.erasing.blanking import Blanker
from bot.erasing.eraser import Eraser
from bot.erasing.news import ErasureNews
from bot.erasing.sent_files import SentFiles
from bot.house import House
from bot.library.addresses import Addresses
from bot.library.fetching import Fetcher
from bot.library.owners import Owners
from bot.library.places import places_for_examinations, places_for_exports
from bot.library.previews import Previews
from bot.library.reports import Reports
from bot.library.uploads import Uploads
from bot.reply import Reply
from bot.rest import Rest
from bot.saying import Saying
from bot.status.board import Board
from bot.status.message import message_payload, renderer
from bot.status.turns import Turns
from bot.voice.rooms import Rooms
from engine.clock import Clock
from engine.settings import MEBIBYTE, Settings
from engine.speech import Speech
from engine.voices.library import Library
from engine.voices.recordings import Examiner, RecordingLimits
from engine.voices.shelf import Shelf


def furnish(
    client: discord.Client,
    settings: Settings,
    speech: Speech,
    library: Library,
    session: aiohttp.ClientSession,
    clock: Clock,
    *,
    rooms: Rooms,
    note: Callable[[str], str | None],
) -> House:
    """`note` tells why a lane is not heard just now."""
    rest = Rest(session, client, settings.discord_api_url)
    render = renderer(
        speech,
        library,
        clock,
        hide_text=settings.mynah_hide_text,
        group=settings.mynah_command_group,
    )
    turns, sent_files = Turns(), SentFiles(clock)
    board = Board(
        speech, rest, clock, render=render, payload=message_payload, note=note, turns=turns
    )
    reply = Reply(settings.mynah_command_group)
    most = settings.mynah_max_upload * MEBIBYTE
    examiner = Examiner(RecordingLimits(bytes=most, seconds=settings.mynah_max_recording))
    # Uploads and previews share them: a member with an upload has no preview made meanwhile.
    places = places_for_examinations(clock)
    return House(
        client=client,
        settings=settings,
        door=Door(),
        speech=speech,
        library=library,
        rooms=rooms,
        board=board,
        saying=Saying(speech, rest, board, rooms, clock, render=render, payload=message_payload),
        uploads=Uploads(
            library,
            examiner,
            Fetcher(session, Addresses.of_api(settings.discord_api_url), clock, most),
            speech,
            reply,
            sent_files,
            places,
            clock,
            settings.mynah_data_dir / "uploads",
        ),
        previews=Previews(
            library,
            Shelf(settings.mynah_references_dir, settings.mynah_data_dir / "references"),
            examiner,
            places,
        ),
        exports=places_for_exports(clock),
        sent_files=sent_files,
        erasure_news=ErasureNews(
            Eraser(library, Blanker(rest, client, clock), rest, turns, sent_files, clock),
            rest,
            client,
            clock,
        ),
        reports=Reports(client, library, group=settings.mynah_command_group),
        owners=Owners(client, clock),
        reply=reply,
        clock=clock,
    )
