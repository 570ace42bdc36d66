"""Every statement on attempts: how many stand under a mark, and which are too old.

Knows: rows. Does not know: whose mark is whose (nobody does without the key), any limit.
"""

from collections.abc import Collection

from sqlalchemy import delete, func, insert, or_, select

from engine.store.repository import Repository
from engine.store.tables import attempts


class Attempts(Repository):
    """What counts toward the limits of an hour."""

    def put(self, mark: str, at: float) -> None:
        self._connection.execute(insert(attempts).values(mark=mark, at=at))

    def latest(self, marks: Collection[str], *, since: float, limit: int) -> list[float]:
        """When the attempts under any of these marks were made, after `since`; the newest
        first."""
        rows = self._connection.execute(
            select(attempts.c.at)
            .where(attempts.c.mark.in_(marks), attempts.c.at > since)
            .order_by(attempts.c.at.desc())
            .limit(limit)
        )
        return list(rows.scalars())

    def forget(self, *, until: float, after: float) -> float | None:
        """Delete those made at `until` or earlier, and those later than `after`. When the oldest
        that stays was made, if one does."""
        self._connection.execute(
            delete(attempts).where(or_(attempts.c.at <= until, attempts.c.at > after))
        )
        oldest: float | None = self._connection.execute(
            select(func.min(attempts.c.at))
        ).scalar_one()
        return oldest
