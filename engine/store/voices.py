"""Every statement on voices, the members who may use them, and what their owners agreed to.

Knows: rows, and how they hold values. Does not know: permissions, time.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
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
from engine.store.freezes import frozen_there
from engine.store.repository import Repository, batches, columns
from engine.store.tables import choices, consents, jobs, place_rules, voice_members, voices

_LISTED: Final = select(voice_members.c.voice_id)


class Voices(Repository):
    """Registered voices, their lists, and what their owners agreed to."""

    def insert(
        self,
        *,
        owner: str,
        name: str,
        reference: str,
        scope: Scope,
        place: str | None,
        analysis: RecordingAnalysis,
        now: float,
    ) -> Voice:
        values = {
            "owner": owner,
            "name": name,
            "name_key": name_key(name),
            "reference": reference,
            "scope": scope,
            "place": place,
            "style": {},
            "analysis": analysis.to_json(),
            "created_at": now,
        }
        voice_id = self._connection.execute(
            insert(voices).returning(voices.c.id), values
        ).scalar_one()
        made = self.get(voice_id)
        assert made is not None
        return made

    def update(self, voice_id: int, **values: object) -> None:
        self._connection.execute(update(voices).where(voices.c.id == voice_id).values(**values))

    def rename(self, voice_id: int, name: str) -> None:
        self.update(voice_id, name=name, name_key=name_key(name))

    def delete(self, gone: Iterable[Voice]) -> None:
        """Delete voices with their lists and consents, and every choice of them. Freezes stay."""
        found = list(gone)
        for some in batches([voice.id for voice in found]):
            self._connection.execute(delete(voices).where(voices.c.id.in_(some)))
        for keys in batches([voice.key for voice in found]):
            self._connection.execute(delete(choices).where(choices.c.voice.in_(keys)))
            self._connection.execute(
                update(place_rules)
                .where(place_rules.c.default_voice.in_(keys))
                .values(default_voice=None)
            )

    def put_members(self, voice_id: int, members: Iterable[str]) -> None:
        """Replace the list of other members who may use the voice."""
        self._connection.execute(delete(voice_members).where(voice_members.c.voice_id == voice_id))
        rows = [{"voice_id": voice_id, "member": member} for member in sorted(members)]
        if rows:
            self._connection.execute(insert(voice_members), rows)

    def put_consent(
        self, voice_id: int, *, member: str, place: str | None, words: str, now: float
    ) -> None:
        self._connection.execute(
            insert(consents).values(
                voice_id=voice_id, member=member, place=place, words=words, given_at=now
            )
        )

    def consents_of(self, member: str) -> list[Mapping[str, Any]]:
        rows = self._connection.execute(
            select(consents).where(consents.c.member == member).order_by(consents.c.voice_id)
        )
        return [dict(row._mapping) for row in rows]

    def get(self, voice_id: int) -> Voice | None:
        found = self._select(voices.c.id == voice_id)
        return found[0] if found else None

    def of_owner(self, owner: str) -> list[Voice]:
        return self._select(voices.c.owner == owner)

    def called(self, owner: str, name: str) -> Voice | None:
        """The voice of `owner` that has this name."""
        found = self._select(voices.c.owner == owner, voices.c.name_key == name_key(name))
        return found[0] if found else None

    def within_reach(self, member: str, place: str | None) -> list[Voice]:
        """All voices whose scope lets this member use them in `place`, and some more:
        `permissions.may_use` decides."""
        listed = _LISTED.where(voice_members.c.member == member)
        reach: list[ColumnElement[bool]] = [
            voices.c.owner.in_([member, OPERATOR]),
            voices.c.id.in_(listed),
        ]
        if place is not None:
            reach.append(voices.c.place == place)
        return self._select(or_(*reach))

    def seen_on(self, place: str) -> list[Voice]:
        """Voices shared with `place` or with everyone, spoken there recently, or frozen there."""
        spoken = select(jobs.c.voice).where(jobs.c.place == place, jobs.c.reference.is_not(None))
        return self._select(
            or_(
                voices.c.place == place,
                voices.c.scope == Scope.PUBLIC,
                voices.c.id.in_(frozen_there(place)),
                (literal("@") + cast(voices.c.id, String)).in_(spoken),
            ),
        )

    def speakers_on(self, place: str) -> dict[str, str]:
        """The voices that were heard recently in `place`, by key, each with its last requester."""
        rows = self._connection.execute(
            select(jobs.c.voice, jobs.c.requester)
            .where(
                jobs.c.place == place, jobs.c.reference.is_not(None), jobs.c.started_at.is_not(None)
            )
            .order_by(jobs.c.id)
        )
        return {row.voice: row.requester for row in rows}

    def references(self, among: Iterable[str] | None = None) -> set[str]:
        """The content hashes of all voices' recordings; only those in `among`, if given."""
        if among is None:
            return set(self._connection.execute(select(voices.c.reference).distinct()).scalars())
        found: set[str] = set()
        for some in batches(list(among)):
            rows = self._connection.execute(
                select(voices.c.reference).distinct().where(voices.c.reference.in_(some))
            )
            found.update(rows.scalars())
        return found

    def _select(self, *where: ColumnElement[bool]) -> list[Voice]:
        query = select(*columns(voices, Voice)).where(*where).order_by(voices.c.id)
        rows = self._connection.execute(query).mappings().all()
        members: dict[int, set[str]] = {
            row["id"]: set() for row in rows if row["scope"] is Scope.MEMBERS
        }
        for some in batches(list(members)):
            for listed in self._connection.execute(
                select(voice_members).where(voice_members.c.voice_id.in_(some))
            ):
                members[listed.voice_id].add(listed.member)
        return [
            Voice(
                **dict(row)
                | {
                    "members": frozenset(members.get(row["id"], ())),
                    "analysis": RecordingAnalysis.from_json(row["analysis"]),
                }
            )
            for row in rows
        ]
