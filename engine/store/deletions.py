"""Every statement by which something goes permanently: pending deletions and redactions, a member's
rows, and how much there is of them.

Knows: rows; which of them are a member's. Does not know: files, messages, when they are gone.
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
from engine.store.repository import Repository, batches, columns
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

#: Who did it, where a member had their data deleted.
NOBODY: Final = "-"


class DeletionKind(StrEnum):
    """What to delete from the disk."""

    AUDIO = "audio"  # a stream of the cache, by its key
    REFERENCE = "reference"  # a recording, by its content hash
    STATE = "state"  # what engines derived from one
    PAGES = "pages"  # what SQLite leaves of deleted rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRedaction:
    """A message of a front end that still shows what a member had deleted."""

    id: int
    frontend: str
    member: str
    note: Mapping[str, Any]  # the front end's own, on where the message stands
    failure: str | None  # why it is out of reach; None: not tried to the end


class Deletions(Repository):
    """What has to go, until it is gone."""

    # ---- files

    def put(self, kind: DeletionKind, keys: Iterable[str]) -> None:
        rows = [{"kind": kind, "key": key} for key in sorted(set(keys))]
        if rows:
            self._connection.execute(insert(pending_deletions).on_conflict_do_nothing(), rows)

    def drop(self, kind: DeletionKind, keys: Iterable[str]) -> None:
        for some in batches(list(keys)):
            self._connection.execute(
                delete(pending_deletions).where(
                    pending_deletions.c.kind == kind, pending_deletions.c.key.in_(some)
                )
            )

    def all(self) -> dict[DeletionKind, list[str]]:
        found: dict[DeletionKind, list[str]] = {kind: [] for kind in DeletionKind}
        rows = self._connection.execute(
            select(pending_deletions).order_by(pending_deletions.c.kind, pending_deletions.c.key)
        )
        for row in rows:
            found[DeletionKind(row.kind)].append(row.key)
        return found

    def delete_audio(self, keys: Collection[str]) -> None:
        """Forget these pieces of the cache; their files have to go."""
        AudioIndex(self._connection).drop(keys)
        self.put(DeletionKind.AUDIO, keys)

    # ---- messages

    def redactions(
        self, *, frontend: str | None = None, member: str | None = None
    ) -> list[PendingRedaction]:
        """Those of a front end, of a member, or (None) of any; oldest first."""
        query = select(*columns(pending_redactions, PendingRedaction))
        if frontend is not None:
            query = query.where(pending_redactions.c.frontend == frontend)
        if member is not None:
            query = query.where(pending_redactions.c.member == member)
        rows = self._connection.execute(query.order_by(pending_redactions.c.id))
        return [PendingRedaction(**row) for row in rows.mappings()]

    def redaction_done(self, redaction_id: int) -> bool:
        """Whether it was its member's last."""
        gone = self._connection.execute(
            delete(pending_redactions)
            .where(pending_redactions.c.id == redaction_id)
            .returning(pending_redactions.c.member)
        ).scalar_one_or_none()
        return gone is not None and not self.redactions(member=gone)

    def redaction_failed(self, redaction_id: int, failure: str) -> None:
        self._connection.execute(
            update(pending_redactions)
            .where(pending_redactions.c.id == redaction_id)
            .values(failure=failure)
        )

    # ---- a member's rows

    def count_kept(self, member: str) -> dict[str, int]:
        """`texts`, of which `waiting` are not over; `choices`; `lists` of others that they are on;
        `messages` that are still to be redacted from an earlier time."""
        theirs = jobs.c.requester == member
        live = jobs.c.state.in_([JobState.QUEUED, JobState.SPEAKING])

        def count(table: Table, *where: ColumnElement[bool]) -> int:
            found = self._connection.execute(select(func.count()).select_from(table).where(*where))
            return int(found.scalar_one())

        return {
            "texts": count(jobs, theirs),
            "waiting": count(jobs, theirs, live),
            "choices": count(choices, choices.c.member == member),
            "lists": count(voice_members, voice_members.c.member == member),
            "messages": count(pending_redactions, pending_redactions.c.member == member),
        }

    def erase_jobs(self, member: str, *, wanted: Collection[str]) -> None:
        """A member's jobs go, with their texts and all audio that was or may have been made of
        them, except what is `wanted` by others; their messages wait to be redacted."""
        theirs = select(jobs.c.id).where(jobs.c.requester == member)
        notes = self._connection.execute(
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
            self._connection.execute(insert(pending_redactions), rows)
        claimed = self._connection.execute(
            select(chunks.c.audio)
            .distinct()
            .where(chunks.c.job_id.in_(theirs), chunks.c.audio.is_not(None))
        )
        made = set(claimed.scalars())
        self._connection.execute(delete(jobs).where(jobs.c.requester == member))
        # Of a job that ended while it was made, no chunk may know the audio.
        unclaimed = AudioIndex(self._connection).unclaimed()
        self.delete_audio((made | unclaimed) - set(wanted))
        self._connection.execute(
            update(jobs).where(jobs.c.ended_actor == member).values(ended_actor=None)
        )

    def erase_traces(self, member: str) -> None:
        """A member's choices, places on lists, and name in the audit log go; so do the words in it
        on their voices. What is frozen of theirs stays so, without whose it was; where an admin
        has blocked them, that stays too: else an erasure would be the way around it. To be called
        before the voices go."""
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
            self._connection.execute(statement)
