"""Builds the parts of the front end in order, once a start: each gets what its signature names.

A new class of commands is one line in `build`. What opens something puts its `close` on the exit
stack, which closes in the opposite order. This file does not know what a part does.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord

from bot.commands.jobs import JobCommands
from bot.commands.mydata import MyData
from bot.commands.tree import Components, Gate, InFlightTracker, Tree
from bot.commands.voice import VoiceCommands
from bot.commands.voice_admin import VoiceAdmin
from bot.commands.voice_owner import VoiceOwner
from bot.context import Contexts, bot_facts
from bot.delivery import MessageAccess
from bot.discord_io.replies import Reply
from bot.discord_io.rest import InteractionApi
from bot.display_names import MemberNames
from bot.erasure.notifier import RedactionNotifier
from bot.erasure.redactions import Redactions
from bot.messages.editor import MessageEditor
from bot.messages.payload import renderer
from bot.messages.status import StatusUpdater
from bot.submission import Submission
from bot.voice.channel_session import VoiceRequestBudget
from bot.voice.frame_clock import FrameClock
from bot.voice.frame_sender import LeadIn
from bot.voice.guild_voice import VoiceDeps
from bot.voice.guild_voices import GuildVoices
from bot.voices.abuse_reports import AbuseReports
from bot.voices.directory import VoiceDirectory
from bot.voices.download import Addresses, Fetcher
from bot.voices.previews import Previews
from bot.voices.uploads import Uploads
from bot.voices.work_slots import slots_for_analyses, slots_for_exports
from engine.base.clock import Clock
from engine.base.data_dir import DataDirectory
from engine.base.settings import MEBIBYTE, Settings
from engine.queue import FrontEndQueue
from engine.voices.recording_analyzer import RecordingAnalyzer, RecordingLimits
from engine.voices.recording_files import RecordingFiles
from engine.voices.registry import VoiceRegistry

#: For uses of commands and buttons that are under way at the end.
USES_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """What the client calls when Discord tells something."""

    tree: Tree
    components: Components
    guild_voices: GuildVoices
    editor: MessageEditor
    status_updater: StatusUpdater
    submission: Submission
    uploads: Uploads
    notifier: RedactionNotifier
    voice_directory: VoiceDirectory


def build(
    client: discord.Client,
    settings: Settings,
    speech: FrontEndQueue,
    registry: VoiceRegistry,
    session: aiohttp.ClientSession,
    clock: Clock,
    stack: contextlib.AsyncExitStack,
    *,
    frame_clock: FrameClock,
    note: Callable[[str], str | None],
    guild_changed: Callable[[int], None],
    leave: Callable[[], Awaitable[None]],
) -> FrontEnd:
    """`note` tells why a lane is not heard just now; `guild_changed` hears when that changes;
    `leave` ends the voice connections, while status messages can still be edited."""
    group = settings.mynah_command_group
    api = InteractionApi(session, client, settings.discord_api_url)
    reply = Reply(clock, group)
    editor = MessageEditor(clock)
    stack.push_async_callback(editor.close)

    # What speaks, and the messages that show it.
    guild_voices = GuildVoices(
        VoiceDeps(
            client=client,
            speech=speech,
            frame_clock=frame_clock,
            clock=clock,
            budget=VoiceRequestBudget(clock),
            lead_in=LeadIn(join=settings.mynah_lead_join, pause=settings.mynah_lead_pause),
            alone_timeout=settings.mynah_alone_timeout,
            bot_facts=bot_facts,
            changed=guild_changed,
        )
    )
    render = renderer(
        speech, registry.selection, clock, hide_text=settings.mynah_hide_text, group=group
    )
    status_updater = StatusUpdater(speech, MessageAccess(api, clock), editor, clock, render, note)
    stack.push_async_callback(status_updater.close)
    stack.push_async_callback(leave)
    submission = Submission(speech, api, status_updater, guild_voices, clock, render)
    stack.push_async_callback(submission.close)

    # Voices that members give.
    most_bytes = settings.mynah_max_upload * MEBIBYTE
    analyzer = RecordingAnalyzer(
        RecordingLimits(bytes=most_bytes, seconds=settings.mynah_max_recording)
    )
    # Uploads and previews share them: a member with an upload has no preview made meanwhile.
    slots = slots_for_analyses(clock)
    uploads = Uploads(
        registry.owners,
        registry.moderation,
        registry.rate_limits,
        analyzer,
        Fetcher(session, Addresses.of_api(settings.discord_api_url), clock, most_bytes),
        speech,
        reply,
        slots,
        clock,
        DataDirectory(settings.mynah_data_dir).uploads,
    )
    stack.push_async_callback(uploads.close)
    recordings = RecordingFiles.from_settings(settings)
    previews = Previews(registry.owners, registry.rate_limits, recordings, analyzer, slots)
    abuse_reports = AbuseReports(client, registry.moderation, group=group)
    stack.push_async_callback(abuse_reports.close)
    directory = VoiceDirectory(
        registry.owners, registry.selection, registry.moderation, speech, MemberNames(client, clock)
    )

    # What an erasure does on Discord.
    redactions = Redactions(registry.erasure, editor, api, client, reply, clock)
    notifier = RedactionNotifier(redactions, api, client, clock)
    stack.push_async_callback(notifier.close)

    # Commands, buttons and forms.
    in_flight = InFlightTracker()
    stack.push_async_callback(in_flight.close, seconds=USES_SECONDS)
    gate = Gate(registry.owners, reply, in_flight, guilds=settings.mynah_guilds, group=group)
    contexts = Contexts(speech, guild_voices)
    jobs = JobCommands(
        *(contexts, speech, directory, submission, guild_voices, reply, clock),
        hide_text=settings.mynah_hide_text,
    )
    voice_owner = VoiceOwner(registry.owners, registry.moderation, speech, reply)
    voice = VoiceCommands(
        *(registry.owners, registry.selection, directory, uploads, previews, abuse_reports),
        *(voice_owner, reply),
    )
    exports = slots_for_exports(clock)
    mydata = MyData(registry.erasure, uploads, notifier, exports, reply, clock)
    tree = Tree(client, gate)
    tree.add(
        [
            *jobs.commands,
            voice,
            VoiceAdmin(contexts, registry.moderation, registry.selection, directory, speech, reply),
            mydata,
        ],
        group=group,
    )
    # The menu of a message has no levels: this stands beside a group, too.
    tree.add_command(voice.use_as_my_voice)
    return FrontEnd(
        tree=tree,
        components=Components(
            gate, jobs.handlers, voice.handlers, voice_owner.handlers, mydata.handlers
        ),
        guild_voices=guild_voices,
        editor=editor,
        status_updater=status_updater,
        submission=submission,
        uploads=uploads,
        notifier=notifier,
        voice_directory=directory,
    )
