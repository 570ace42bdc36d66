"""Every statement on what members choose and what a server's admins decide about voices.

Knows: rows. Does not know: what a decision means (`permissions.py`), who may take it, freezes
(`freezes.py`).
"""

from sqlalchemy import Connection, delete, insert, select, update

from engine.model.voices import ClonePolicy, LaneRules
from engine.store.tables import choices, lane_rules

#: Where a choice holds on every server.
EVERYWHERE = ""


def put_choice(connection: Connection, member: str, lane: str, voice: str | None) -> None:
    connection.execute(delete(choices).where(choices.c.member == member, choices.c.lane == lane))
    if voice is not None:
        connection.execute(insert(choices).values(member=member, lane=lane, voice=voice))


def choices_of(connection: Connection, member: str) -> dict[str, str]:
    """What a member chose, by lane."""
    rows = connection.execute(select(choices).where(choices.c.member == member))
    return {row.lane: row.voice for row in rows}


def rules_of(connection: Connection, lane: str | None) -> LaneRules:
    """Outside of any server, nothing is decided."""
    row = connection.execute(select(lane_rules).where(lane_rules.c.lane == lane)).one_or_none()
    if row is None:
        return LaneRules()
    return LaneRules(
        default_voice=row.default_voice, uploaders=row.uploaders, cloned=ClonePolicy(row.cloned)
    )


def put_rules(connection: Connection, lane: str, rules: LaneRules) -> None:
    values = {
        "default_voice": rules.default_voice,
        "uploaders": rules.uploaders,
        "cloned": rules.cloned,
    }
    changed = connection.execute(
        update(lane_rules).where(lane_rules.c.lane == lane).values(**values)
    )
    if changed.rowcount == 0:
        connection.execute(insert(lane_rules).values(lane=lane, **values))
