"""How much is kept of a member, and what was spoken in a voice: statements that look at both.

Knows: rows; which of them are a member's. Does not know: what becomes of them (`erasure_queries`).
"""

from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, func, not_, select

from engine.model.jobs import JobState
from engine.store.tables import choices, erasures, jobs, voice_members

_LIVE: Final = jobs.c.state.in_([JobState.QUEUED, JobState.SPEAKING])


def count_kept(connection: Connection, member: str) -> dict[str, int]:
    """`texts`, of which `waiting` are not over; `choices`; `lists` of others that they are on;
    `messages` that are still to be blanked from an earlier time."""
    theirs = jobs.c.requester == member

    def count(table: Table, *where: ColumnElement[bool]) -> int:
        found = connection.execute(select(func.count()).select_from(table).where(*where))
        return int(found.scalar_one())

    return {
        "texts": count(jobs, theirs),
        "waiting": count(jobs, theirs, _LIVE),
        "choices": count(choices, choices.c.member == member),
        "lists": count(voice_members, voice_members.c.member == member),
        "messages": count(erasures, erasures.c.member == member),
    }


def spoken_in(connection: Connection, voice: str | None, *, most: int) -> list[int]:
    """Jobs that are over, in the registered voice of this key, or (None) in any; newest first."""
    where = jobs.c.reference.is_not(None) if voice is None else jobs.c.voice == voice
    found = connection.execute(
        select(jobs.c.id).where(not_(_LIVE), where).order_by(jobs.c.id.desc()).limit(most)
    )
    return list(found.scalars())
