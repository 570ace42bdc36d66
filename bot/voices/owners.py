"""What the owners of voices are called, where names are plain text: a completion shows no mention.

Knows: discord.py's cache, how to ask Discord for who is not in it, and what it said lately.
Does not know: voices.

The bot may not list a server's members, so its cache holds little more than who is in voice.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Final

import discord
import structlog

from engine.base.clock import Clock

log = structlog.get_logger(__name__)

#: Names that are kept, and for how many seconds.
MOST_KEPT: Final = 2_000
KEEP_SECONDS: Final = 600.0
#: Members that are asked for in one go. A completion has to come within 3 s.
MOST_ASKED: Final = 5
ASK_SECONDS: Final = 0.8

#: For who is unknown, or has left.
NOBODY_KNOWN: Final = "another member"


class Owners:
    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._kept: OrderedDict[tuple[int, int], tuple[float, str]] = OrderedDict()

    async def names(self, guild: discord.Guild | None, ids: Collection[str]) -> Mapping[str, str]:
        """A name for each id; of those that nobody knows yet, a few are asked for."""
        found = {each: self._known(guild, int(each)) for each in ids}
        unknown = [each for each, name in found.items() if name is None][:MOST_ASKED]
        if unknown:
            tasks = [asyncio.create_task(self._ask(guild, int(each))) for each in unknown]
            _, late = await asyncio.wait(tasks, timeout=ASK_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            found |= {each: self._known(guild, int(each)) for each in unknown}
        return {each: name or NOBODY_KNOWN for each, name in found.items()}

    def _known(self, guild: discord.Guild | None, user_id: int) -> str | None:
        member = guild.get_member(user_id) if guild is not None else None
        if member is not None:
            return member.display_name
        at, name = self._kept.get(_key(guild, user_id), (0.0, None))
        return name if self._clock.monotonic() < at + KEEP_SECONDS else None

    async def _ask(self, guild: discord.Guild | None, user_id: int) -> None:
        name = NOBODY_KNOWN
        try:
            if guild is not None:
                name = (await guild.fetch_member(user_id)).display_name
            else:
                name = (await self._client.fetch_user(user_id)).display_name
        except discord.HTTPException as error:
            log.debug("the owner of a voice is unknown", status=error.status)
            if error.status >= 500:
                return  # Discord's own trouble: asked again
        key = _key(guild, user_id)
        self._kept[key] = (self._clock.monotonic(), name)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _key(guild: discord.Guild | None, user_id: int) -> tuple[int, int]:
    return (guild.id if guild is not None else 0, user_id)
