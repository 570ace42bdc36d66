"""What members, roles and channels are called, where a name is plain text and not a mention.

This file reads discord.py's cache, asks Discord for a few members that are not in it, and keeps
the answers for a while. Without privileged intents the cache holds little more than the members who
are in voice channels.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord
import structlog

from bot.locales.catalog import label
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.ids import parse_id

log = structlog.get_logger(__name__)

#: Members that one text or one completion asks Discord for, and for how many seconds. Discord wants
#: both within 3 s.
MOST_ASKED: Final = 5
ASK_SECONDS: Final = 0.8
#: Names that are kept, and for how many seconds.
MOST_KEPT: Final = 2_000
KEEP_SECONDS: Final = 600.0

_MEMBER: Final = re.compile(r"<@!?([0-9]{15,20})>")


@dataclass(frozen=True, slots=True)
class GuildNames:
    """Names in a server; None for what is unknown. `bot.markup.Names`."""

    guild: discord.Guild
    asked: Mapping[int, str | None]

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
    """The names for `text`. Discord is asked for a few members that are not in the cache."""
    mentioned = map(parse_id, _MEMBER.findall(text))
    ids = dict.fromkeys(each for each in mentioned if each is not None)
    unknown = [each for each in ids if guild.get_member(each) is None]
    return GuildNames(guild, await _ask(guild, unknown))


class MemberNames:
    """Names of members for completions, which show no mention. Discord's answers are kept for
    `KEEP_SECONDS`; "" stands for a member who is unknown or has left."""

    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: OrderedDict[tuple[int, int], tuple[float, str]] = OrderedDict()

    async def names(self, guild: discord.Guild | None, ids: Collection[str]) -> Mapping[str, str]:
        """A name for each id. Discord is asked for a few that are unknown."""
        found = {each: self._known(guild, int(each)) for each in ids}
        unknown = [int(each) for each, name in found.items() if name is None][:MOST_ASKED]
        for member_id, name in (await _ask(guild or self._client, unknown)).items():
            self._keep(guild, member_id, name or "")
            found[str(member_id)] = name
        return {each: name or label("unknown-member") for each, name in found.items()}

    def _known(self, guild: discord.Guild | None, user_id: int) -> str | None:
        member = guild.get_member(user_id) if guild is not None else None
        if member is not None:
            return member.display_name
        at, name = self._kept.get(_key(guild, user_id), (0.0, None))
        return name if self._clock.monotonic() < at + KEEP_SECONDS else None

    def _keep(self, guild: discord.Guild | None, user_id: int, name: str) -> None:
        key = _key(guild, user_id)
        self._kept[key] = (self._clock.monotonic(), name)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _key(guild: discord.Guild | None, user_id: int) -> tuple[int, int]:
    return (guild.id if guild is not None else 0, user_id)


async def _ask(source: discord.Guild | discord.Client, ids: Sequence[int]) -> dict[int, str | None]:
    """The names that Discord tells in time, of a few of these; None for those it does not know."""
    found: dict[int, str | None] = {}

    async def ask(user_id: int) -> None:
        try:
            if isinstance(source, discord.Guild):
                found[user_id] = (await source.fetch_member(user_id)).display_name
            else:
                found[user_id] = (await source.fetch_user(user_id)).display_name
        except discord.HTTPException as error:
            log.debug("a member is unknown", status=error.status)
            if error.status < 500:  # otherwise it is Discord's own trouble: ask again next time
                found[user_id] = None
        except (aiohttp.ClientError, OSError) as error:
            log.debug("Discord could not be asked for a member", error=describe(error))

    tasks = [asyncio.create_task(ask(each)) for each in ids[:MOST_ASKED]]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=ASK_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    return found
