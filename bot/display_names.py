"""The names that a text mentions: members, roles, channels of a server.

Knows: discord.py's cache, and how to ask Discord for members that are not in it.
Does not know: markup beyond a member's mention.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

import discord
import structlog

from engine.model.ids import parse_id

log = structlog.get_logger(__name__)

#: Members that are asked for, of those that a text mentions. A command answers within 3 s.
MOST_ASKED: Final = 5
ASK_SECONDS: Final = 0.8

_MEMBER: Final = re.compile(r"<@!?([0-9]{15,20})>")


@dataclass(frozen=True, slots=True)
class GuildNames:
    """Names in a server; None for what is unknown. `bot.markup.Names`."""

    guild: discord.Guild
    asked: dict[int, str]

    def member(self, member_id: int) -> str | None:
        member = self.guild.get_member(member_id)
        return member.display_name if member is not None else self.asked.get(member_id)

    def role(self, role_id: int) -> str | None:
        role = self.guild.get_role(role_id)
        return role.name if role is not None else None

    def channel(self, channel_id: int) -> str | None:
        channel = self.guild.get_channel_or_thread(channel_id)
        return channel.name if channel is not None else None


async def names_in(text: str, guild: discord.Guild) -> GuildNames:
    """The names for `text`; members out of the cache are asked for, a few and not for long."""
    mentioned = map(parse_id, _MEMBER.findall(text))
    ids = dict.fromkeys(each for each in mentioned if each is not None)
    unknown = [each for each in ids if guild.get_member(each) is None][:MOST_ASKED]
    asked: dict[int, str] = {}
    if unknown:
        tasks = [asyncio.create_task(_ask(guild, member_id, asked)) for member_id in unknown]
        _, late = await asyncio.wait(tasks, timeout=ASK_SECONDS)
        for task in late:
            task.cancel()
    return GuildNames(guild, asked)


async def _ask(guild: discord.Guild, member_id: int, asked: dict[int, str]) -> None:
    try:
        asked[member_id] = (await guild.fetch_member(member_id)).display_name
    except discord.HTTPException as error:
        log.debug("a mentioned member is unknown", status=error.status)
