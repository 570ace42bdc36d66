"""Every statement on fingerprints, on frozen recordings, and on blocked members.

Does not know: when two recordings are the same (`analysis/prints.py`), what a freeze
means (`permissions.py`), who may decide.

A freeze applies to a recording, on one server or (the operator's) `EVERYWHERE`. The voices under a
freeze are determined and stored when a voice is added and when a freeze is added, so permission
checks never compare sound.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import LargeBinary, Select, delete, literal, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.model.voices import Voice
from engine.store.repository import Repository, batches, columns
from engine.store.tables import blocked_members, freezes, frozen_voices, voice_prints, voices

#: The place of the operator's freezes.
EVERYWHERE: Final = ""
#: Fingerprints that are kept for one server's freezes (the newest), so that a server which freezes
#: thousands of recordings does not slow each upload. Older freezes still apply to their recording's
#: bytes and to the voices already found.
MOST_PRINTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A frozen recording. `print` is None until it is known."""

    id: int
    place: str
    reference: str
    print: bytes | None


class Freezes(Repository):
    """Fingerprints, frozen recordings, and blocked members."""

    def put_print(self, voice_id: int, made: bytes) -> None:
        """Store a voice's fingerprint; does nothing if the voice is gone."""
        there = select(voices.c.id, literal(made, LargeBinary)).where(voices.c.id == voice_id)
        self._execute(delete(voice_prints).where(voice_prints.c.voice_id == voice_id))
        self._execute(insert(voice_prints).from_select(["voice_id", "print"], there))

    def without_print(self) -> list[tuple[int, str]]:
        """The voices without a fingerprint, which older versions did not compute: id, recording."""
        rows = self._execute(
            select(voices.c.id, voices.c.reference)
            .outerjoin(voice_prints, voice_prints.c.voice_id == voices.c.id)
            .where(voice_prints.c.voice_id.is_(None))
            .order_by(voices.c.id)
        )
        return [(row.id, row.reference) for row in rows]

    def print_by_reference(self, reference: str) -> bytes | None:
        """The longest fingerprint of any voice with this recording: two uploads of the same stretch
        may have had more or less sound around it."""
        query = select(voice_prints.c.print).join(voices, voices.c.id == voice_prints.c.voice_id)
        found = self._scalars(query.where(voices.c.reference == reference))
        return max(found, key=len, default=None)

    def prints_beside(self, freeze_id: int) -> dict[int, bytes]:
        """The fingerprints of all voices that are not under this freeze yet, by id."""
        under = select(frozen_voices.c.voice_id).where(frozen_voices.c.freeze_id == freeze_id)
        rows = self._execute(select(voice_prints).where(voice_prints.c.voice_id.not_in(under)))
        return {row.voice_id: row.print for row in rows}

    def all(self, *, printed: bool) -> list[Frozen]:
        """The freezes whose fingerprint is known, or those whose fingerprint is not. The operator's
        first, then the newest."""
        return self._values(
            select(*columns(freezes, Frozen))
            .where(freezes.c.print.is_not(None) if printed else freezes.c.print.is_(None))
            .order_by(freezes.c.place != EVERYWHERE, freezes.c.id.desc()),
            Frozen,
        )

    def yet_to_compare(self) -> list[Frozen]:
        """The freezes that were not compared with the other voices yet."""
        waits = freezes.c.print.is_not(None), freezes.c.compared.is_(False)
        query = select(*columns(freezes, Frozen)).where(*waits)
        return self._values(query.order_by(freezes.c.id), Frozen)

    def voices_frozen_on(self, place: str | None) -> frozenset[int]:
        """The ids of all voices that are frozen in `place`."""
        return frozenset(self._scalars(frozen_there(place)))

    def freeze(self, place: str, voice: Voice) -> None:
        """Freeze this voice and all with the same bytes. Voices with the same sound follow
        later."""
        made = self.print_by_reference(voice.reference)
        freeze_id = self.put(place, reference=voice.reference, owner=voice.owner, made=made)
        self.put_under(freeze_id, [voice.id])

    def put(self, place: str, *, reference: str, owner: str, made: bytes | None) -> int:
        """Add a freeze of this recording in `place`, if there is none, and return its id."""
        found = self._execute(
            select(freezes.c.id, freezes.c.print)
            .where(freezes.c.place == place, freezes.c.reference == reference)
            .order_by(freezes.c.id)
        ).first()
        if found is not None:
            if made and found.print is None:
                self.set_print(found.id, made)
            return int(found.id)
        values = {"place": place, "owner": owner, "reference": reference, "compared": False}
        new = insert(freezes).values(**values, print=made).returning(freezes.c.id)
        freeze_id = int(self._execute(new).scalar_one())
        same = select(voices.c.id).where(voices.c.reference == reference)
        self.put_under(freeze_id, self._scalars(same))
        self._forget_oldest_prints(place)
        return freeze_id

    def put_under(self, freeze_id: int, voice_ids: Iterable[int]) -> None:
        """Put these voices under a freeze; skips those that are gone, and a freeze that is gone."""
        known = select(freezes.c.id).where(freezes.c.id == freeze_id)
        if self._execute(known).first() is None:
            return
        under = select(frozen_voices.c.voice_id).where(frozen_voices.c.freeze_id == freeze_id)
        for some in batches(voice_ids):
            pairs = select(literal(freeze_id), voices.c.id).where(
                voices.c.id.in_(some), voices.c.id.not_in(under)
            )
            self._execute(insert(frozen_voices).from_select(["freeze_id", "voice_id"], pairs))

    def put_voice_under(self, voice: Voice, recognized: Collection[int]) -> None:
        """Put a voice that is new, or that has a new recording, under the freezes with these ids
        and under those of the same bytes."""
        same = select(freezes.c.id).where(freezes.c.reference == voice.reference)
        for freeze_id in {*recognized, *self._scalars(same)}:
            self.put_under(freeze_id, [voice.id])

    def set_print(self, freeze_id: int, made: bytes) -> None:
        """Store a freeze's fingerprint; empty if it cannot be computed."""
        found = self._execute(
            update(freezes)
            .where(freezes.c.id == freeze_id)
            .values(print=made, compared=not made)
            .returning(freezes.c.place)
        ).scalar()
        if found is not None:
            self._forget_oldest_prints(found)

    def set_compared(self, freeze_id: int) -> None:
        self._execute(update(freezes).where(freezes.c.id == freeze_id).values(compared=True))

    def release(self, place: str, voice: Voice) -> None:
        """Release this voice's recording in `place`, and with it all voices frozen by the same
        freezes."""
        over = select(frozen_voices.c.freeze_id).where(frozen_voices.c.voice_id == voice.id)
        self._execute(delete(freezes).where(freezes.c.place == place, freezes.c.id.in_(over)))

    def keep_only(self, place: str, references: Collection[str]) -> None:
        """Delete all freezes in `place` but those of these recordings."""
        there = select(freezes.c.id, freezes.c.reference).where(freezes.c.place == place)
        gone = [row.id for row in self._execute(there) if row.reference not in references]
        self._in_batches(gone, lambda some: delete(freezes).where(freezes.c.id.in_(some)))

    def of_owner(self, member: str) -> list[tuple[str, str]]:
        """A member's frozen recordings: server, recording. Includes those whose voice is gone."""
        rows = self._execute(
            select(freezes.c.place, freezes.c.reference)
            .where(freezes.c.owner == member)
            .order_by(freezes.c.place, freezes.c.id)
        )
        return [(row.place, row.reference) for row in rows]

    def _forget_oldest_prints(self, place: str) -> None:
        if place == EVERYWHERE:
            return
        printed = freezes.c.place == place, freezes.c.print.is_not(None)
        newest = select(freezes.c.id).where(*printed).order_by(freezes.c.id.desc())
        self._execute(
            update(freezes)
            .where(*printed, freezes.c.id.not_in(newest.limit(MOST_PRINTS)))
            .values(print=b"", compared=True)  # not NULL, which would compute it again
        )

    def block_member(self, place: str, member: str) -> None:
        new = insert(blocked_members).values(place=place, member=member)
        self._execute(new.on_conflict_do_nothing())

    def unblock_member(self, place: str, member: str) -> None:
        there = blocked_members.c.place == place
        self._execute(delete(blocked_members).where(there, blocked_members.c.member == member))

    def members_blocked_on(self, place: str | None) -> frozenset[str]:
        """The members who may not add voices in `place`."""
        query = select(blocked_members.c.member).where(blocked_members.c.place == place)
        return frozenset(self._scalars(query))

    def places_blocking(self, member: str) -> list[str]:
        """The servers on which a member is blocked."""
        query = select(blocked_members.c.place).where(blocked_members.c.member == member)
        return self._scalars(query.order_by(blocked_members.c.place))


def frozen_there(place: str | None) -> Select[Any]:
    return (
        select(frozen_voices.c.voice_id)
        .join(freezes, freezes.c.id == frozen_voices.c.freeze_id)
        .where(freezes.c.place == place)
    )
