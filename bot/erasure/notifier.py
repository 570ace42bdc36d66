"""Tells a member how far the redaction of their messages is: in the answer to `/mydata delete`. If
that answer's token expires first, or the bot was restarted meanwhile, by a direct message at the
end.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import discord
import structlog

from bot.discord_io.errors import CALL_FAILED
from bot.discord_io.replies import send_direct
from bot.discord_io.rest import QUIET, TOKEN_SECONDS, InteractionApi, InteractionToken
from bot.erasure.redactions import Redactions
from bot.erasure.texts import RedactionProgress, render_progress, render_report
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Seconds between two edits of an answer.
UPDATE_SECONDS: Final = 2.5
#: The last edit of an answer is made a little before its token expires.
ANSWER_SECONDS: Final = TOKEN_SECONDS - 15


@dataclass(frozen=True, slots=True)
class RedactionNotifier:
    _redactions: Redactions
    _api: InteractionApi
    _client: discord.Client
    _clock: Clock
    _tasks: dict[str, asyncio.Task[None]] = field(init=False, default_factory=dict)  # by member

    async def resume(self) -> None:
        """After a start: redact the messages that are left, and tell their members at the end."""
        for member in await self._redactions.resume():
            self._start(member, None, 0.0)

    async def follow(self, member: str, token: InteractionToken, since: float) -> None:
        """Redact the messages of `member`, and edit the answer of `token` meanwhile. `since`: when
        the interaction was made, in seconds since the epoch."""
        before = self._tasks.pop(member, None)
        if before is not None:  # it edits an earlier answer; the member looks at the newest
            before.cancel()
        await self._redactions.begin(member)
        self._start(member, token, since + ANSWER_SECONDS)

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, member: str, token: InteractionToken | None, until: float) -> None:
        task = asyncio.create_task(self._notify(member, token, until), name=f"redacting-{member}")
        self._tasks[member] = task
        task.add_done_callback(lambda done: self._ended(member, done))

    def _ended(self, member: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(member) is task:
            del self._tasks[member]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a member could not be told about their redactions", exc_info=error)

    async def _notify(self, member: str, token: InteractionToken | None, until: float) -> None:
        while not (progress := self._redactions.progress(member)).over:
            if token is not None and self._clock.time() < until:
                await self._edit(token, render_progress(progress))
            await self._redactions.changed(member)
            await self._clock.sleep(UPDATE_SECONDS)
        if await self._report(member, token, until, progress):
            await self._redactions.reported(member)

    async def _report(
        self, member: str, token: InteractionToken | None, until: float, progress: RedactionProgress
    ) -> bool:
        """Tell the member the result. Returns whether that arrived."""
        text = render_report(progress)
        if token is not None and self._clock.time() < until and await self._edit(token, text):
            return True
        return await send_direct(self._client, int(member), text)

    async def _edit(self, token: InteractionToken, text: str) -> bool:
        try:
            await self._api.edit_original(token, {"content": text, "components": [], **QUIET})
        except CALL_FAILED as error:
            log.info("an answer could not be edited", error=describe(error))
        else:
            return True
        return False
