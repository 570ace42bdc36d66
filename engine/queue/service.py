"""The front door of the queue: a process opens and closes it once; each front end has its view.

Knows: the order in which the parts start and stop, and what concerns the jobs of all front ends.
Does not know: Discord, HTTP; what a single front end may request (`frontend.py` does).
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Final, TypeVar

from engine.base.clock import Clock
from engine.base.data_dir import DataDirectory
from engine.base.settings import MEBIBYTE, Settings
from engine.model.engine import EngineInfo
from engine.model.jobs import Job, JobRequest, LaneKey
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Queue
from engine.queue.frontend import FrontEndQueue
from engine.queue.maintenance import Maintenance, RetentionLimits
from engine.queue.playback import PlaybackQueue
from engine.queue.recovery import recover
from engine.queue.retraction import Retraction, forget_audio, retract
from engine.queue.synthesis import Synthesis
from engine.store.integrity import upgrade
from engine.store.sqlite import Database
from engine.store.transaction import Transaction
from engine.tts.client.engine import Engine

T = TypeVar("T")

_DAY: Final = 86_400
#: Files that are deleted in one change, so that other changes do not wait long.
_BATCH: Final = 500


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
        self._synthesis = Synthesis(self._queue, self._cache, engine, clock)
        self._maintenance = Maintenance(
            self._queue,
            self._cache,
            clock,
            RetentionLimits(
                expiry=settings.mynah_job_expiry,
                keep_jobs=settings.mynah_keep_jobs * _DAY,
                cache_size=settings.mynah_cache_size * MEBIBYTE,
            ),
        )
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
        return None if self._queue.engine is None else self._queue.engine.info

    def guard(self, check: Callable[[Transaction, JobRequest], None]) -> None:
        """Call `check` for each job from now on, in the transaction that commits it. `check`
        raises Refused if the job is not allowed."""
        self._queue.guard = check

    async def retract(self, change: Callable[[Transaction, Collection[Job]], Retraction[T]]) -> T:
        """Commit `change`, which receives all jobs that may still be heard. The jobs that it names
        end in the same transaction: no job is submitted, made or heard in between."""
        return await self._queue.change(retract(self._queue, self._players.values(), change))

    def wanted_by_others(self, requester: str) -> set[str]:
        """Keys of audio that live jobs of other members wait for. Valid during `retract`."""
        return {
            key
            for key, chunks in self._queue.wanted.items()
            if any(chunk.owner.job.requester != requester for chunk in chunks)
        }

    async def forget_audio(self, keys: Collection[str]) -> None:
        """Delete the files of audio whose rows are gone. Audio that was made again stays."""
        all_keys = list(keys)
        for at in range(0, len(all_keys), _BATCH):
            some = all_keys[at : at + _BATCH]
            await self._queue.change(forget_audio(self._queue, self._cache, some))

    async def forget_reference(self, reference: str) -> None:
        """Make the engine drop what it derived from a recording. Raises EngineUnavailable."""
        await self._engine.forget(reference)
