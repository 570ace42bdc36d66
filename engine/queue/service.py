"""The front door of the queue: a process opens and closes it once; each front end has its view.

Knows: the order in which the parts start and stop, and what concerns the jobs of all front ends.
Does not know: Discord, HTTP; what a single front end may request (`frontend.py` does).
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from engine.base.clock import Clock
from engine.base.data_dir import DataDirectory
from engine.base.settings import Settings
from engine.model.engine import EngineInfo
from engine.model.jobs import EndReason, Job, JobRequest, JobState, LaneKey
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Change, Queue, alone
from engine.queue.frontend import FrontEndQueue
from engine.queue.maintenance import Maintenance
from engine.queue.playback import PlaybackQueue
from engine.queue.recovery import recover
from engine.queue.synthesis import Synthesis
from engine.store.integrity import upgrade
from engine.store.sqlite import Database
from engine.store.transaction import Transaction
from engine.tts.client.engine import Engine

T = TypeVar("T")

#: Files that are deleted in one change, so that other changes do not wait long.
_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction(Generic[T]):
    """The outcome of a change: its `result`, the jobs that it ends and why, and the jobs whose
    audio in the making must not be stored (`forget`)."""

    result: T
    ends: Mapping[int, EndReason]
    forget: Callable[[Job], bool] = lambda job: False


class SpeechQueue:
    """Text in, sound out, nothing lost in between.

    Call `open` first and `close` last, once each.
    """

    def __init__(self, settings: Settings, engine: Engine, clock: Clock) -> None:
        self._settings = settings
        self._engine = engine
        self._directory = DataDirectory(settings.mynah_data_dir)
        self._cache = AudioCache(self._directory.audio)
        self._queue = Queue(self._directory.database, clock)
        self._synthesis = Synthesis(self._queue, self._cache, engine)
        self._maintenance = Maintenance(self._queue, self._cache, settings)
        self._players: dict[LaneKey, PlaybackQueue] = {}
        self._opened = False

    # ---- start and stop

    async def open(self) -> None:
        """Lock the data directory, check and migrate the database, recover from a kill, and start
        work. The engine need not be ready.

        Raises SetupError: DataDirectoryInUse, DatabaseDamaged.
        """
        self._directory.lock()
        try:
            await asyncio.to_thread(upgrade, self._directory.database)
            await self._queue.change(recover(self._queue, self._cache))
            await self._engine.start()
        except BaseException:
            await self._queue.close()
            self._directory.unlock()
            raise
        self._synthesis.start()
        self._maintenance.start()
        self._opened = True

    async def close(self) -> None:
        """Stop work, save the state, close the engine, and unlock the data directory.

        Does nothing if `open` has failed.
        """
        if not self._opened:
            return
        self._opened = False
        for player in self._players.values():
            player.close()
        await self._synthesis.stop()
        await self._maintenance.stop()
        await self._engine.close()
        await self._queue.close()
        self._directory.unlock()

    def for_frontend(self, name: str) -> FrontEndQueue:
        """The queue as the front end with this name sees it: its own jobs and lanes only. Views
        with the same name share them."""
        return FrontEndQueue(
            name, self._queue, self._cache, self._engine, self._settings, self._players
        )

    # ---- the jobs of all front ends: guarding, retracting and deleting

    @property
    def database(self) -> Database:
        """For other data in the same file as the queue."""
        return self._queue.database

    @property
    def info(self) -> EngineInfo | None:
        """The engine's info, even while it is away; None before an engine has ever started."""
        return self._queue.info

    def guard(self, check: Callable[[Transaction, JobRequest], None]) -> None:
        """Call `check` for each job from now on, in the transaction that commits it. `check`
        raises Refused if the job is not allowed."""
        self._queue.guard = check

    @alone
    async def retract(self, change: Callable[[Transaction, Collection[Job]], Retraction[T]]) -> T:
        """Commit `change`, which receives all jobs that may still be heard. The jobs that it names
        end in the same transaction: no job is submitted, made or heard in between."""
        queue, players = self._queue, self._players.values()
        jobs = {live.job.id: live.job for live in queue.jobs.values()}
        for player in players:
            jobs |= {job.id: job for job in player.past()}
        retractions: list[Retraction[T]] = []

        def write(tx: Transaction) -> Iterable[Change]:
            retraction = change(tx, list(jobs.values()))
            retractions.append(retraction)
            for by in set(retraction.ends.values()):
                ids = [job_id for job_id, reason in retraction.ends.items() if reason is by]
                yield from queue.ended(ids, JobState.CANCELLED, by=by)

        await queue.apply(first=write)
        (retraction,) = retractions
        for player in players:
            player.forget(lambda job: job.id in retraction.ends)
        for key, in_flight in queue.in_flight.items():
            if key not in queue.wanted and retraction.forget(in_flight.chunk.owner.job):
                in_flight.unwelcome = True
        return retraction.result

    def wanted_by_others(self, requester: str) -> set[str]:
        """Keys of audio that live jobs of other members wait for. Valid during `retract`."""
        return {
            key
            for key, chunks in self._queue.wanted.items()
            if any(chunk.owner.job.requester != requester for chunk in chunks)
        }

    async def forget_audio(self, keys: Collection[str]) -> None:
        """Delete the files of audio whose rows are gone. Audio that was made again, or is being
        made, stays."""
        all_keys = list(keys)
        for at in range(0, len(all_keys), _BATCH):
            await self._forget_some(all_keys[at : at + _BATCH])

    @alone
    async def _forget_some(self, keys: Collection[str]) -> None:
        def look(tx: Transaction) -> tuple[Collection[str], int]:
            return tx.audio.known(keys), tx.audio.total_bytes()

        again, self._queue.cached_bytes = await self._queue.database.read(look)
        for key in keys:
            if key not in again and key not in self._queue.in_flight:
                await asyncio.to_thread(self._cache.drop, key)

    async def forget_reference(self, reference: str) -> None:
        """Make the engine drop what it derived from a recording. Raises EngineUnavailable."""
        await self._engine.forget(reference)
