"""The front door of the queue: opened and closed once a process; each front end has a view of it.

Knows: in which order the parts start and stop, and what concerns the jobs of all front ends.
Does not know: Discord, HTTP, who asks; what a front end asks for (`frontend.py`).
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
#: Files that are removed in one change: others wait for it.
_AT_ONCE: Final = 500


class SpeechQueue:
    """Text in, sound out, nothing lost in between.

    `open` before anything else, `close` after everything, once each.
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
        """Take the data directory, examine and migrate the database, recover from a kill, begin
        to work. The engine need not be ready.

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
        """Stop working, save the state, let go of the engine and of the data directory.

        Does nothing where `open` has failed.
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
        """The queue as the front end of this name sees it: its own jobs and lanes only. Whatever
        is called so sees the same."""
        return FrontEndQueue(
            name, self._queue, self._cache, self._engine, self._settings, self._players
        )

    # ---- what must not be heard any more, or has to go: the jobs of all front ends

    @property
    def database(self) -> Database:
        """For what is kept beside the queue, in the same file."""
        return self._queue.database

    @property
    def info(self) -> EngineInfo | None:
        """The engine's info, also while it is away; None before the first start of an engine."""
        return None if self._queue.engine is None else self._queue.engine.info

    def guard(self, check: Callable[[Transaction, JobRequest], None]) -> None:
        """Have `check` asked about each job from now on, in the transaction that commits it; it
        raises Refused where the job may not be."""
        self._queue.guard = check

    async def retract(self, change: Callable[[Transaction, Collection[Job]], Retraction[T]]) -> T:
        """Commit `change`, which is given all jobs that may yet be heard; those that it names end
        in the same transaction: no job begins, is made or is heard in between."""
        return await self._queue.change(retract(self._queue, self._players.values(), change))

    def wanted_by_others(self, requester: str) -> set[str]:
        """Keys of audio that other members' live jobs wait for. Valid during `retract`."""
        return {
            key
            for key, chunks in self._queue.wanted.items()
            if any(chunk.owner.job.requester != requester for chunk in chunks)
        }

    async def forget_audio(self, keys: Collection[str]) -> None:
        """Remove the files of audio whose rows are gone. A piece that was made again stays."""
        all_keys = list(keys)
        for at in range(0, len(all_keys), _AT_ONCE):
            some = all_keys[at : at + _AT_ONCE]
            await self._queue.change(forget_audio(self._queue, self._cache, some))

    async def forget_reference(self, reference: str) -> None:
        """Have the engine drop what it made of a recording. Raises EngineUnavailable."""
        await self._engine.forget(reference)
