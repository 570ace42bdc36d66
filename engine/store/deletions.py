"""Every statement by which something goes for good: purges, erasures, a member's rows.

Knows: rows; which of them are a member's. Does not know: files, messages, when they are gone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from engine.model.voices import Action
from engine.store import audio as audio_index
from engine.store.batches import slices
from engine.store.tables import (
    audio,
    audit,
    choices,
    chunks,
    erasures,
    freezes,
    jobs,
    purges,
    voice_members,
    voices,
)

#: Who did it, where a member had their data deleted.
NOBODY: Final = "-"


class PurgeKind(StrEnum):
    """What is to go from the disk."""

    AUDIO = "audio"  # a stream of the cache, by its key
    REFERENCE = "reference"  # a recording, by its content hash
    STATE = "state"  # what engines derived from one
    PAGES = "pages"  # what SQLite leaves of deleted rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A message on Discord that still shows what a member had deleted."""

    id: int
    member: str
    origin: Mapping[str, Any]  # the front end's own note on where it stands
    failure: str | None  # why it is out of reach; None: not tried to the end


# ---- files that are to go


def put_purges(connection: Connection, kind: PurgeKind, keys: Iterable[str]) -> None:
    drop_purges(connection, kind, found := set(keys))
    rows = [{"kind": kind, "key": key} for key in sorted(found)]
    if rows:
        connection.execute(insert(purges), rows)


def drop_purges(connection: Connection, kind: PurgeKind, keys: Iterable[str]) -> None:
    for some in slices(list(keys)):
        connection.execute(delete(purges).where(purges.c.kind == kind, purges.c.key.in_(some)))


def all_purges(connection: Connection) -> dict[PurgeKind, list[str]]:
    found: dict[PurgeKind, list[str]] = {kind: [] for kind in PurgeKind}
    for row in connection.execute(select(purges).order_by(purges.c.kind, purges.c.key)):
        found[PurgeKind(row.kind)].append(row.key)
    return found


def purge_audio(connection: Connection, keys: Collection[str]) -> None:
    """Forget these pieces of the cache; their files are to go."""
    for some in slices(list(keys)):
        connection.execute(delete(audio).where(audio.c.key.in_(some)))
    put_purges(connection, PurgeKind.AUDIO, keys)


def audio_in(connection: Connection, voice_keys: Collection[str]) -> set[str]:
    """The cached audio that is in these voices."""
    found: set[str] = set()
    for some in slices(list(voice_keys)):
        found.update(
            connection.execute(select(audio.c.key).where(audio.c.voice.in_(some))).scalars()
        )
    return found


# ---- messages that are to be blanked


def erasures_left(connection: Connection, member: str | None = None) -> list[Erasure]:
    query = select(erasures).order_by(erasures.c.id)
    if member is not None:
        query = query.where(erasures.c.member == member)
    return [
        Erasure(id=row.id, member=row.member, origin=row.origin, failure=row.failure)
        for row in connection.execute(query)
    ]


def erasure_done(connection: Connection, erasure_id: int) -> bool:
    """Whether it was the last of its member's."""
    gone = connection.execute(
        delete(erasures).where(erasures.c.id == erasure_id).returning(erasures.c.member)
    ).scalar_one_or_none()
    return gone is not None and not erasures_left(connection, gone)


def erasure_failed(connection: Connection, erasure_id: int, failure: str) -> None:
    connection.execute(update(erasures).where(erasures.c.id == erasure_id).values(failure=failure))


# ---- a member's rows


def jobs_of(connection: Connection, member: str) -> list[Mapping[str, Any]]:
    """The rows of a member's jobs, oldest first."""
    rows = connection.execute(select(jobs).where(jobs.c.requester == member).order_by(jobs.c.id))
    return [dict(row._mapping) for row in rows]


def erase_jobs(connection: Connection, member: str, *, wanted: Collection[str]) -> None:
    """A member's jobs go, with their texts and all audio that was or may have been made of them,
    except what is `wanted` by others; their messages are to be blanked."""
    notes = connection.execute(
        select(jobs.c.origin).where(jobs.c.requester == member).order_by(jobs.c.id)
    )
    rows = [{"member": member, "origin": origin} for (origin,) in notes if origin]
    if rows:
        connection.execute(insert(erasures), rows)
    theirs = select(jobs.c.id).where(jobs.c.requester == member)
    claimed = connection.execute(
        select(chunks.c.audio)
        .distinct()
        .where(chunks.c.job_id.in_(theirs), chunks.c.audio.is_not(None))
    )
    made = set(claimed.scalars())
    connection.execute(delete(jobs).where(jobs.c.requester == member))
    # Of a job that ended while it was made, no chunk may know the audio.
    purge_audio(connection, (made | audio_index.unclaimed(connection)) - set(wanted))
    connection.execute(update(jobs).where(jobs.c.ended_actor == member).values(ended_actor=None))


def erase_traces(connection: Connection, member: str) -> None:
    """A member's choices, places on lists, and name in the trail go; so do the words in it on
    their voices. What is frozen of theirs stays so, without whose it was; where an admin has barred
    them, that stays too: else an erasure would be the way around it. To be called before the
    voices go."""
    theirs = select(voices.c.id).where(voices.c.owner == member)
    connection.execute(update(audit).where(audit.c.voice_id.in_(theirs)).values(detail=""))
    connection.execute(update(audit).where(audit.c.actor == member).values(actor=NOBODY, detail=""))
    barring = audit.c.action.in_([Action.BAR, Action.UNBAR])
    connection.execute(update(audit).where(barring, audit.c.detail == member).values(detail=NOBODY))
    connection.execute(update(freezes).where(freezes.c.owner == member).values(owner=NOBODY))
    connection.execute(delete(choices).where(choices.c.member == member))
    connection.execute(delete(voice_members).where(voice_members.c.member == member))
