"""Which voice is meant: every look-up by what a member types. Pure.

Three kinds of members look up voices. Members find those that they may use, and owners their own.
Admins, and members who report a voice, also find voices whose names they may not read: these only
by their number.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.model.errors import UnknownVoice
from engine.model.voice_names import name_key
from engine.model.voices import Voice, voice_number
from engine.voices.permissions import open_to_all


class AmbiguousVoice(UnknownVoice):
    """Several voices that the requester may find have this name: `candidates`."""

    def __init__(self, candidates: Sequence[Voice]) -> None:
        super().__init__(
            f"{len(candidates)} voices have the same name",
            code="ambiguous-voice",
            voices=", ".join(each.key for each in candidates),
        )
        self.candidates = tuple(candidates)


@dataclass(frozen=True, slots=True)
class PlaceVoices:
    """Voices of a place, for somebody who may read the names of the `readable` ones only.

    Of the others they see the member who spoke in them, where `speakers` (by key) are given, else
    the owner.
    """

    voices: Sequence[Voice]
    readable: Collection[int]  # ids
    speakers: Mapping[str, str] | None = None

    def find(self, typed: str) -> Voice:
        """The voice that is meant, by its number or by a readable name. Raises UnknownVoice,
        AmbiguousVoice."""
        number = typed_number(typed)
        if number is not None:
            found = [each for each in self.voices if each.id == number]
        else:
            found = named((each for each in self.voices if each.id in self.readable), typed)
        return only(found, UnknownVoice("no such voice there", code="unknown-voice-there"))


def readable_by_admins(voices: Sequence[Voice], place: str) -> PlaceVoices:
    """Admins read the names that everyone on `place` may read."""
    return PlaceVoices(voices, {each.id for each in voices if open_to_all(each, place)})


def named(voices: Iterable[Voice], typed: str) -> list[Voice]:
    wanted = name_key(typed)
    return [each for each in voices if name_key(each.name) == wanted]


def only(found: Sequence[Voice], unknown: UnknownVoice) -> Voice:
    """The one voice that was found. Raises `unknown`, AmbiguousVoice."""
    if not found:
        raise unknown
    if len(found) > 1:
        raise AmbiguousVoice(found)
    return found[0]


def typed_number(typed: str) -> int | None:
    """A voice's number, typed as "@12" or "#12"."""
    return voice_number(typed.strip().replace("#", "@", 1))
