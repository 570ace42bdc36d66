"""Blanks the messages on Discord that show what a member had deleted.

Knows: the rows that are kept of them until each is blanked, Discord's limits on edits. Does not
know: how one is blanked (`blanking`), what was deleted (`engine/voices`), who is told of it
(`news`).

The rows stand in the database until then, so that a bot that was killed goes on when it is back.
Each message is edited in its channel's turn (`status/turns`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import aiohttp
import discord
import structlog

from bot.delivery import FRONTEND, Delivery
from bot.discord_io.ephemeral_files import EphemeralFiles
from bot.discord_io.rest import InteractionApi
from bot.erasure.progress import OutOfReach, RedactionProgress
from bot.erasure.redactor import MessageRedactor, RedactionResult
from bot.messages.channel_locks import ChannelLocks, pause
from bot.messages.rate_limit import RateLimiter
from bot.messages.status import RETRY_SECONDS
from engine.base.clock import Clock
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Messages older than an hour: about three edits in 20 s a channel, as bots that edit many have
#: measured (Discord does not say). Where it refuses all the same, the channel rests.
OLD_SECONDS: Final = 3600.0
OLD_EDITS: Final = 3
OLD_WINDOW_SECONDS: Final = 21.0
OLD_REST_SECONDS: Final = 60.0
#: An archived thread may be opened tomorrow, or never.
ARCHIVED_SECONDS: Final = (300.0, 900.0, 3600.0)


class Erasure(Protocol):
    """A message that still shows what a member had deleted, as it is kept until it is blanked."""

    @property
    def id(self) -> int: ...
    @property
    def member(self) -> str: ...
    @property
    def note(self) -> Mapping[str, Any]: ...


class Erasures(Protocol):
    """Where they are kept: the library."""

    async def erasures(self, member: str | None, *, frontend: str) -> Sequence[Erasure]: ...
    async def erasure_done(self, redaction_id: int) -> None: ...
    async def erasure_failed(self, redaction_id: int, why: str) -> None: ...


@dataclass(slots=True)
class _Page:
    """A message that is to be blanked."""

    row: Erasure
    origin: Delivery
    not_before: float = 0.0  # the clock's monotonic seconds
    failures: int = 0
    archived: bool = False


@dataclass(slots=True)
class _Tally:
    """What became of the messages of one member."""

    blanked: int = 0
    gone: int = 0
    files: int = 0
    pages: dict[int, _Page] = field(default_factory=dict)  # by row, those that wait
    out: dict[int, OutOfReach] = field(default_factory=dict)  # by row
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Redactions:
    """`resume` once, at the start; `begin` when a member has had their data deleted."""

    def __init__(
        self,
        erasures: Erasures,
        blanker: MessageRedactor,
        rest: InteractionApi,
        turns: ChannelLocks,
        sent_files: EphemeralFiles,
        clock: Clock,
    ) -> None:
        self._erasures = erasures
        self._blanker = blanker
        self._rest = rest
        self._turns = turns
        self._sent_files = sent_files
        self._clock = clock
        self._tallies: dict[str, _Tally] = {}  # by member
        self._pages: defaultdict[int, dict[int, _Page]] = defaultdict(dict)  # by channel, row
        self._old: defaultdict[int, RateLimiter] = defaultdict(
            lambda: RateLimiter(OLD_EDITS, OLD_WINDOW_SECONDS)
        )
        self._workers: dict[int, asyncio.Task[None]] = {}  # by channel
        self._more: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)  # by channel

    async def resume(self) -> list[str]:
        """Go on with what an earlier process left. Returns whose messages these are."""
        rows = await self._erasures.erasures(None, frontend=FRONTEND)
        self._take(rows)
        return list(dict.fromkeys(row.member for row in rows))

    async def begin(self, member: str) -> None:
        """Blank the member's messages from now on, those out of reach once more; take back the
        private files."""
        self._take(await self._erasures.erasures(member, frontend=FRONTEND))
        tally = self._tally(member)
        for file in self._sent_files.take(member):
            try:
                await self._rest.delete_by_token(file.ticket, file.message_id)
                tally.files += 1
            except discord.HTTPException as error:
                log.info("a private file was out of reach", code=error.code)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                log.info("a private file was out of reach", error=describe(error))

    def account(self, member: str) -> RedactionProgress:
        tally = self._tally(member)
        return RedactionProgress(
            blanked=tally.blanked,
            gone=tally.gone,
            waiting=len(tally.pages),
            archived=sum(page.archived for page in tally.pages.values()),
            files=tally.files,
            out=tuple(tally.out.values()),
        )

    async def news(self, member: str) -> None:
        """Until something has changed in the member's account."""
        event = self._tally(member).news
        await event.wait()
        event.clear()

    async def told(self, member: str) -> None:
        """The member knows what is out of reach: nothing more is kept of it."""
        tally = self._tally(member)
        for row_id in list(tally.out):
            await self._erasures.erasure_done(row_id)
            del tally.out[row_id]
        if not tally.pages:
            del self._tallies[member]

    async def close(self) -> None:
        """What is not blanked by now is blanked after the next start."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    # Which messages, where.

    def _tally(self, member: str) -> _Tally:
        return self._tallies.setdefault(member, _Tally())

    def _take(self, rows: Sequence[Erasure]) -> None:
        for row in rows:
            tally = self._tally(row.member)
            if row.id in tally.pages:
                continue
            page = _Page(row, Delivery.from_json(row.note))
            tally.out.pop(row.id, None)
            tally.pages[row.id] = page
            channel_id = page.origin.channel_id
            self._pages[channel_id][row.id] = page
            self._more[channel_id].set()
            if channel_id not in self._workers:
                work = self._work(channel_id)
                self._workers[channel_id] = asyncio.create_task(work, name=f"blank-{channel_id}")

    async def _work(self, channel_id: int) -> None:
        """Blank the messages of a channel, one after the other, until there is none."""
        pages, more = self._pages[channel_id], self._more[channel_id]
        turn = self._turns.of(channel_id)
        while pages:
            more.clear()
            page = min(pages.values(), key=lambda each: (each.not_before, each.row.id))
            wait = page.not_before - self._clock.monotonic()
            if wait <= 0:
                try:
                    async with turn.alone:
                        wait = self._wait(page)
                        if wait <= 0:
                            self._spend(page)
                            await self._blank(page)
                except Exception:
                    # The edge of this channel's messages: one that fails must not stop the others.
                    log.exception("a message could not be blanked", erasure=page.row.id)
                    self._delay(page, RETRY_SECONDS)
            if wait > 0:
                await pause(self._clock, wait, more)
        del self._workers[channel_id], self._pages[channel_id], self._more[channel_id]

    def _wait(self, page: _Page) -> float:
        """Seconds until Discord's limits let this message be edited. One edit is left to the
        board, so that who listens there sees on."""
        now = self._clock.monotonic()
        wait = self._turns.of(page.origin.channel_id).budget.wait(now, leaving=1)
        if self._is_old(page):
            wait = max(wait, self._old[page.origin.channel_id].wait(now))
        return wait

    def _spend(self, page: _Page) -> None:
        now = self._clock.monotonic()
        self._turns.of(page.origin.channel_id).budget.spend(now)
        if self._is_old(page):
            self._old[page.origin.channel_id].spend(now)

    def _is_old(self, page: _Page) -> bool:
        return self._clock.time() - page.origin.created_at > OLD_SECONDS

    # One message.

    async def _blank(self, page: _Page) -> None:
        outcome = await self._blanker.blank(page.origin)
        tally = self._tally(page.row.member)
        match outcome.fate:
            case RedactionResult.BLANKED:
                await self._settle(page)
                tally.blanked += 1
            case RedactionResult.GONE:
                await self._settle(page)
                tally.gone += 1
            case RedactionResult.NEVER:
                await self._settle(page)
            case RedactionResult.AGAIN:
                self._delay(page, RETRY_SECONDS)
            case RedactionResult.RESTS:
                for each in self._pages[page.origin.channel_id].values():
                    if self._is_old(each):
                        each.not_before = self._clock.monotonic() + OLD_REST_SECONDS
            case RedactionResult.ARCHIVED:
                page.archived = True
                self._delay(page, ARCHIVED_SECONDS)
                tally.news.set()
            case RedactionResult.OUT:
                await self._erasures.erasure_failed(page.row.id, outcome.why)
                link = self._blanker.link(page.origin)
                tally.out[page.row.id] = OutOfReach(link, outcome.why)
                self._drop(page)

    async def _settle(self, page: _Page) -> None:
        """Nothing is left to do for this message."""
        await self._erasures.erasure_done(page.row.id)
        self._drop(page)

    def _drop(self, page: _Page) -> None:
        tally = self._tally(page.row.member)
        tally.pages.pop(page.row.id, None)
        self._pages[page.origin.channel_id].pop(page.row.id, None)
        tally.news.set()

    def _delay(self, page: _Page, seconds: Sequence[float]) -> None:
        """Try it again later; the more often it was tried, the later."""
        wait = seconds[min(page.failures, len(seconds) - 1)]
        page.failures += 1
        page.not_before = self._clock.monotonic() + wait
