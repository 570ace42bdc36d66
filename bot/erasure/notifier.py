"""Tells a member how the blanking of their messages goes: in the answer to `/mydata delete`, and
where its token dies first, or the bot was restarted since, by a direct message at the end.

Knows: when something is worth telling, and by which way. Does not know: how a message is blanked
(`blanking`), the words (`account`).
"""

import asyncio
from typing import Final

import aiohttp
import discord
import structlog

from bot.discord_io.dm import send_direct
from bot.discord_io.rest import (
    MESSAGE_FLAG_SUPPRESS_EMBEDS,
    TOKEN_SECONDS,
    InteractionApi,
    InteractionToken,
)
from bot.erasure.progress import RedactionProgress, progress, report
from bot.erasure.redactions import Redactions
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Between two edits of an answer.
TELL_SECONDS: Final = 2.5
#: The last edit by a token is made a little before it dies.
ANSWER_SECONDS: Final = TOKEN_SECONDS - 15


class RedactionNotifier:
    def __init__(
        self, eraser: Redactions, rest: InteractionApi, client: discord.Client, clock: Clock
    ) -> None:
        self._eraser = eraser
        self._rest = rest
        self._client = client
        self._clock = clock
        self._telling: dict[str, asyncio.Task[None]] = {}  # by member

    async def resume(self) -> None:
        """After a start: what is not blanked yet is, and its members are told when it is."""
        for member in await self._eraser.resume():
            self._start(member, None, 0.0)

    async def follow(self, member: str, ticket: InteractionToken, since: float) -> None:
        """Blank the messages of `member`, and tell of it in the answer that `ticket`, of an
        interaction of the second `since`, has had."""
        before = self._telling.pop(member, None)
        if before is not None:  # an earlier answer, or none: the newest is where they look
            before.cancel()
        await self._eraser.begin(member)
        self._start(member, ticket, since + ANSWER_SECONDS)

    async def close(self) -> None:
        telling = list(self._telling.values())
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)
        await self._eraser.close()

    def _start(self, member: str, ticket: InteractionToken | None, until: float) -> None:
        task = asyncio.create_task(self._tell(member, ticket, until), name=f"erasing-{member}")
        self._telling[member] = task
        task.add_done_callback(lambda done: self._ended(member, done))

    def _ended(self, member: str, task: asyncio.Task[None]) -> None:
        if self._telling.get(member) is task:
            del self._telling[member]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a member could not be told of their messages", exc_info=error)

    async def _tell(self, member: str, ticket: InteractionToken | None, until: float) -> None:
        while not (account := self._eraser.account(member)).over:
            if ticket is not None and self._clock.time() < until:
                await self._edit(ticket, progress(account))
            await self._eraser.news(member)
            await self._clock.sleep(TELL_SECONDS)
        if await self._tell_at_last(member, ticket, until, account):
            await self._eraser.told(member)

    async def _tell_at_last(
        self, member: str, ticket: InteractionToken | None, until: float, account: RedactionProgress
    ) -> bool:
        """Whether it arrived."""
        words = report(account)
        if ticket is not None and self._clock.time() < until and await self._edit(ticket, words):
            return True
        return await send_direct(self._client, int(member), words)

    async def _edit(self, ticket: InteractionToken, words: str) -> bool:
        try:
            await self._rest.edit_original(
                ticket,
                {
                    "content": words,
                    "components": [],
                    "flags": MESSAGE_FLAG_SUPPRESS_EMBEDS,
                    "allowed_mentions": {"parse": []},
                },
            )
        except discord.HTTPException as error:
            log.info("an answer could not be edited", status=error.status, code=error.code)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.info("an answer could not be edited", error=describe(error))
        else:
            return True
        return False
