"""Every statement on what members choose and what a server's admins decide about voices.

Knows: rows. Does not know: what a decision means (`access.py`), who may take it.
"""

from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select, update

from engine.store.tables import choices, freezes, lane_rules, voices
from engine.voices.voice import Cloned, LaneRules, Voice

#: Where a choice holds on every server.
EVERYWHERE = ""
#: Which voices a freeze is about: one, and those of the same recording that are, or could be, of
#: the same owner.
_FREEZES: Final = or_(
    voices.c.id == freezes.c.voice_id,
    and_(voices.c.reference == freezes.c.reference, voices.c.owner == freezes.c.owner),
    and_(voices.c.reference == freezes.c.reference, voices.c.id > freezes.c.after),
)


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
        default_voice=row.default_voice, uploaders=row.uploaders, cloned=Cloned(row.cloned)
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


def frozen_voices(lane: str | None) -> Select[Any]:
    """The ids of all voices that are frozen there."""
    return select(voices.c.id).join(freezes, _FREEZES).where(freezes.c.lane == lane)


def frozen_on(connection: Connection, lane: str | None) -> frozenset[int]:
    return frozenset(connection.execute(frozen_voices(lane)).scalars())


def freeze(connection: Connection, lane: str, voice: Voice) -> None:
    release(connection, lane, voice)
    connection.execute(
        insert(freezes).values(
            lane=lane, voice_id=voice.id, owner=voice.owner, reference=voice.reference
        )
    )


def release(connection: Connection, lane: str, voice: Voice) -> None:
    """The voice, its recording, and whatever else of its owner's was frozen with it."""
    found = (
        select(freezes.c.voice_id)
        .join(voices, _FREEZES)
        .where(voices.c.id == voice.id, freezes.c.lane == lane)
    )
    connection.execute(delete(freezes).where(freezes.c.lane == lane, freezes.c.voice_id.in_(found)))


def freezes_of(connection: Connection, member: str) -> list[tuple[str, str]]:
    """What is frozen of a member's: server, recording. Also where the voice is gone."""
    rows = connection.execute(
        select(freezes.c.lane, freezes.c.reference)
        .where(freezes.c.owner == member)
        .order_by(freezes.c.lane, freezes.c.voice_id)
    )
    return [(row.lane, row.reference) for row in rows]
