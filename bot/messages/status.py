"""Status messages: one for each job, kept true to the job's state.

Knows which messages may no longer show their job's state, and what Discord's errors mean for a
message. `editor.py` decides when each one is edited. A message is rendered when its edit is made,
so it shows the state of that moment.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import discord
import structlog

from bot.delivery import Delivery, MessageAccess
from bot.discord_io.errors import (
    MESSAGE_GONE,
    NETWORK_ERRORS,
    TOKEN_EXPIRED,
    ErrorCode,
    is_temporary,
)
from bot.locales.catalog import text
from bot.messages.editor import (
    DONE,
    NOT_NEEDED,
    RETRY,
    EditResult,
    Key,
    MessageEditor,
    PendingEdit,
    Urgency,
)
from bot.messages.payload import Render, message_payload
from bot.messages.render import StatusMessage
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.errors import UnknownJob
from engine.model.jobs import EndReason, JobState, JobView
from engine.queue import FrontEndQueue

log = structlog.get_logger(__name__)

#: Seconds between two edits of the job that is being spoken or comes next.
SPEAKING_SECONDS: Final = 1.5
#: Seconds between two edits of a job further back: places in the queue change with every job.
PLACE_SECONDS: Final = 5.0
#: This many places in the queue are kept up to date.
PLACES: Final = 3

#: A message that cannot be edited any longer says so this long before its token expires.
FAREWELL_SECONDS: Final = 60

#: Seconds until another try: somebody may open the thread, Discord may take old edits again.
RETRY_LATER: Final[Mapping[int, EditResult]] = {
    ErrorCode.ARCHIVED_THREAD: EditResult(retry_after=(300.0,)),
    ErrorCode.OLD_EDIT_LIMIT: EditResult(retry_after=(120.0,), old_limit=True),
}
#: Errors that are expected when a message can no longer be edited.
UNREACHABLE_ERRORS: Final = MESSAGE_GONE | TOKEN_EXPIRED | {ErrorCode.MISSING_ACCESS}

#: What `Job.shown` says of a message that can no longer be edited.
UNREACHABLE: Final = "unreachable"


@dataclass(slots=True, eq=False)
class StatusUpdater:
    _speech: FrontEndQueue
    _access: MessageAccess
    _editor: MessageEditor
    _clock: Clock
    _render: Render
    _note: Callable[[str], str | None]  # why a lane cannot be heard now
    #: By live job: what its message shows, when that was edited (monotonic seconds), and the task
    #: of its farewell, done or not.
    _shown: dict[int, str] = field(init=False, default_factory=dict)
    _edited_at: dict[int, float] = field(init=False, default_factory=dict)
    _farewells: dict[int, asyncio.Task[None]] = field(init=False, default_factory=dict)
    _unreachable: set[int] = field(init=False, default_factory=set)  # jobs

    async def run(self) -> None:
        """Follow the queue until cancelled."""
        changes = self._speech.subscribe()
        for job in await self._speech.unshown():
            await self.update(job.id)
        for lane in await self._speech.lanes():
            await self.update_lane(lane.id)  # their messages show the state when we ended
        async for change in changes:
            if change.job_id is not None:
                await self.update(change.job_id)
            await self.update_lane(change.lane)

    async def update_lane(self, lane: str) -> None:
        """Something about a lane changed: the messages of its first jobs may be out of date."""
        for view in (await self._speech.queue(lane))[: PLACES + 1]:
            self._submit(view)

    async def update(self, job_id: int) -> None:
        """The message of this job may be out of date."""
        try:
            self._submit(await self._speech.view(job_id))
        except UnknownJob:
            self._forget(job_id)

    def published(self, job_id: int, rendered: StatusMessage) -> None:
        """The message was sent, and shows this."""
        self._shown[job_id] = rendered.key
        self._edited_at[job_id] = self._clock.monotonic()

    async def close(self) -> None:
        farewells = list(self._farewells.values())
        for task in farewells:
            task.cancel()
        await asyncio.gather(*farewells, return_exceptions=True)

    # Which edits are due.

    def _submit(self, view: JobView) -> None:
        job = view.job
        if job.id in self._unreachable or not job.note or job.pending:
            return
        if job.ended_by is EndReason.ABORTED:
            # Discord did not take our answer. If there is one, another process gave it.
            self._forget(job.id)
            return
        if job.state.final and job.shown == f"{job.state}:{UNREACHABLE}":
            return
        delivery = Delivery.from_json(job.note)
        if not job.state.final:
            self._plan_farewell(job.id, delivery)
        urgency, not_before = self._due(view)
        self._editor.submit(
            delivery.channel_id,
            PendingEdit(
                key=_key(job.id),
                urgency=urgency,
                not_before=not_before,
                sent_at=delivery.created_at,
                make=partial(self._edit, job.id),
            ),
        )

    def _due(self, view: JobView) -> tuple[Urgency, float]:
        """What an edit of this job's message is worth, and when it is due (monotonic seconds)."""
        job, now = view.job, self._clock.monotonic()
        edited_at = self._edited_at.get(job.id, now - PLACE_SECONDS)
        if job.state.final:
            is_shown = (job.shown or "").startswith(job.state)
            return (Urgency.NAME if is_shown else Urgency.OUTCOME), now
        if job.state is JobState.SPEAKING:
            return Urgency.SPEAKING, edited_at + SPEAKING_SECONDS
        is_next = view.position <= 1
        return Urgency.PLACE, edited_at + (SPEAKING_SECONDS if is_next else PLACE_SECONDS)

    # One edit.

    async def _edit(self, job_id: int) -> EditResult:
        try:
            view = await self._speech.view(job_id)
        except UnknownJob:
            self._forget(job_id)
            return NOT_NEEDED
        if job_id in self._unreachable:  # since the edit was submitted
            return NOT_NEEDED
        delivery = Delivery.from_json(view.job.note)
        rendered = await self._render(view, self._note_for(view, delivery))
        if rendered.key == self._shown.get(job_id, view.job.shown):
            return NOT_NEEDED
        try:
            await self._access.edit(delivery, message_payload(rendered))
        except discord.HTTPException as error:
            if self._access.learn_hidden(error, delivery):
                return await self._edit(job_id)  # with the interaction's token, and its note
            return await self._failed(view, error)
        except NETWORK_ERRORS as error:
            log.info("a status message could not be edited", job=job_id, error=describe(error))
            return RETRY
        self.published(job_id, rendered)
        if rendered.final:
            await self._speech.mark_shown(job_id, rendered.key)
            self._forget(job_id)
        return DONE

    def _note_for(self, view: JobView, delivery: Delivery) -> str | None:
        """Why the job cannot be heard, or that the message is about to stop following it."""
        by_interaction = not view.job.state.final and self._access.is_hidden(delivery)
        if by_interaction and 0 < self._access.token_seconds(delivery) <= FAREWELL_SECONDS:
            return text("status-farewell")
        return self._note(view.job.lane)

    async def _failed(self, view: JobView, error: discord.HTTPException) -> EditResult:
        job = view.job
        log.info(
            "Discord refused to edit a status message",
            job=job.id,
            status=error.status,
            code=error.code,
        )
        if (later := RETRY_LATER.get(error.code)) is not None:
            return later
        if is_temporary(error):
            return RETRY
        if error.code not in UNREACHABLE_ERRORS:
            log.warning(
                "a status message can never be edited again", job=job.id, error=describe(error)
            )
        self._unreachable.add(job.id)
        await self._speech.mark_shown(job.id, f"{job.state}:{UNREACHABLE}")
        return DONE

    # The last edit with an interaction's token.

    def _plan_farewell(self, job_id: int, delivery: Delivery) -> None:
        if job_id not in self._farewells and self._access.token_seconds(delivery) > 0:
            task = asyncio.create_task(self._farewell(job_id, delivery), name=f"farewell-{job_id}")
            self._farewells[job_id] = task

    async def _farewell(self, job_id: int, delivery: Delivery) -> None:
        """Edit the message once more shortly before its token expires, even if it is still true:
        that shows whether it can be edited without the token."""
        seconds = self._access.token_seconds(delivery) - FAREWELL_SECONDS + 1
        await self._clock.sleep(max(0.0, seconds))
        self._access.try_own_token(delivery)
        self._shown.pop(job_id, None)
        await self.update(job_id)

    def _forget(self, job_id: int) -> None:
        self._editor.drop(_key(job_id))
        self._shown.pop(job_id, None)
        self._edited_at.pop(job_id, None)
        self._unreachable.discard(job_id)
        farewell = self._farewells.pop(job_id, None)
        if farewell is not None:
            farewell.cancel()


def _key(job_id: int) -> Key:
    return ("job", job_id)
