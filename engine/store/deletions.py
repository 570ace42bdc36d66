"""Every statement that deletes permanently: pending deletions and redactions, a member's rows, and
their counts. Does not know: how files and messages are deleted.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.model.jobs import JobState
from engine.model.voices import Action
from engine.store.audio import AudioIndex
from engine.store.repository import Repository, columns
from engine.store.tables import (
    audit,
    choices,
    chunks,
    deliveries,
    freezes,
    jobs,
    pending_deletions,
    pending_redactions,
    voice_members,
    voices,
)

#: Replaces a member who had their data deleted.
NOBODY: Final = "-"


class DeletionKind(StrEnum):
    """What to delete from the disk."""

    AUDIO = "audio"  # a stream of the cache, by its key
    REFERENCE = "reference"  # a recording, by its content hash
    EMBEDDING = "state"  # what engines derived from a recording
    PAGES = "pages"  # remains of deleted rows in the SQLite file


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRedaction:
    """A message of a front end that still shows data which a member had deleted."""

    id: int
    frontend: str
    member: str
    note: Mapping[str, Any]  # the front end's own data on where the message is
    failure: str | None  # why it cannot be reached; None: not tried to the end


class Deletions(Repository):
    """Pending deletions and redactions; each row stays until the deletion is done."""

    # ---- files

    def put(self, kind: DeletionKind, keys: Iterable[str]) -> None:
        rows = [{"kind": kind, "key": key} for key in sorted(set(keys))]
        if rows:
            self._execute(insert(pending_deletions).on_conflict_do_nothing(), rows)

    def drop(self, kind: DeletionKind, keys: Iterable[str]) -> None:
        gone = delete(pending_deletions).where(pending_deletions.c.kind == kind)
        self._in_batches(keys, lambda some: gone.where(pending_deletions.c.key.in_(some)))

    def all(self) -> dict[DeletionKind, list[str]]:
        found: dict[DeletionKind, list[str]] = {kind: [] for kind in DeletionKind}
        kind, key = pending_deletions.c.kind, pending_deletions.c.key
        for row in self._execute(select(kind, key).order_by(kind, key)):
            found[DeletionKind(row.kind)].append(row.key)
        return found

    def delete_audio(self, keys: Collection[str]) -> None:
        """Delete these rows of the cache, and mark their files for deletion."""
        AudioIndex(self._connection).drop(keys)
        self.put(DeletionKind.AUDIO, keys)

    # ---- messages

    def redactions(
        self, *, frontend: str | None = None, member: str | None = None
    ) -> list[PendingRedaction]:
        """Those of a front end and of a member, or (None) of any; oldest first."""
        query = select(*columns(pending_redactions, PendingRedaction))
        if frontend is not None:
            query = query.where(pending_redactions.c.frontend == frontend)
        if member is not None:
            query = query.where(pending_redactions.c.member == member)
        return self._values(query.order_by(pending_redactions.c.id), PendingRedaction)

    def redaction_done(self, redaction_id: int) -> bool:
        """Delete the row. Returns whether it was its member's last."""
        gone = self._execute(
            delete(pending_redactions)
            .where(pending_redactions.c.id == redaction_id)
            .returning(pending_redactions.c.member)
        ).scalar_one_or_none()
        return gone is not None and not self.redactions(member=gone)

    def redaction_failed(self, redaction_id: int, failure: str) -> None:
        self._execute(
            update(pending_redactions)
            .where(pending_redactions.c.id == redaction_id)
            .values(failure=failure)
        )

    # ---- a member's rows

    def count_kept(self, member: str) -> dict[str, int]:
        """Counts: `texts`, of which `waiting` are not over; `choices`; `lists` of other members'
        voices that name the member; `messages` that an earlier erasure has not redacted yet."""
        theirs = jobs.c.requester == member
        live = jobs.c.state.in_([JobState.QUEUED, JobState.SPEAKING])

        def count(table: Table, *where: ColumnElement[bool]) -> int:
            found = self._execute(select(func.count()).select_from(table).where(*where))
            return int(found.scalar_one())

        return {
            "texts": count(jobs, theirs),
            "waiting": count(jobs, theirs, live),
            "choices": count(choices, choices.c.member == member),
            "lists": count(voice_members, voice_members.c.member == member),
            "messages": count(pending_redactions, pending_redactions.c.member == member),
        }

    def erase_jobs(self, member: str, *, wanted: Collection[str]) -> None:
        """Delete a member's jobs, with their texts and all audio that was or may have been made
        of them, except audio that others' jobs need (`wanted`). Their messages become pending
        redactions."""
        theirs = select(jobs.c.id).where(jobs.c.requester == member)
        notes = self._execute(
            select(deliveries.c.frontend, deliveries.c.note)
            .where(deliveries.c.job_id.in_(theirs))
            .order_by(deliveries.c.job_id)
        )
        rows = [
            {"frontend": row.frontend, "member": member, "note": row.note}
            for row in notes
            if row.note
        ]
        if rows:
            self._execute(insert(pending_redactions), rows)
        claimed = select(chunks.c.audio).where(chunks.c.job_id.in_(theirs))
        made = set(self._scalars(claimed.where(chunks.c.audio.is_not(None))))
        self._execute(delete(jobs).where(jobs.c.requester == member))
        # If a job ended while its audio was being made, no chunk may refer to that audio.
        unclaimed = AudioIndex(self._connection).unclaimed()
        self.delete_audio((made | unclaimed) - set(wanted))
        self._execute(update(jobs).where(jobs.c.ended_actor == member).values(ended_actor=None))

    def erase_traces(self, member: str) -> None:
        """Delete a member's choices, entries on lists, name in the audit log, and the log's details
        on their voices. Call it before the voices are deleted.

        Freezes of their recordings stay, without the owner, and so do admins' blocks: otherwise an
        erasure would lift them.
        """
        theirs = select(voices.c.id).where(voices.c.owner == member)
        blocking = audit.c.action.in_([Action.BAR, Action.UNBAR])
        for statement in (
            update(audit).where(audit.c.voice_id.in_(theirs)).values(detail=""),
            update(audit).where(audit.c.actor == member).values(actor=NOBODY, detail=""),
            update(audit).where(blocking, audit.c.detail == member).values(detail=NOBODY),
            update(freezes).where(freezes.c.owner == member).values(owner=NOBODY),
            delete(choices).where(choices.c.member == member),
            delete(voice_members).where(voice_members.c.member == member),
        ):
            self._execute(statement)
