"""Keeps the status messages true: one message a job, one budget of edits a channel.

Knows: which messages no longer show how things stand, what an error means for a message. Does not
know: what a message says (`render` does), how it is reached (`reach`), what happened (it reads the
queue).

The queue tells that something changed; the board reads the job anew when its edit is due, so the
latest state wins, and an outcome goes out before anything else.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot.delivery import Delivery
from bot.discord_io.rest import InteractionApi
from bot.messages.access import GONE, MISSING_ACCESS, TOKEN_DEAD, MessageAccess
from bot.messages.channel_locks import ChannelLocks, pause
from bot.messages.rate_limit import PLACE_SECONDS, SPEAKING_SECONDS, PendingEdit, Urgency, choose
from bot.messages.render import StatusMessage
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.errors import UnknownJob
from engine.model.jobs import EndReason, JobState, JobView
from engine.queue import FrontEndQueue

log = structlog.get_logger(__name__)

#: A message that will not be edited any more says so this long before its token dies.
FAREWELL_SECONDS: Final = 60
FAREWELL: Final = (
    "I may not see this channel, so this message cannot follow any longer. The job goes on."
)
#: Places in the queue that are kept up to date.
PLACES: Final = 3

#: Archived Thread, Too Many Edits of an old message: may mend by themselves.
WAITS: Final = {50083: 300.0, 30046: 120.0}
#: Seconds after an error that is Discord's own, doubling to the last.
RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)

#: What `Job.shown` says of a message that can no longer be edited.
UNREACHABLE: Final = "unreachable"

Render = Callable[[JobView, str | None], Awaitable[StatusMessage]]


class StatusUpdater:
    """`render(view, note)` gives what the message of a job is to show; `payload` makes it a
    message of Discord's; `note` tells why a lane is not heard just now."""

    def __init__(
        self,
        speech: FrontEndQueue,
        rest: InteractionApi,
        clock: Clock,
        *,
        render: Render,
        payload: Callable[[StatusMessage], Mapping[str, Any]],
        note: Callable[[str], str | None],
        turns: ChannelLocks | None = None,
    ) -> None:
        self._speech = speech
        self._reach = MessageAccess(rest, clock)
        self._clock = clock
        self._render = render
        self._payload = payload
        self._note = note
        self._wishes: defaultdict[int, dict[int, PendingEdit]] = defaultdict(dict)
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._news: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._turns = turns or ChannelLocks()
        self._shown: dict[int, str] = {}  # what each live job's message shows
        self._edited_at: dict[int, float] = {}
        self._failures: dict[int, int] = {}
        self._farewells: dict[int, asyncio.Task[None]] = {}  # one a live job, done or not
        self._gone: set[int] = set()

    async def run(self) -> None:
        """Follow the queue until cancelled."""
        changes = self._speech.subscribe()
        for job in await self._speech.unshown():
            await self.wish(job.id)
        for lane in await self._speech.lanes():
            await self.look(lane.id)  # their messages show how things stood when we ended
        async for change in changes:
            if change.job_id is not None:
                await self.wish(change.job_id)
            await self.look(change.lane)

    async def look(self, lane: str) -> None:
        """Something about a lane changed: its first jobs may show something else now."""
        for view in (await self._speech.queue(lane))[: PLACES + 1]:
            self._wish(view)

    async def wish(self, job_id: int) -> None:
        """The message of this job may show something else now."""
        try:
            self._wish(await self._speech.view(job_id))
        except UnknownJob:
            self._forget(job_id)

    def published(self, job_id: int, rendered: StatusMessage) -> None:
        """The message was sent, and shows this."""
        self._shown[job_id] = rendered.key
        self._edited_at[job_id] = self._clock.monotonic()

    async def flush(self) -> None:
        """Make the edits that wait, as far as the budget goes: for the end of the process."""
        for worker in list(self._workers.values()):
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)
        wishes = [(at, wish) for at, each in self._wishes.items() for wish in each.values()]
        urgent = sorted(wishes, key=lambda pair: pair[1].urgency)
        await asyncio.gather(*(self._fulfil_at_once(*pair) for pair in urgent[:8]))

    async def close(self) -> None:
        tasks = [*self._workers.values(), *self._farewells.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Wishes.

    def _wish(self, view: JobView) -> None:
        job = view.job
        if job.id in self._gone or not job.note or job.pending:
            return
        if job.ended_by is EndReason.ABORTED:
            # Discord took no answer of ours. If there is one, it is of another process.
            self._forget(job.id)
            return
        origin = Delivery.from_json(job.note)
        if not job.state.final:
            self._plan_farewell(job.id, origin)
        now = self._clock.monotonic()
        edited_at = self._edited_at.get(job.id, now - PLACE_SECONDS)
        if job.state.final:
            if job.shown == f"{job.state}:{UNREACHABLE}":
                return
            is_shown = (job.shown or "").startswith(job.state)
            wish = PendingEdit(job.id, Urgency.NAME if is_shown else Urgency.OUTCOME, now)
        elif job.state is JobState.SPEAKING:
            wish = PendingEdit(job.id, Urgency.SPEAKING, edited_at + SPEAKING_SECONDS)
        else:
            wish = PendingEdit(job.id, Urgency.PLACE, edited_at + PLACE_SECONDS)
            if view.position <= 1:
                wish.not_before = edited_at + SPEAKING_SECONDS
        waiting = self._wishes[origin.channel_id].get(job.id)
        if waiting is not None and job.id in self._failures:
            wish.not_before = max(wish.not_before, waiting.not_before)
        self._put(origin.channel_id, wish)

    def _put(self, channel_id: int, wish: PendingEdit) -> None:
        self._wishes[channel_id][wish.job_id] = wish
        self._news[channel_id].set()
        if channel_id not in self._workers:
            task = asyncio.create_task(self._work(channel_id), name=f"status-{channel_id}")
            self._workers[channel_id] = task

    async def _work(self, channel_id: int) -> None:
        """Fulfil a channel's wishes, the most urgent that is ripe first, until there is none."""
        wishes, news = self._wishes[channel_id], self._news[channel_id]
        turn = self._turns.of(channel_id)
        while wishes:
            news.clear()
            now = self._clock.monotonic()
            wish, wait = choose(list(wishes.values()), now)
            if wish is None:
                await pause(self._clock, wait, news)
                continue
            try:
                async with turn.alone:
                    wait = turn.budget.wait(self._clock.monotonic())
                    if wait == 0 and await self._fulfil(wish):
                        turn.budget.spend(self._clock.monotonic())
            except Exception:
                # The edge of this channel's messages: one that fails must not stop the others.
                log.exception("a status message failed", job=wish.job_id)
                wishes.pop(wish.job_id, None)
            if wait > 0:
                await pause(self._clock, wait)
        del self._workers[channel_id], self._wishes[channel_id], self._news[channel_id]

    # Edits.

    async def _fulfil_at_once(self, channel_id: int, wish: PendingEdit) -> None:
        async with self._turns.of(channel_id).alone:
            await self._fulfil(wish)

    async def _fulfil(self, wish: PendingEdit) -> bool:
        """Edit one message. Returns whether an edit was spent on it."""
        try:
            view = await self._speech.view(wish.job_id)
        except UnknownJob:
            self._forget(wish.job_id)
            return False
        job, origin = view.job, Delivery.from_json(view.job.note)
        if job.id in self._gone:  # since this was wished for
            self._done(origin.channel_id, wish)
            return False
        rendered = await self._render(view, self._words(view, origin))
        shown = self._shown.get(job.id, job.shown)
        if rendered.key == shown:
            self._done(origin.channel_id, wish)
            return False
        try:
            await self._reach.edit(origin, self._payload(rendered))
        except discord.HTTPException as error:
            if self._reach.learn(error, origin):
                return await self._fulfil(wish)  # by the token, and with what that changes
            await self._failed(view, origin, wish, error)
            return True
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("an edit did not get through", job=job.id, error=describe(error))
            self._retry(origin.channel_id, wish)
            return True
        self._failures.pop(job.id, None)
        self._shown[job.id] = rendered.key
        self._edited_at[job.id] = self._clock.monotonic()
        self._done(origin.channel_id, wish)
        if rendered.final:
            await self._speech.mark_shown(job.id, rendered.key)
            self._forget(job.id)
        return True

    def _words(self, view: JobView, origin: Delivery) -> str | None:
        """What hinders, or that the message is about to stop following."""
        is_followed_by_token = not view.job.state.final and self._reach.is_blind(origin)
        if is_followed_by_token and 0 < self._reach.remaining(origin) <= FAREWELL_SECONDS:
            return FAREWELL
        return self._note(view.job.lane)

    async def _failed(
        self, view: JobView, origin: Delivery, wish: PendingEdit, error: discord.HTTPException
    ) -> None:
        job = view.job
        log.info("an edit was refused", job=job.id, status=error.status, code=error.code)
        if error.code in WAITS:
            self._retry(origin.channel_id, wish, WAITS[error.code])
        elif error.status >= 500 or error.status == 429:
            self._retry(origin.channel_id, wish)
        else:
            if error.code not in GONE | TOKEN_DEAD | {MISSING_ACCESS}:
                log.warning("an edit can never succeed", job=job.id, error=describe(error))
            self._gone.add(job.id)
            self._done(origin.channel_id, wish)
            await self._speech.mark_shown(job.id, f"{job.state}:{UNREACHABLE}")

    def _retry(self, channel_id: int, wish: PendingEdit, seconds: float | None = None) -> None:
        failures = self._failures.get(wish.job_id, 0)
        self._failures[wish.job_id] = failures + 1
        if seconds is None:
            seconds = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
        wish.not_before = self._clock.monotonic() + seconds
        self._wishes[channel_id][wish.job_id] = wish

    def _done(self, channel_id: int, wish: PendingEdit) -> None:
        """Unless something new was wished for meanwhile."""
        if self._wishes[channel_id].get(wish.job_id) is wish:
            del self._wishes[channel_id][wish.job_id]

    def _plan_farewell(self, job_id: int, origin: Delivery) -> None:
        if job_id not in self._farewells and self._reach.remaining(origin) > 0:
            task = asyncio.create_task(self._farewell(job_id, origin), name=f"farewell-{job_id}")
            self._farewells[job_id] = task

    async def _farewell(self, job_id: int, origin: Delivery) -> None:
        """Edit the message once more shortly before its token dies, whether or not it is still
        true: that shows whether it can be edited without the token."""
        await self._clock.sleep(max(0.0, self._reach.remaining(origin) - FAREWELL_SECONDS + 1))
        self._reach.look_again(origin)
        self._shown.pop(job_id, None)
        await self.wish(job_id)

    def _forget(self, job_id: int) -> None:
        for wishes in self._wishes.values():
            wishes.pop(job_id, None)
        self._shown.pop(job_id, None)
        self._edited_at.pop(job_id, None)
        self._failures.pop(job_id, None)
        self._gone.discard(job_id)
        farewell = self._farewells.pop(job_id, None)
        if farewell is not None:
            farewell.cancel()
