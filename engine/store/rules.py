"""Every statement on the voices that members choose and on the rules that a server's admins set.

Knows: rows. Does not know: what a rule means (`permissions.py`), who may set it, freezes
(`freezes.py`).
"""

from dataclasses import asdict

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from engine.model.voices import PlaceRules
from engine.store.repository import Repository, columns
from engine.store.tables import choices, place_rules


class Rules(Repository):
    """Members' choices, and the rules of places."""

    def put_choice(self, member: str, place: str, voice: str | None) -> None:
        self._connection.execute(
            delete(choices).where(choices.c.member == member, choices.c.place == place)
        )
        if voice is not None:
            self._connection.execute(
                insert(choices).values(member=member, place=place, voice=voice)
            )

    def choices_of(self, member: str) -> dict[str, str]:
        """The voices that a member chose, by place."""
        rows = self._connection.execute(select(choices).where(choices.c.member == member))
        return {row.place: row.voice for row in rows}

    def of(self, place: str | None) -> PlaceRules:
        """The rules of a place; the defaults outside of any place."""
        row = self._connection.execute(
            select(*columns(place_rules, PlaceRules)).where(place_rules.c.place == place)
        ).one_or_none()
        return PlaceRules() if row is None else PlaceRules(**row._mapping)

    def put(self, place: str, rules: PlaceRules) -> None:
        values = asdict(rules)
        self._connection.execute(
            insert(place_rules)
            .values(place=place, **values)
            .on_conflict_do_update(index_elements=[place_rules.c.place], set_=values)
        )
