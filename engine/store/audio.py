"""Every statement on the contents of the audio cache, and when each stream was last used.

Knows: rows. Does not know: files, or which jobs wait for them.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.store.repository import Repository, batches, columns
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
        found = {}
        for some in batches(list(set(keys))):
            rows = self._connection.execute(
                select(*columns(audio, AudioRow)).where(audio.c.key.in_(some))
            )
            found.update({row["key"]: AudioRow(**row) for row in rows.mappings()})
        return found

    def put(self, row: AudioRow, *, now: float) -> None:
        values = asdict(row) | {"used_at": now}
        self._connection.execute(
            insert(audio)
            .values(values)
            .on_conflict_do_update(index_elements=[audio.c.key], set_=values)
        )

    def use(self, keys: Collection[str], *, now: float) -> None:
        for some in batches(list(keys)):
            self._connection.execute(update(audio).where(audio.c.key.in_(some)).values(used_at=now))

    def drop(self, keys: Collection[str]) -> None:
        for some in batches(list(keys)):
            self._connection.execute(delete(audio).where(audio.c.key.in_(some)))

    def total_bytes(self) -> int:
        """The size of the whole cache in bytes."""
        total = self._connection.execute(select(func.coalesce(func.sum(audio.c.bytes), 0)))
        return int(total.scalar_one())

    def oldest(self, *, count: int, skip: int) -> list[AudioRow]:
        """`count` rows after the first `skip`, the least recently used first."""
        rows = self._connection.execute(
            select(*columns(audio, AudioRow))
            .order_by(audio.c.used_at, audio.c.key)
            .limit(count)
            .offset(skip)
        )
        return [AudioRow(**row) for row in rows.mappings()]

    def unclaimed(self) -> set[str]:
        """The keys that no chunk refers to: all jobs with this audio are deleted, or ended before
        it was made."""
        claimed = select(chunks.c.audio).where(chunks.c.audio.is_not(None))
        found = self._connection.execute(select(audio.c.key).where(audio.c.key.not_in(claimed)))
        return set(found.scalars())

    def keys(self) -> set[str]:
        return set(self._connection.execute(select(audio.c.key)).scalars())

    def in_voices(self, voice_keys: Collection[str]) -> set[str]:
        """The keys of audio in these voices."""
        found: set[str] = set()
        for some in batches(list(voice_keys)):
            rows = self._connection.execute(select(audio.c.key).where(audio.c.voice.in_(some)))
            found.update(rows.scalars())
        return found
