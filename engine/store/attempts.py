"""Every statement on attempts: when each mark had its latest, and which are too old.

Knows: rows. Does not know: which member a mark belongs to (only the key tells), any limit.
"""

from collections.abc import Collection

from sqlalchemy import delete, func, insert, or_, select

from engine.store.repository import Repository
from engine.store.tables import attempts


class Attempts(Repository):
    """The attempts that count toward hourly limits."""

    def put(self, mark: str, at: float) -> None:
        self._connection.execute(insert(attempts).values(mark=mark, at=at))

    def latest(self, marks: Collection[str], *, since: float, limit: int) -> list[float]:
        """The times of attempts under any of these marks after `since`, newest first."""
        rows = self._connection.execute(
            select(attempts.c.at)
            .where(attempts.c.mark.in_(marks), attempts.c.at > since)
            .order_by(attempts.c.at.desc())
            .limit(limit)
        )
        return list(rows.scalars())

    def forget(self, *, until: float, after: float) -> float | None:
        """Delete attempts at or before `until`, and attempts later than `after`. Returns the time
        of the oldest that remains."""
        self._connection.execute(
            delete(attempts).where(or_(attempts.c.at <= until, attempts.c.at > after))
        )
        oldest: float | None = self._connection.execute(
            select(func.min(attempts.c.at))
        ).scalar_one()
        return oldest
