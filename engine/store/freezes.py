"""Every statement on fingerprints, on what is frozen where, and on members who are blocked.

Knows: rows. Does not know: when two recordings are the same (`analysis/prints.py`), what a freeze
means (`permissions.py`), who may decide.

A freeze is of a recording, on one server or (the operator's) `EVERYWHERE`. Which voices fall under
it is resolved when a voice comes and when a freeze comes, and kept: no comparison of sound runs
while rights are judged.
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
#: Fingerprints that are kept for one server's freezes, the newest: a server that freezes thousands
#: of recordings must not make each upload wait. Older freezes stay, for the bytes and the voices
#: that they are known to hold for.
MOST_PRINTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A recording that is frozen. `print` None: not known yet."""

    id: int
    place: str
    reference: str
    print: bytes | None


class Freezes(Repository):
    """Fingerprints, frozen recordings, and blocked members."""

    def put_print(self, voice_id: int, made: bytes) -> None:
        """Nothing where the voice is gone."""
        there = select(voices.c.id, literal(made, LargeBinary)).where(voices.c.id == voice_id)
        self._connection.execute(delete(voice_prints).where(voice_prints.c.voice_id == voice_id))
        self._connection.execute(insert(voice_prints).from_select(["voice_id", "print"], there))

    def without_print(self) -> list[tuple[int, str]]:
        """The voices from before there were fingerprints: id, recording."""
        rows = self._connection.execute(
            select(voices.c.id, voices.c.reference)
            .outerjoin(voice_prints, voice_prints.c.voice_id == voices.c.id)
            .where(voice_prints.c.voice_id.is_(None))
            .order_by(voices.c.id)
        )
        return [(row.id, row.reference) for row in rows]

    def print_by_reference(self, reference: str) -> bytes | None:
        """The longest that any voice with this recording has: of the same stretch, two uploads may
        have had more or less around it."""
        found = self._connection.execute(
            select(voice_prints.c.print)
            .join(voices, voices.c.id == voice_prints.c.voice_id)
            .where(voices.c.reference == reference)
        ).scalars()
        return max(found, key=len, default=None)

    def prints_beside(self, freeze_id: int) -> dict[int, bytes]:
        """The fingerprints of all voices that do not fall under a freeze yet, by id."""
        under = select(frozen_voices.c.voice_id).where(frozen_voices.c.freeze_id == freeze_id)
        rows = self._connection.execute(
            select(voice_prints).where(voice_prints.c.voice_id.not_in(under))
        )
        return {row.voice_id: row.print for row in rows}

    def all(self, *, printed: bool) -> list[Frozen]:
        """Those whose print is known, or those whose print is not. The operator's first, then the
        newest."""
        rows = self._connection.execute(
            select(*columns(freezes, Frozen))
            .where(freezes.c.print.is_not(None) if printed else freezes.c.print.is_(None))
            .order_by(freezes.c.place != EVERYWHERE, freezes.c.id.desc())
        )
        return [Frozen(**row) for row in rows.mappings()]

    def yet_to_compare(self) -> list[Frozen]:
        """Those of which no one knows yet which other voices are the same recording."""
        rows = self._connection.execute(
            select(*columns(freezes, Frozen))
            .where(freezes.c.print.is_not(None), freezes.c.compared.is_(False))
            .order_by(freezes.c.id)
        )
        return [Frozen(**row) for row in rows.mappings()]

    def voices_frozen_on(self, place: str | None) -> frozenset[int]:
        """The ids of all voices that are frozen there."""
        return frozenset(self._connection.execute(frozen_there(place)).scalars())

    def freeze(self, place: str, voice: Voice) -> None:
        """This voice, and all that have the same bytes; those of the same sound are yet to come."""
        made = self.print_by_reference(voice.reference)
        freeze_id = self.put(place, reference=voice.reference, owner=voice.owner, made=made)
        self.put_under(freeze_id, [voice.id])

    def put(self, place: str, *, reference: str, owner: str, made: bytes | None) -> int:
        """The id of the freeze of this recording there, which may have stood already."""
        found = self._connection.execute(
            select(freezes.c.id, freezes.c.print)
            .where(freezes.c.place == place, freezes.c.reference == reference)
            .order_by(freezes.c.id)
        ).first()
        if found is not None:
            if made and found.print is None:
                self.set_print(found.id, made)
            return int(found.id)
        values = {"place": place, "owner": owner, "reference": reference, "compared": False}
        freeze_id = int(
            self._connection.execute(
                insert(freezes).returning(freezes.c.id), values | {"print": made}
            ).scalar_one()
        )
        same = select(voices.c.id).where(voices.c.reference == reference)
        self.put_under(freeze_id, self._connection.execute(same).scalars())
        self._forget_oldest_prints(place)
        return freeze_id

    def put_under(self, freeze_id: int, voice_ids: Iterable[int]) -> None:
        """These voices fall under a freeze. Nothing where either is gone."""
        known = select(freezes.c.id).where(freezes.c.id == freeze_id)
        if self._connection.execute(known).first() is None:
            return
        under = select(frozen_voices.c.voice_id).where(frozen_voices.c.freeze_id == freeze_id)
        for some in batches(list(voice_ids)):
            pairs = select(literal(freeze_id), voices.c.id).where(
                voices.c.id.in_(some), voices.c.id.not_in(under)
            )
            self._connection.execute(
                insert(frozen_voices).from_select(["freeze_id", "voice_id"], pairs)
            )

    def put_voice_under(self, voice: Voice, recognized: Collection[int]) -> None:
        """A voice that has just come, or has another recording, falls under the freezes of these
        ids, and under those of the same bytes."""
        same = select(freezes.c.id).where(freezes.c.reference == voice.reference)
        for freeze_id in {*recognized, *self._connection.execute(same).scalars()}:
            self.put_under(freeze_id, [voice.id])

    def set_print(self, freeze_id: int, made: bytes) -> None:
        """Empty: there is none to be had."""
        found = self._connection.execute(
            update(freezes)
            .where(freezes.c.id == freeze_id)
            .values(print=made, compared=not made)
            .returning(freezes.c.place)
        ).scalar()
        if found is not None:
            self._forget_oldest_prints(found)

    def set_compared(self, freeze_id: int) -> None:
        self._connection.execute(
            update(freezes).where(freezes.c.id == freeze_id).values(compared=True)
        )

    def release(self, place: str, voice: Voice) -> None:
        """The recording is free there: this voice, and all that were frozen with it."""
        over = select(frozen_voices.c.freeze_id).where(frozen_voices.c.voice_id == voice.id)
        self._connection.execute(
            delete(freezes).where(freezes.c.place == place, freezes.c.id.in_(over))
        )

    def keep_only(self, place: str, references: Collection[str]) -> None:
        """All other freezes there go."""
        there = self._connection.execute(
            select(freezes.c.id, freezes.c.reference).where(freezes.c.place == place)
        )
        gone = [row.id for row in there if row.reference not in references]
        for some in batches(gone):
            self._connection.execute(delete(freezes).where(freezes.c.id.in_(some)))

    def of_owner(self, member: str) -> list[tuple[str, str]]:
        """What is frozen of a member's: server, recording. Also where the voice is gone."""
        rows = self._connection.execute(
            select(freezes.c.place, freezes.c.reference)
            .where(freezes.c.owner == member)
            .order_by(freezes.c.place, freezes.c.id)
        )
        return [(row.place, row.reference) for row in rows]

    def _forget_oldest_prints(self, place: str) -> None:
        if place == EVERYWHERE:
            return
        newest = (
            select(freezes.c.id)
            .where(freezes.c.place == place, freezes.c.print.is_not(None))
            .order_by(freezes.c.id.desc())
            .limit(MOST_PRINTS)
        )
        self._connection.execute(
            update(freezes)
            .where(
                freezes.c.place == place, freezes.c.print.is_not(None), freezes.c.id.not_in(newest)
            )
            .values(print=b"", compared=True)  # not NULL: it would be looked for again
        )

    def block_member(self, place: str, member: str) -> None:
        self._connection.execute(
            insert(blocked_members).values(place=place, member=member).on_conflict_do_nothing()
        )

    def unblock_member(self, place: str, member: str) -> None:
        self._connection.execute(
            delete(blocked_members).where(
                blocked_members.c.place == place, blocked_members.c.member == member
            )
        )

    def members_blocked_on(self, place: str | None) -> frozenset[str]:
        """The members who may not give voices there."""
        rows = self._connection.execute(
            select(blocked_members.c.member).where(blocked_members.c.place == place)
        )
        return frozenset(rows.scalars())

    def places_blocking(self, member: str) -> list[str]:
        """The servers on which a member is blocked."""
        rows = self._connection.execute(
            select(blocked_members.c.place)
            .where(blocked_members.c.member == member)
            .order_by(blocked_members.c.place)
        )
        return list(rows.scalars())


def frozen_there(place: str | None) -> Select[Any]:
    return (
        select(frozen_voices.c.voice_id)
        .join(freezes, freezes.c.id == frozen_voices.c.freeze_id)
        .where(freezes.c.place == place)
    )
