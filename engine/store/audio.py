"""What the audio cache holds, and when each piece was last used: every statement on that table.

Knows: rows. Does not know: files, or who waits for what.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from engine.store.batches import slices
from engine.store.tables import audio, chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRow:
    key: str
    bytes: int
    seconds: float
    voice: str = ""  # the registered voice that it is in: "@12"


def known(connection: Connection, keys: Iterable[str]) -> dict[str, AudioRow]:
    """Those of `keys` that the cache holds."""
    found = {}
    for some in slices(list(set(keys))):
        for row in connection.execute(select(audio).where(audio.c.key.in_(some))):
            found[row.key] = _audio(row)
    return found


def put(connection: Connection, row: AudioRow, *, now: float) -> None:
    connection.execute(delete(audio).where(audio.c.key == row.key))
    connection.execute(
        insert(audio).values(
            key=row.key, bytes=row.bytes, seconds=row.seconds, voice=row.voice, used_at=now
        )
    )


def use(connection: Connection, keys: Collection[str], *, now: float) -> None:
    for some in slices(list(keys)):
        connection.execute(update(audio).where(audio.c.key.in_(some)).values(used_at=now))


def drop(connection: Connection, keys: Collection[str]) -> None:
    for some in slices(list(keys)):
        connection.execute(delete(audio).where(audio.c.key.in_(some)))


def total_bytes(connection: Connection) -> int:
    """The size of the whole cache."""
    total = connection.execute(select(func.coalesce(func.sum(audio.c.bytes), 0)))
    return int(total.scalar_one())


def oldest(connection: Connection, *, count: int, skip: int) -> list[AudioRow]:
    """The least recently used first."""
    rows = connection.execute(
        select(audio).order_by(audio.c.used_at, audio.c.key).limit(count).offset(skip)
    )
    return [_audio(row) for row in rows]


def unclaimed(connection: Connection) -> set[str]:
    """What no kept job was spoken with: what outlived its last one, or its job's end."""
    claimed = select(chunks.c.audio).where(chunks.c.audio.is_not(None))
    return set(connection.execute(select(audio.c.key).where(audio.c.key.not_in(claimed))).scalars())


def keys(connection: Connection) -> set[str]:
    return set((connection.execute(select(audio.c.key))).scalars())


def _audio(row: Row[Any]) -> AudioRow:
    return AudioRow(key=row.key, bytes=row.bytes, seconds=row.seconds, voice=row.voice)
