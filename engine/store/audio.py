"""Every statement on the contents of the audio cache, and when each stream was last used.
Does not know: files, or which jobs wait for them.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.store.repository import Repository, columns
from engine.store.tables import audio, chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRow:
    key: str
    bytes: int
    seconds: float
    voice: str = ""  # the registered voice that speaks in it: "@12"; "": none


class AudioIndex(Repository):
    """The streams in the audio cache, by key."""

    def known(self, keys: Iterable[str]) -> dict[str, AudioRow]:
        """The rows of those of `keys` that the cache holds."""
        query = select(*columns(audio, AudioRow))
        found = self._in_batches(set(keys), lambda some: query.where(audio.c.key.in_(some)))
        return {row.key: AudioRow(**row._mapping) for row in found}

    def put(self, row: AudioRow, *, now: float) -> None:
        values = asdict(row) | {"used_at": now}
        statement = insert(audio).values(values)
        self._execute(statement.on_conflict_do_update(index_elements=[audio.c.key], set_=values))

    def use(self, keys: Iterable[str], *, now: float) -> None:
        used = update(audio).values(used_at=now)
        self._in_batches(keys, lambda some: used.where(audio.c.key.in_(some)))

    def drop(self, keys: Iterable[str]) -> None:
        self._in_batches(keys, lambda some: delete(audio).where(audio.c.key.in_(some)))

    def total_bytes(self) -> int:
        """The size of the whole cache in bytes."""
        return int(self._execute(select(func.coalesce(func.sum(audio.c.bytes), 0))).scalar_one())

    def oldest(self, *, count: int, skip: int) -> list[AudioRow]:
        """`count` rows after the first `skip`, the least recently used first."""
        query = select(*columns(audio, AudioRow)).order_by(audio.c.used_at, audio.c.key)
        return self._values(query.limit(count).offset(skip), AudioRow)

    def unclaimed(self) -> set[str]:
        """The keys that no chunk refers to: all jobs with this audio are deleted, or ended before
        it was made."""
        claimed = select(chunks.c.audio).where(chunks.c.audio.is_not(None))
        return set(self._scalars(select(audio.c.key).where(audio.c.key.not_in(claimed))))

    def keys(self) -> set[str]:
        return set(self._scalars(select(audio.c.key)))

    def in_voices(self, voice_keys: Iterable[str]) -> set[str]:
        """The keys of audio in these voices."""
        query = select(audio.c.key)
        found = self._in_batches(voice_keys, lambda some: query.where(audio.c.voice.in_(some)))
        return {row.key for row in found}
