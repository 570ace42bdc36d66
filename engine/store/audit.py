"""Every statement on the audit log: who did what to which voice, when, on which server.

Knows: rows. Does not know: permissions to read them.
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select

from engine.model.voices import Action, AuditEntry
from engine.store.repository import Repository, columns
from engine.store.tables import audit


class AuditLog(Repository):
    """The actions on voices."""

    def append(self, entry: AuditEntry) -> None:
        self._connection.execute(insert(audit).values(asdict(entry)))

    def entries(
        self, *, place: str | None = None, actor: str | None = None, limit: int | None
    ) -> list[AuditEntry]:
        """The newest first; only those of a place or an actor, if given."""
        where: list[ColumnElement[Any]] = []
        if place is not None:
            where.append(audit.c.place == place)
        if actor is not None:
            where.append(audit.c.actor == actor)
        rows = self._connection.execute(
            select(*columns(audit, AuditEntry))
            .where(*where)
            .order_by(audit.c.id.desc())
            .limit(limit)
        )
        return [AuditEntry(**row) for row in rows.mappings()]

    def actors(self, place: str, actions: Collection[Action], *, limit: int) -> list[str]:
        """The actors of these actions in a place, without duplicates, the latest first."""
        rows = self._connection.execute(
            select(audit.c.actor)
            .where(audit.c.place == place, audit.c.action.in_(actions))
            .group_by(audit.c.actor)
            .order_by(func.max(audit.c.id).desc())
            .limit(limit)
        )
        return list(rows.scalars())
