"""What the flow tests share: a speech queue with everything around it, and a patient listener."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from engine.base.aio import TO_COMPLETION
from engine.base.settings import load_settings
from engine.model.jobs import Job, JobRequest, JobView
from engine.queue import FrontEndQueue, PlaybackItem, PlaybackQueue, SpeechQueue
from mynah.testing.clocks import ManualClock
from mynah.testing.fake_engine import INFO, FakeEngine

T = TypeVar("T")

#: The tests act as this front end if they name no other.
FRONTEND = "discord"

#: Two pieces, of which the first is short, and one that is a single piece.
TWO = "This is the first sentence of it all. And here is the second one, a little longer."
ONE = "Hello to everyone here."


class Harness:
    """A speech queue on one data directory, with its front end, engine and clock. `restart` and
    `killed` continue with what is on disk."""

    def __init__(self, directory: Path, migrated: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.engine = FakeEngine(self.clock, info=replace(INFO, slots=1))
        self.settings: dict[str, Any] = {"mynah_disk_reserve": 0}
        self._open: list[SpeechQueue] = []
        self._keys = 0
        directory.mkdir(parents=True)
        shutil.copy(migrated, directory / "mynah.db")

    async def open(self, engine: FakeEngine | None = None, **settings: Any) -> FrontEndQueue:
        """Open the queue on the directory. The arguments also hold for later starts."""
        self.engine = engine or self.engine
        self.settings |= settings
        built = load_settings(_env_file=None, mynah_data_dir=self.directory, **self.settings)
        self.queue = SpeechQueue(built, self.engine, self.clock)
        await self.queue.open()
        self._open.append(self.queue)
        self.speech = self.queue.for_frontend(FRONTEND)
        return self.speech

    async def close(self) -> None:
        self._open.remove(self.queue)
        await self.queue.close()

    async def restart(self, engine: FakeEngine | None = None, **settings: Any) -> FrontEndQueue:
        """Close in good order and open again; with an engine like the last one if none is given."""
        await self.close()
        return await self.open(engine or self.engine_like(), **settings)

    async def killed(
        self, engine: FakeEngine | None = None, *, after: float = 0.0
    ) -> FrontEndQueue:
        """Open what a kill at this moment would have left, `after` seconds later.

        It copies files while nothing writes; kills in mid-write are in `tests/process`.
        """
        await self.quiet()
        copy = self.directory.with_name(self.directory.name + "-killed")
        shutil.copytree(self.directory, copy)
        self.directory = copy
        await self.clock.advance(after)
        return await self.open(engine or self.engine_like())

    async def close_all(self) -> None:
        for queue in self._open:
            await queue.close()
        self._open.clear()

    async def say(self, text: str = ONE, lane: str = "lane", **other: Any) -> Job:
        """Submit on a lane that can be heard."""
        self.speech.reachable(lane, True)
        asked = {"lane": lane, "place": lane, "requester": "ada", "text": text, "voice": "en"}
        return await self.speech.submit(JobRequest(**asked | other))

    async def quiet(self) -> None:
        """Wait until everything that needs no more time has happened, threads included."""
        ready = vars(asyncio.get_running_loop())["_ready"]  # what the loop would run next
        still = 0
        while still < 3:
            await asyncio.to_thread(lambda: None)  # after all file work: there is one thread
            await asyncio.sleep(0)
            while ready:  # noqa: ASYNC110 - there is no event for an idle loop
                await asyncio.sleep(0)
            changing = any(task.get_name() == TO_COMPLETION for task in asyncio.all_tasks())
            still = 0 if changing else still + 1

    async def pass_time(self, seconds: float, *, step: float = 0.1) -> None:
        """Let time pass in steps, and wait each time for all that follows."""
        until = self.clock.time() + seconds
        await self.quiet()
        while (left := until - self.clock.time()) > 1e-9:
            await self.clock.advance(min(step, left))
            await self.quiet()

    def engine_like(self, **other: Any) -> FakeEngine:
        """An engine with the info and the pace of the last one."""
        before = self.engine
        return FakeEngine(self.clock, **{"info": before.described, "pace": before.pace, **other})


class Listener:
    """Takes a lane's playback items and hears each to its end, as a voice connection would."""

    def __init__(self, player: PlaybackQueue) -> None:
        self.player = player
        self.heard: list[str] = []

    async def hear(self, count: int = 1) -> list[PlaybackItem]:
        """Hear the next `count` chunks whole."""
        items = []
        for _ in range(count):
            item = await soon(self.player.next())
            await self.player.started(item)
            await whole(item)
            self.heard.append(item.chunk.text)
            await self.player.spoken(item)
            items.append(item)
        return items

    async def hear_all(self) -> list[str]:
        """Hear until nothing has come for a while; the texts."""
        heard = len(self.heard)
        with contextlib.suppress(TimeoutError):
            while True:
                item = await soon(self.player.next(), within=0.3)
                await self.player.started(item)
                await whole(item)
                if not item.sound.over:
                    self.heard.append(item.chunk.text)
                    await self.player.spoken(item)
        return self.heard[heard:]


async def soon(what: Awaitable[T], within: float = 10.0) -> T:
    """The result of something that should come at once, in real time."""
    return await asyncio.wait_for(what, within)


async def until(holds: Callable[[], bool], within: float = 10.0) -> None:
    """Wait in real time until `holds()`: threads do not follow a manual clock."""

    async def poll() -> None:
        while not holds():  # noqa: ASYNC110 - threads set no event
            await asyncio.sleep(0.001)

    await asyncio.wait_for(poll(), within)


async def whole(item: PlaybackItem) -> None:
    """Wait until all of the item's sound is there, or will not be heard."""
    await until(lambda: item.sound.complete or item.sound.over)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """File work runs in one thread, so that what is requested last is done last."""
    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(1)
    loop.set_default_executor(executor)
    yield
    executor.shutdown()


def rows(directory: Path, query: str) -> list[Any]:
    """The rows in the database of this data directory, whether it is in use or not."""
    with contextlib.closing(sqlite3.connect(directory / "mynah.db")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query).fetchall()


async def job_for(queue: FrontEndQueue, key: str) -> Job | None:
    """The job that was submitted with this key, read from the disk."""
    return await queue.database.read(lambda tx: tx.jobs.by_key(queue.frontend, key))


def states(view: JobView) -> tuple[str, int, int]:
    return view.job.state.value, view.spoken, view.chunks
