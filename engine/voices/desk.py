"""What all of the library's acts have in common: one transaction each, and its consequences.

Knows: that an act, its entry in the trail and the ends of jobs that follow from it belong together;
who has to look again. Does not know: any act.

Every act goes through `_act`: after it, in the same transaction, each live job in a registered
voice is judged anew, and those whose requester may no longer use it there end at once.
"""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection

from engine.clock import Clock
from engine.errors import EngineUnknown, UnknownVoice
from engine.feed import Feed, Subscription
from engine.settings import Settings
from engine.speech import Speech
from engine.speech.amending import Amended
from engine.speech.jobs import EndedBy, Job, Say
from engine.speech.shield import Shield
from engine.store import audit_queries, freeze_queries, rule_queries, voice_queries
from engine.voices import access
from engine.voices.barring import FOLDER
from engine.voices.shelf import Shelf
from engine.voices.voice import Action, Asker, AuditEntry, Barred, LaneRules, Voice, voice_number

T = TypeVar("T")

#: The same words whether a voice does not exist or may not be used: they are not to tell.
UNKNOWN: Final = (
    "There is no such voice that you may use here. Choose one of those that are offered as you "
    "type, or see `/voice list`."
)


class Judge:
    """Whether each of many uses is allowed, within one transaction: what was read stays valid."""

    def __init__(self, connection: Connection, references: frozenset[str]) -> None:
        self._connection = connection
        self._references = references
        self._voices: dict[int, Voice | None] = {}
        self._lanes: dict[str | None, tuple[LaneRules, Barred]] = {}

    def voice(self, key: str) -> Voice | None:
        number = voice_number(key)
        if number is None:
            return None
        if number not in self._voices:
            self._voices[number] = voice_queries.voice(self._connection, number)
        return self._voices[number]

    def lane(self, lane: str | None) -> tuple[LaneRules, Barred]:
        """What is decided there."""
        if lane not in self._lanes:
            everywhere = freeze_queries.frozen_on(self._connection, freeze_queries.EVERYWHERE)
            barred = Barred(
                voices=freeze_queries.frozen_on(self._connection, lane) | everywhere,
                references=self._references,
                members=freeze_queries.barred_on(self._connection, lane),
            )
            self._lanes[lane] = rule_queries.rules_of(self._connection, lane), barred
        return self._lanes[lane]

    def allows(self, voice: Voice, asker: Asker) -> bool:
        return access.may_use(voice, asker, *self.lane(asker.lane))

    def usable(self, asker: Asker) -> list[Voice]:
        """All that this member may use there: their own first, then by name."""
        found = voice_queries.within_reach(self._connection, asker.member, asker.lane)
        return sorted(
            (voice for voice in found if self.allows(voice, asker)),
            key=lambda voice: (voice.owner != asker.member, voice.name.casefold(), voice.id),
        )

    def may_speak(self, spoken: Job | Say) -> bool:
        """Whether a text may be spoken, as far as its voice is concerned."""
        if spoken.reference is None:
            return True
        voice = self.voice(spoken.voice)
        asker = Asker(member=spoken.requester, lane=spoken.lane)
        return (
            voice is not None and voice.reference == spoken.reference and self.allows(voice, asker)
        )


class Desk:
    def __init__(self, settings: Settings, speech: Speech, clock: Clock) -> None:
        self._settings = settings
        self._speech = speech
        self._database = speech.database
        self._clock = clock
        self._shelf = Shelf(settings.mynah_references_dir, settings.mynah_data_dir / "references")
        self._states: Path = settings.mynah_data_dir / "conditionals"
        self._frozen: Path = settings.mynah_data_dir / FOLDER
        #: Content hashes that the operator has barred everywhere.
        self._barred: frozenset[str] = frozenset()
        self._news = Feed[str](coarser=lambda key: "")
        self._shield = Shield()
        #: Held while a recording's file comes or goes together with its rows.
        self._files = asyncio.Lock()
        speech.guard(self._check_say)

    def follow(self) -> Subscription[str]:
        """The keys of voices ("@12") of which something has changed from now on: name, scope, who
        may use it where. "": that may be so of any."""
        return self._news.subscribe()

    # ---- acts

    async def _act(
        self,
        change: Callable[[Connection], T],
        *,
        tell: Collection[str] = (),
        forget: Callable[[Job], bool] = lambda job: False,
        ended_by: Callable[[Job], EndedBy] = lambda job: EndedBy.VOICE_GONE,
    ) -> T:
        """Commit `change`, and end what may not be spoken after it. Of the sound of jobs that
        `forget` names, nothing is kept that is still being made. `tell`: what changed."""

        def write(connection: Connection, jobs: Collection[Job]) -> Amended[T]:
            result = change(connection)
            judge = Judge(connection, self._barred)
            ends = {
                job.id: ended_by(job) for job in jobs if forget(job) or not judge.may_speak(job)
            }
            return Amended(result=result, ends=ends, forget=forget)

        result = await self._speech.amend(write)
        for key in tell:
            self._news.tell(key)
        return result

    async def _read(self, query: Callable[[Judge, Connection], T]) -> T:
        return await self._database.read(lambda c: query(Judge(c, self._barred), c))

    def _judge(self, connection: Connection) -> Judge:
        return Judge(connection, self._barred)

    def _tell(
        self,
        connection: Connection,
        asker: Asker,
        action: Action,
        voice_id: int | None = None,
        detail: str = "",
    ) -> None:
        """Write it into the trail."""
        entry = AuditEntry(
            at=self._clock.time(),
            lane=asker.lane,
            actor=asker.member,
            action=action,
            voice_id=voice_id,
            detail=detail,
        )
        audit_queries.tell(connection, entry)

    def _check_say(self, connection: Connection, say: Say) -> None:
        """Before a job is committed, in its transaction: a voice may have been taken away since
        it was chosen."""
        if not self._judge(connection).may_speak(say):
            raise unknown(say.voice)


def engine_unknown() -> EngineUnknown:
    return EngineUnknown(
        "no engine has told its voices yet",
        user_message="The speech engine is loading for the first time, so its voices are not known "
        "yet. Try again when it has loaded.",
    )


def unknown(typed: str) -> UnknownVoice:
    return UnknownVoice(f"no voice {typed!r} for this asker", user_message=UNKNOWN)
