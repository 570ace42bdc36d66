"""Every statement on voices, the members who may use them, what their owners agreed to, the voices
that members choose, and the rules that a server's admins set.
Does not know: what a rule means (`permissions.py`), freezes (`freezes.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import ColumnElement, String, cast, delete, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.model.voice_names import name_key
from engine.model.voices import OPERATOR, PlaceRules, RecordingAnalysis, Scope, Voice
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
        new = insert(voices).values(
            owner=owner,
            name=name,
            name_key=name_key(name),
            reference=reference,
            scope=scope,
            place=place,
            style={},
            analysis=analysis.to_json(),
            created_at=now,
        )
        made = self.get(self._execute(new.returning(voices.c.id)).scalar_one())
        assert made is not None
        return made

    def update(self, voice_id: int, **values: object) -> None:
        self._execute(update(voices).where(voices.c.id == voice_id).values(**values))

    def rename(self, voice_id: int, name: str) -> None:
        self.update(voice_id, name=name, name_key=name_key(name))

    def delete(self, gone: Iterable[Voice]) -> None:
        """Delete voices with their lists and consents, and every choice of them. Freezes stay."""
        for some in batches(gone):
            keys = [voice.key for voice in some]
            default = place_rules.c.default_voice
            self._execute(delete(voices).where(voices.c.id.in_([voice.id for voice in some])))
            self._execute(delete(choices).where(choices.c.voice.in_(keys)))
            self._execute(update(place_rules).where(default.in_(keys)).values({default: None}))

    def put_members(self, voice_id: int, members: Iterable[str]) -> None:
        """Replace the list of other members who may use the voice."""
        self._execute(delete(voice_members).where(voice_members.c.voice_id == voice_id))
        rows = [{"voice_id": voice_id, "member": member} for member in sorted(members)]
        if rows:
            self._execute(insert(voice_members), rows)

    def put_consent(
        self, voice_id: int, *, member: str, place: str | None, words: str, now: float
    ) -> None:
        self._execute(
            insert(consents).values(
                voice_id=voice_id, member=member, place=place, words=words, given_at=now
            )
        )

    def consents_of(self, member: str) -> list[Mapping[str, Any]]:
        query = select(consents).where(consents.c.member == member)
        return [dict(row) for row in self._execute(query.order_by(consents.c.voice_id)).mappings()]

    def get(self, voice_id: int) -> Voice | None:
        return next(iter(self._select(voices.c.id == voice_id)), None)

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
        rows = self._execute(
            select(jobs.c.voice, jobs.c.requester)
            .where(
                jobs.c.place == place, jobs.c.reference.is_not(None), jobs.c.started_at.is_not(None)
            )
            .order_by(jobs.c.id)
        )
        return {row.voice: row.requester for row in rows}

    def references(self, among: Iterable[str] | None = None) -> set[str]:
        """The content hashes of all voices' recordings; only those in `among`, if given."""
        query = select(voices.c.reference).distinct()
        if among is None:
            return set(self._scalars(query))
        found = self._in_batches(among, lambda some: query.where(voices.c.reference.in_(some)))
        return {row.reference for row in found}

    def _select(self, *where: ColumnElement[bool]) -> list[Voice]:
        query = select(*columns(voices, Voice)).where(*where).order_by(voices.c.id)
        rows = self._execute(query).mappings().all()
        members: dict[int, set[str]] = {
            row["id"]: set() for row in rows if row["scope"] is Scope.MEMBERS
        }
        listed = select(voice_members)
        for entry in self._in_batches(
            members, lambda some: listed.where(voice_members.c.voice_id.in_(some))
        ):
            members[entry.voice_id].add(entry.member)
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


class Rules(Repository):
    """Members' choices, and the rules of places."""

    def put_choice(self, member: str, place: str, voice: str | None) -> None:
        self._execute(delete(choices).where(choices.c.member == member, choices.c.place == place))
        if voice is not None:
            self._execute(insert(choices).values(member=member, place=place, voice=voice))

    def choices_of(self, member: str) -> dict[str, str]:
        """The voices that a member chose, by place."""
        rows = self._execute(select(choices).where(choices.c.member == member))
        return {row.place: row.voice for row in rows}

    def of(self, place: str | None) -> PlaceRules:
        """The rules of a place; the defaults outside of any place."""
        query = select(*columns(place_rules, PlaceRules)).where(place_rules.c.place == place)
        return next(iter(self._values(query, PlaceRules)), PlaceRules())

    def put(self, place: str, rules: PlaceRules) -> None:
        values = asdict(rules)
        self._execute(
            insert(place_rules)
            .values(place=place, **values)
            .on_conflict_do_update(index_elements=[place_rules.c.place], set_=values)
        )
