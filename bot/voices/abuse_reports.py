"""Reports of voices: kept in the audit log, and told to the server's admins and to the operator.

A bot without privileged intents cannot list the members who manage a server. It tells those that
it knows: the owner, members who have decided about voices there before, and members in its cache,
such as those in voice channels.

If Discord refuses a direct message, nothing is lost: the report is in the audit log, `/voice-admin
list` says that it is open, and the log has a line for the operator. This file does not know
commands, how many reports a member may make (the registry counts), nor what becomes of a voice
(`/voice-admin`, `mynah voices freeze`).
"""

from typing import Final

import discord
import structlog

from bot.discord_io.errors import CALL_FAILED
from bot.discord_io.replies import name_commands, send_direct
from bot.locales.catalog import text
from bot.locales.escape import Markup, escape
from bot.voices.moderation_text import voice_label, who
from engine.base.aio import TaskSet
from engine.base.error_text import describe
from engine.model.ids import parse_id
from engine.model.voices import Requester, Voice
from engine.voices.moderation import MOST_WORDS, Moderation
from engine.voices.permissions import open_to_all

log = structlog.get_logger(__name__)

#: Admins of a server who are told.
MOST_ADMINS: Final = 10


class AbuseReports:
    """`group` is the command below which all others are registered, if there is one."""

    def __init__(
        self, client: discord.Client, moderation: Moderation, *, group: str | None
    ) -> None:
        self._client = client
        self._moderation = moderation
        self._group = group
        self._operator: int | None = None
        self._tasks = TaskSet()

    async def report(
        self, requester: Requester, guild: discord.Guild, voice: Voice, reason: str
    ) -> None:
        """Keep a report; admins and the operator are told in the background. Raises Refused."""
        await self._moderation.report(requester, voice.key, reason)
        self._tasks.start(self._tell(requester, guild, voice, reason), name="report")

    async def close(self) -> None:
        await self._tasks.cancel()

    async def _tell(
        self, requester: Requester, guild: discord.Guild, voice: Voice, reason: str
    ) -> None:
        about = voice_label(voice, named=open_to_all(voice, str(guild.id)))
        report = {
            "member": who(requester.member),
            "voice": about,
            "server": escape(guild.name, 100),
            "reason": escape(reason, MOST_WORDS),
        }
        for admin in await self._admins(guild):
            await self._send(admin, text("report-to-admin", key=Markup(voice.key), **report))
        operator = await self._find_operator()
        if operator is not None:
            words = text("report-to-operator", id=str(guild.id), hash=voice.reference, **report)
            await self._send(operator, words)

    async def _admins(self, guild: discord.Guild) -> list[int]:
        """The admins that the bot knows, the server's owner first."""
        found = [] if guild.owner_id is None else [guild.owner_id]
        found += [each.id for each in guild.members if _manages(each)]
        for actor in await self._moderation.deciders(str(guild.id), limit=MOST_ADMINS):
            admin_id = parse_id(actor)  # None for a member who had their data deleted
            if admin_id is not None and admin_id not in found:
                member = await self._find_member(guild, admin_id)
                if member is not None and _manages(member):
                    found.append(member.id)
        return list(dict.fromkeys(found))[:MOST_ADMINS]

    async def _find_member(self, guild: discord.Guild, user_id: int) -> discord.Member | None:
        """None for a member who has left."""
        try:
            return await guild.fetch_member(user_id)
        except discord.NotFound:
            return None
        except CALL_FAILED as error:
            log.warning("An admin could not be told of a report", error=describe(error))
            return None

    async def _send(self, user_id: int, words: str) -> None:
        if not await send_direct(self._client, user_id, name_commands(words, self._group)):
            log.warning("A report could not be sent; it is in the audit log", user=user_id)

    async def _find_operator(self) -> int | None:
        """The owner of the application, or of the team that owns it."""
        if self._operator is None:
            try:
                application = await self._client.application_info()
            except CALL_FAILED as error:
                log.warning("The operator could not be told of a report", error=describe(error))
                return None
            team = application.team
            owner = team.owner_id if team is not None else None
            self._operator = owner or application.owner.id
        return self._operator


def _manages(member: discord.Member) -> bool:
    return member.guild_permissions.manage_guild and not member.bot
