"""Makes the parts of the front end and brings them together, once a start.

Knows: what each part is made of. Does not know: what any of them does, when it starts and ends
(`app`).
"""

from collections.abc import Callable

import aiohttp
import discord

from bot.discord_io.ephemeral_files import EphemeralFiles
from bot.discord_io.replies import Reply
from bot.discord_io.rest import InteractionApi
from bot.erasure.notifier import RedactionNotifier
from bot.erasure.redactions import Redactions
from bot.erasure.redactor import MessageRedactor
from bot.in_flight import InFlightTracker
from bot.messages.channel_locks import ChannelLocks
from bot.messages.payload import message_payload, renderer
from bot.messages.status import StatusUpdater
from bot.parts import Parts
from bot.submission import Submission
from bot.voice.guild_voices import GuildVoices
from bot.voices.abuse_reports import AbuseReports
from bot.voices.addresses import Addresses
from bot.voices.download import Fetcher
from bot.voices.owners import Owners
from bot.voices.previews import Previews
from bot.voices.uploads import Uploads
from bot.voices.work_slots import places_for_examinations, places_for_exports
from engine.base.clock import Clock
from engine.base.settings import MEBIBYTE, Settings
from engine.queue import FrontEndQueue
from engine.voices.recording_analyzer import RecordingAnalyzer, RecordingLimits
from engine.voices.recording_files import RecordingFiles
from engine.voices.registry import VoiceRegistry


def furnish(
    client: discord.Client,
    settings: Settings,
    speech: FrontEndQueue,
    registry: VoiceRegistry,
    session: aiohttp.ClientSession,
    clock: Clock,
    *,
    guild_voices: GuildVoices,
    note: Callable[[str], str | None],
) -> Parts:
    """`note` tells why a lane is not heard just now."""
    rest = InteractionApi(session, client, settings.discord_api_url)
    render = renderer(
        speech,
        registry,
        clock,
        hide_text=settings.mynah_hide_text,
        group=settings.mynah_command_group,
    )
    turns, sent_files = ChannelLocks(), EphemeralFiles(clock)
    status_updater = StatusUpdater(
        speech, rest, clock, render=render, payload=message_payload, note=note, turns=turns
    )
    reply = Reply(settings.mynah_command_group)
    most = settings.mynah_max_upload * MEBIBYTE
    examiner = RecordingAnalyzer(RecordingLimits(bytes=most, seconds=settings.mynah_max_recording))
    # Uploads and previews share them: a member with an upload has no preview made meanwhile.
    places = places_for_examinations(clock)
    return Parts(
        client=client,
        settings=settings,
        door=InFlightTracker(),
        speech=speech,
        registry=registry,
        guild_voices=guild_voices,
        status_updater=status_updater,
        saying=Submission(
            speech,
            rest,
            status_updater,
            guild_voices,
            clock,
            render=render,
            payload=message_payload,
        ),
        uploads=Uploads(
            registry,
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
            registry,
            RecordingFiles(settings.mynah_references_dir, settings.mynah_data_dir / "references"),
            examiner,
            places,
        ),
        exports=places_for_exports(clock),
        sent_files=sent_files,
        erasure_news=RedactionNotifier(
            Redactions(
                registry, MessageRedactor(rest, client, clock), rest, turns, sent_files, clock
            ),
            rest,
            client,
            clock,
        ),
        reports=AbuseReports(client, registry, group=settings.mynah_command_group),
        owners=Owners(client, clock),
        reply=reply,
        clock=clock,
    )
