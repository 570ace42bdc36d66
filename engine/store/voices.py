"""Every statement on voices, who else may use them, and what their owners agreed to.

Knows: rows, and how values are kept in them. Does not know: permissions, time.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    cast,
    delete,
    insert,
    literal,
    or_,
    select,
    update,
)

from engine.model.voice_names import name_key
from engine.model.voices import OPERATOR, RecordingAnalysis, Scope, Voice
from engine.store.batches import slices
from engine.store.freezes import frozen_there
from engine.store.tables import choices as choices_table
from engine.store.tables import consents, jobs, lane_rules, voice_members, voices

_LISTED: Final = select(voice_members.c.voice_id)


def insert_voice(
    connection: Connection,
    *,
    owner: str,
    name: str,
    reference: str,
    scope: Scope,
    lane: str | None,
    report: RecordingAnalysis,
    now: float,
) -> Voice:
    values = {
        "owner": owner,
        "name": name,
        "name_key": name_key(name),
        "reference": reference,
        "scope": scope,
        "lane": lane,
        "style": {},
        "report": report.to_json(),
        "created_at": now,
    }
    voice_id = connection.execute(insert(voices).returning(voices.c.id), values).scalar_one()
    made = voice(connection, voice_id)
    assert made is not None
    return made


def set_voice(connection: Connection, voice_id: int, **values: object) -> None:
    connection.execute(update(voices).where(voices.c.id == voice_id).values(**values))


def set_name(connection: Connection, voice_id: int, name: str) -> None:
    set_voice(connection, voice_id, name=name, name_key=name_key(name))


def delete_voices(connection: Connection, gone: Iterable[Voice]) -> None:
    """With their lists and consents, and every choice of them. Freezes outlive them."""
    found = list(gone)
    for some in slices([voice.id for voice in found]):
        connection.execute(delete(voices).where(voices.c.id.in_(some)))
    for keys in slices([voice.key for voice in found]):
        connection.execute(delete(choices_table).where(choices_table.c.voice.in_(keys)))
        connection.execute(
            update(lane_rules)
            .where(lane_rules.c.default_voice.in_(keys))
            .values(default_voice=None)
        )


def put_members(connection: Connection, voice_id: int, members: Iterable[str]) -> None:
    """Who else may use it, from now on."""
    connection.execute(delete(voice_members).where(voice_members.c.voice_id == voice_id))
    rows = [{"voice_id": voice_id, "member": member} for member in sorted(members)]
    if rows:
        connection.execute(insert(voice_members), rows)


def put_consent(
    connection: Connection, voice_id: int, *, member: str, lane: str | None, words: str, now: float
) -> None:
    connection.execute(
        insert(consents).values(
            voice_id=voice_id, member=member, lane=lane, words=words, given_at=now
        )
    )


def consents_of(connection: Connection, member: str) -> list[Mapping[str, Any]]:
    rows = connection.execute(
        select(consents).where(consents.c.member == member).order_by(consents.c.voice_id)
    )
    return [dict(row._mapping) for row in rows]


# ---- looking


def voice(connection: Connection, voice_id: int) -> Voice | None:
    found = _voices(connection, voices.c.id == voice_id)
    return found[0] if found else None


def of_owner(connection: Connection, owner: str) -> list[Voice]:
    return _voices(connection, voices.c.owner == owner)


def called(connection: Connection, owner: str, name: str) -> Voice | None:
    """The voice of `owner` that has this name."""
    found = _voices(connection, voices.c.owner == owner, voices.c.name_key == name_key(name))
    return found[0] if found else None


def within_reach(connection: Connection, member: str, lane: str | None) -> list[Voice]:
    """All that their scope lets this member use there, and some more: `access.may_use` decides."""
    listed = _LISTED.where(voice_members.c.member == member)
    reach: list[ColumnElement[bool]] = [
        voices.c.owner.in_([member, OPERATOR]),
        voices.c.id.in_(listed),
    ]
    if lane is not None:
        reach.append(voices.c.lane == lane)
    return _voices(connection, or_(*reach))


def seen_on(connection: Connection, lane: str) -> list[Voice]:
    """Shared with `lane` or with everyone, spoken there lately, or frozen there."""
    spoken = select(jobs.c.voice).where(jobs.c.lane == lane, jobs.c.reference.is_not(None))
    return _voices(
        connection,
        or_(
            voices.c.lane == lane,
            voices.c.scope == Scope.PUBLIC,
            voices.c.id.in_(frozen_there(lane)),
            (literal("@") + cast(voices.c.id, String)).in_(spoken),
        ),
    )


def speakers_on(connection: Connection, lane: str) -> dict[str, str]:
    """The voices that were heard on `lane` lately, by key, and who spoke in each last."""
    rows = connection.execute(
        select(jobs.c.voice, jobs.c.requester)
        .where(jobs.c.lane == lane, jobs.c.reference.is_not(None), jobs.c.started_at.is_not(None))
        .order_by(jobs.c.id)
    )
    return {row.voice: row.requester for row in rows}


def references(connection: Connection, among: Iterable[str] | None = None) -> set[str]:
    """The content hashes that any voice has; of `among`, where given."""
    if among is None:
        return set(connection.execute(select(voices.c.reference).distinct()).scalars())
    found: set[str] = set()
    for some in slices(list(among)):
        rows = connection.execute(
            select(voices.c.reference).distinct().where(voices.c.reference.in_(some))
        )
        found.update(rows.scalars())
    return found


def _voices(connection: Connection, *where: ColumnElement[bool]) -> list[Voice]:
    rows = connection.execute(select(voices).where(*where).order_by(voices.c.id)).all()
    members: dict[int, set[str]] = {row.id: set() for row in rows if row.scope == Scope.MEMBERS}
    for some in slices(list(members)):
        for listed in connection.execute(
            select(voice_members).where(voice_members.c.voice_id.in_(some))
        ):
            members[listed.voice_id].add(listed.member)
    return [
        Voice(
            id=row.id,
            owner=row.owner,
            name=row.name,
            reference=row.reference,
            scope=Scope(row.scope),
            lane=row.lane,
            members=frozenset(members.get(row.id, ())),
            style=row.style,
            analysis=RecordingAnalysis.from_json(row.report),
            created_at=row.created_at,
        )
        for row in rows
    ]
