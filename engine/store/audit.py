"""Every statement on the audit log (who did what to which voice, when, on which server), and on
attempts: when each mark had its latest, and which are too old.

Does not know: permissions to read the log, which member a mark belongs to (only the key tells).
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select

from engine.model.voices import Action, AuditEntry
from engine.store.repository import Repository, columns
from engine.store.tables import attempts, audit


class AuditLog(Repository):
    """The actions on voices."""

    def append(self, entry: AuditEntry) -> None:
        self._execute(insert(audit).values(asdict(entry)))

    def entries(
        self, *, place: str | None = None, actor: str | None = None, limit: int | None
    ) -> list[AuditEntry]:
        """The newest first; only those of a place or an actor, if given."""
        where: list[ColumnElement[Any]] = []
        if place is not None:
            where.append(audit.c.place == place)
        if actor is not None:
            where.append(audit.c.actor == actor)
        query = select(*columns(audit, AuditEntry)).where(*where)
        return self._values(query.order_by(audit.c.id.desc()).limit(limit), AuditEntry)

    def actors(self, place: str, actions: Collection[Action], *, limit: int) -> list[str]:
        """The actors of these actions in a place, without duplicates, the latest first."""
        return self._scalars(
            select(audit.c.actor)
            .where(audit.c.place == place, audit.c.action.in_(actions))
            .group_by(audit.c.actor)
            .order_by(func.max(audit.c.id).desc())
            .limit(limit)
        )


class Attempts(Repository):
    """The attempts that count toward hourly limits."""

    def put(self, mark: str, at: float) -> None:
        self._execute(insert(attempts).values(mark=mark, at=at))

    def latest(self, marks: Collection[str], *, since: float, limit: int) -> list[float]:
        """The times of attempts under any of these marks after `since`, newest first."""
        return self._scalars(
            select(attempts.c.at)
            .where(attempts.c.mark.in_(marks), attempts.c.at > since)
            .order_by(attempts.c.at.desc())
            .limit(limit)
        )

    def forget(self, *, until: float, after: float) -> float | None:
        """Delete attempts at or before `until`, and attempts later than `after`. Returns the time
        of the oldest that remains."""
        self._execute(delete(attempts).where(or_(attempts.c.at <= until, attempts.c.at > after)))
        oldest: float | None = self._execute(select(func.min(attempts.c.at))).scalar_one()
        return oldest
