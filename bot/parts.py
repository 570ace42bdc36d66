"""What commands and buttons work with: one value that holds the parts of the front end.

Knows: names. Does not know: anything else.
"""

from dataclasses import dataclass

import discord

from bot.discord_io.ephemeral_files import EphemeralFiles
from bot.discord_io.replies import Reply
from bot.erasure.notifier import RedactionNotifier
from bot.in_flight import InFlightTracker
from bot.messages.status import StatusUpdater
from bot.submission import Submission
from bot.voice.guild_voices import GuildVoices
from bot.voices.abuse_reports import AbuseReports
from bot.voices.owners import Owners
from bot.voices.previews import Previews
from bot.voices.uploads import Uploads
from bot.voices.work_slots import WorkSlots
from engine.base.clock import Clock
from engine.base.settings import Settings
from engine.queue import FrontEndQueue
from engine.voices.registry import VoiceRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    client: discord.Client
    settings: Settings
    door: InFlightTracker
    speech: FrontEndQueue
    registry: VoiceRegistry
    guild_voices: GuildVoices
    status_updater: StatusUpdater
    saying: Submission
    uploads: Uploads
    previews: Previews
    exports: WorkSlots
    sent_files: EphemeralFiles
    erasure_news: RedactionNotifier
    reports: AbuseReports
    owners: Owners
    reply: Reply
    clock: Clock
