"""Every statement on the trail: who did what to which voice, when, on which server.

Knows: rows. Does not know: who may read them.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select

from engine.model.voices import Action, AuditEntry
from engine.store.tables import audit


def tell(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(
        insert(audit).values(
            at=entry.at,
            lane=entry.lane,
            actor=entry.actor,
            action=entry.action,
            voice_id=entry.voice_id,
            detail=entry.detail,
        )
    )


def entries(
    connection: Connection, *, lane: str | None = None, actor: str | None = None, limit: int | None
) -> list[AuditEntry]:
    """The newest first; of one lane, or of one actor, where that is given."""
    where: list[ColumnElement[Any]] = []
    if lane is not None:
        where.append(audit.c.lane == lane)
    if actor is not None:
        where.append(audit.c.actor == actor)
    rows = connection.execute(select(audit).where(*where).order_by(audit.c.id.desc()).limit(limit))
    return [
        AuditEntry(
            at=row.at,
            lane=row.lane,
            actor=row.actor,
            action=Action(row.action),
            voice_id=row.voice_id,
            detail=row.detail,
        )
        for row in rows
    ]


def actors(
    connection: Connection, lane: str, actions: Collection[Action], *, limit: int
) -> list[str]:
    """Who did any of these on a lane, each once, the latest first."""
    rows = connection.execute(
        select(audit.c.actor)
        .where(audit.c.lane == lane, audit.c.action.in_(actions))
        .group_by(audit.c.actor)
        .order_by(func.max(audit.c.id).desc())
        .limit(limit)
    )
    return list(rows.scalars())
