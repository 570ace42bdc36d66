"""Every statement on fingerprints, on what is frozen where, and on members who are barred.

Knows: rows. Does not know: when two recordings are the same (`analysis/prints.py`), what a freeze
means (`permissions.py`), who may decide.

A freeze is of a recording, on one server or (the operator's) `EVERYWHERE`. Which voices fall under
it is resolved when a voice comes and when a freeze comes, and kept: no comparison of sound runs
while rights are judged.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, Select, delete, insert, literal, select, update

from engine.model.voices import Voice
from engine.store.batches import slices
from engine.store.tables import barred_members, freezes, frozen_voices, voice_prints, voices

#: The lane of the operator's freezes.
EVERYWHERE: Final = ""
#: Fingerprints that are kept for one server's freezes, the newest: a server that freezes thousands
#: of recordings must not make each upload wait. Older freezes stay, for the bytes and the voices
#: that they are known to hold for.
MOST_PRINTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A recording that is frozen. `print` None: not known yet."""

    id: int
    lane: str
    reference: str
    print: bytes | None


# ---- fingerprints of voices


def put_print(connection: Connection, voice_id: int, made: bytes) -> None:
    """Nothing where the voice is gone."""
    connection.execute(delete(voice_prints).where(voice_prints.c.voice_id == voice_id))
    there = select(voices.c.id, literal(made, LargeBinary)).where(voices.c.id == voice_id)
    connection.execute(insert(voice_prints).from_select(["voice_id", "print"], there))


def without_print(connection: Connection) -> list[tuple[int, str]]:
    """The voices from before there were fingerprints: id, recording."""
    rows = connection.execute(
        select(voices.c.id, voices.c.reference)
        .outerjoin(voice_prints, voice_prints.c.voice_id == voices.c.id)
        .where(voice_prints.c.voice_id.is_(None))
        .order_by(voices.c.id)
    )
    return [(row.id, row.reference) for row in rows]


def print_by_reference(connection: Connection, reference: str) -> bytes | None:
    """The longest that any voice with this recording has: of the same stretch, two uploads may
    have had more or less around it."""
    found = connection.execute(
        select(voice_prints.c.print)
        .join(voices, voices.c.id == voice_prints.c.voice_id)
        .where(voices.c.reference == reference)
    ).scalars()
    return max(found, key=len, default=None)


def prints_beside(connection: Connection, freeze_id: int) -> dict[int, bytes]:
    """The fingerprints of all voices that do not fall under a freeze yet, by id."""
    under = select(frozen_voices.c.voice_id).where(frozen_voices.c.freeze_id == freeze_id)
    rows = connection.execute(select(voice_prints).where(voice_prints.c.voice_id.not_in(under)))
    return {row.voice_id: row.print for row in rows}


# ---- freezes


def all_frozen(connection: Connection, *, printed: bool) -> list[Frozen]:
    """Those whose print is known, or those whose print is not. The operator's first, then the
    newest."""
    rows = connection.execute(
        select(freezes)
        .where(freezes.c.print.is_not(None) if printed else freezes.c.print.is_(None))
        .order_by(freezes.c.lane != EVERYWHERE, freezes.c.id.desc())
    )
    return [_frozen(row) for row in rows]


def yet_to_compare(connection: Connection) -> list[Frozen]:
    """Those of which no one knows yet which other voices are the same recording."""
    rows = connection.execute(
        select(freezes)
        .where(freezes.c.print.is_not(None), freezes.c.compared.is_(False))
        .order_by(freezes.c.id)
    )
    return [_frozen(row) for row in rows]


def frozen_on(connection: Connection, lane: str | None) -> frozenset[int]:
    """The ids of all voices that are frozen there."""
    return frozenset(connection.execute(frozen_there(lane)).scalars())


def frozen_there(lane: str | None) -> Select[Any]:
    return (
        select(frozen_voices.c.voice_id)
        .join(freezes, freezes.c.id == frozen_voices.c.freeze_id)
        .where(freezes.c.lane == lane)
    )


def freeze(connection: Connection, lane: str, voice: Voice) -> None:
    """This voice, and all that have the same bytes; those of the same sound are yet to come."""
    made = print_by_reference(connection, voice.reference)
    freeze_id = put_freeze(
        connection, lane, reference=voice.reference, owner=voice.owner, made=made
    )
    put_under(connection, freeze_id, [voice.id])


def put_freeze(
    connection: Connection, lane: str, *, reference: str, owner: str, made: bytes | None
) -> int:
    """The id of the freeze of this recording there, which may have stood already."""
    found = connection.execute(
        select(freezes.c.id, freezes.c.print)
        .where(freezes.c.lane == lane, freezes.c.reference == reference)
        .order_by(freezes.c.id)
    ).first()
    if found is not None:
        if made and found.print is None:
            set_print(connection, found.id, made)
        return int(found.id)
    values = {"lane": lane, "owner": owner, "reference": reference, "compared": False}
    freeze_id = int(
        connection.execute(
            insert(freezes).returning(freezes.c.id), values | {"print": made}
        ).scalar_one()
    )
    same = select(voices.c.id).where(voices.c.reference == reference)
    put_under(connection, freeze_id, connection.execute(same).scalars())
    _forget_oldest_prints(connection, lane)
    return freeze_id


def put_under(connection: Connection, freeze_id: int, voice_ids: Iterable[int]) -> None:
    """These voices fall under a freeze. Nothing where either is gone."""
    if connection.execute(select(freezes.c.id).where(freezes.c.id == freeze_id)).first() is None:
        return
    under = select(frozen_voices.c.voice_id).where(frozen_voices.c.freeze_id == freeze_id)
    for some in slices(list(voice_ids)):
        pairs = select(literal(freeze_id), voices.c.id).where(
            voices.c.id.in_(some), voices.c.id.not_in(under)
        )
        connection.execute(insert(frozen_voices).from_select(["freeze_id", "voice_id"], pairs))


def put_voice_under(connection: Connection, voice: Voice, recognized: Collection[int]) -> None:
    """A voice that has just come, or has another recording, falls under the freezes of these ids,
    and under those of the same bytes."""
    same = select(freezes.c.id).where(freezes.c.reference == voice.reference)
    for freeze_id in {*recognized, *connection.execute(same).scalars()}:
        put_under(connection, freeze_id, [voice.id])


def set_print(connection: Connection, freeze_id: int, made: bytes) -> None:
    """Empty: there is none to be had."""
    found = connection.execute(
        update(freezes)
        .where(freezes.c.id == freeze_id)
        .values(print=made, compared=not made)
        .returning(freezes.c.lane)
    ).scalar()
    if found is not None:
        _forget_oldest_prints(connection, found)


def set_compared(connection: Connection, freeze_id: int) -> None:
    connection.execute(update(freezes).where(freezes.c.id == freeze_id).values(compared=True))


def release(connection: Connection, lane: str, voice: Voice) -> None:
    """The recording is free there: this voice, and all that were frozen with it."""
    over = select(frozen_voices.c.freeze_id).where(frozen_voices.c.voice_id == voice.id)
    connection.execute(delete(freezes).where(freezes.c.lane == lane, freezes.c.id.in_(over)))


def keep_only(connection: Connection, lane: str, references: Collection[str]) -> None:
    """All other freezes there go."""
    there = connection.execute(
        select(freezes.c.id, freezes.c.reference).where(freezes.c.lane == lane)
    )
    gone = [row.id for row in there if row.reference not in references]
    for some in slices(gone):
        connection.execute(delete(freezes).where(freezes.c.id.in_(some)))


def freezes_of(connection: Connection, member: str) -> list[tuple[str, str]]:
    """What is frozen of a member's: server, recording. Also where the voice is gone."""
    rows = connection.execute(
        select(freezes.c.lane, freezes.c.reference)
        .where(freezes.c.owner == member)
        .order_by(freezes.c.lane, freezes.c.id)
    )
    return [(row.lane, row.reference) for row in rows]


def _forget_oldest_prints(connection: Connection, lane: str) -> None:
    if lane == EVERYWHERE:
        return
    newest = (
        select(freezes.c.id)
        .where(freezes.c.lane == lane, freezes.c.print.is_not(None))
        .order_by(freezes.c.id.desc())
        .limit(MOST_PRINTS)
    )
    connection.execute(
        update(freezes)
        .where(freezes.c.lane == lane, freezes.c.print.is_not(None), freezes.c.id.not_in(newest))
        .values(print=b"", compared=True)  # not NULL: it would be looked for again
    )


def _frozen(row: Any) -> Frozen:
    return Frozen(id=row.id, lane=row.lane, reference=row.reference, print=row.print)


# ---- members


def bar(connection: Connection, lane: str, member: str) -> None:
    unbar(connection, lane, member)
    connection.execute(insert(barred_members).values(lane=lane, member=member))


def unbar(connection: Connection, lane: str, member: str) -> None:
    connection.execute(
        delete(barred_members).where(
            barred_members.c.lane == lane, barred_members.c.member == member
        )
    )


def barred_on(connection: Connection, lane: str | None) -> frozenset[str]:
    """The members who may not give voices there."""
    rows = connection.execute(select(barred_members.c.member).where(barred_members.c.lane == lane))
    return frozenset(rows.scalars())


def bars_of(connection: Connection, member: str) -> list[str]:
    """The servers on which a member is barred."""
    rows = connection.execute(
        select(barred_members.c.lane)
        .where(barred_members.c.member == member)
        .order_by(barred_members.c.lane)
    )
    return list(rows.scalars())
