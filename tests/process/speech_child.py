"""A process that speaks, and dies at a given point: run by `test_speech_kill.py`.

    python -m tests.process.speech_child DIRECTORY JOURNAL [POINT MOMENT NTH]

It submits three jobs like a front end (submit pending, confirm, note), plays all jobs, and writes
down what a member would have seen and heard: `promised KEY ID` when a job was acknowledged,
`first ID POSITION` and `last ID POSITION` when the first and the last frame of a chunk left.

POINT names a transaction by the function that asks for it, or the cache's `file`; at its NTH time
the process kills itself `before` it, `within` it (nothing is committed yet) or `after` it (memory
does not know yet).
"""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import engine.queue.changes
import engine.queue.service
from engine.base.clock import SystemClock
from engine.base.settings import load_settings
from engine.model.jobs import JobRequest
from engine.queue import FrontEndQueue, SpeechQueue
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Change, Queue
from engine.store.sqlite import Database
from engine.store.transaction import Transaction
from mynah.testing.fake_engine import FakeEngine

T = TypeVar("T")

TEXTS = [
    f"Here is the first sentence, number {n}. And here is the second one, which is longer."
    for n in "abc"
]


class KillPoint:
    """The point at which the process dies."""

    def __init__(self, point: str = "", moment: str = "", nth: str = "0") -> None:
        self._point = point
        self._moment = moment
        self._nth = int(nth)
        self._times = itertools.count(1)

    def at(self, point: str) -> bool:
        """Whether the process dies at this call, at some moment."""
        return point == self._point and next(self._times) == self._nth

    def reached(self, moment: str) -> None:
        if moment == self._moment:
            die()


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class MortalQueue(Queue):
    def apply(self, *changes: Change, **first: Any) -> Coroutine[Any, Any, None]:
        """Like the real one, and tells its database which function asks for the transaction."""
        MortalDatabase.asked_by = sys._getframe(1).f_code.co_qualname
        return super().apply(*changes, **first)


class MortalDatabase(Database):
    kill_point = KillPoint()
    asked_by = ""

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Like the real one, with a death on the way."""
        point = change.__qualname__.split(".<locals>")[0]
        point = self.asked_by if point == Queue.apply.__qualname__ else point
        if not self.kill_point.at(point):
            return await super().write(change)
        self.kill_point.reached("before")

        def within(tx: Transaction) -> T:
            result = change(tx)
            self.kill_point.reached("within")
            return result

        result = await super().write(within)
        self.kill_point.reached("after")
        return result


class MortalCache(AudioCache):
    kill_point = KillPoint()

    def write(self, key: str, stream: bytes) -> None:
        dies = self.kill_point.at("file")
        if dies:
            self.kill_point.reached("before")
        super().write(key, stream)
        if dies:
            self.kill_point.reached("after")


async def submit(speech: FrontEndQueue, journal: Callable[..., None]) -> None:
    for n, text in enumerate(TEXTS):
        request = JobRequest(
            lane="lane",
            requester="ada",
            text=text,
            voice="en",
            note={"interaction": str(n)},
            key=f"key {n}",
            pending=True,
        )
        job = await speech.submit(request)
        await speech.confirm(job.id)
        journal("promised", n, job.id)
        await speech.note(job.id, message="7")


async def play(speech: FrontEndQueue, journal: Callable[..., None]) -> None:
    player = speech.player("lane")
    while await speech.queue("lane"):
        item = await player.next()
        journal("first", item.job.id, item.chunk.position)
        await player.started(item)
        while not item.sound.complete:  # noqa: ASYNC110 - as the sending thread sees it
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.005)
        journal("last", item.job.id, item.chunk.position)
        await player.spoken(item)


async def run(directory: Path, journal: Callable[..., None]) -> None:
    clock = SystemClock()
    settings: Any = {"_env_file": None, "mynah_data_dir": directory, "mynah_disk_reserve": 0}
    queue = SpeechQueue(load_settings(**settings), FakeEngine(clock), clock)
    await queue.open()
    speech = queue.for_frontend("tests")
    await speech.set_target("lane", {"channel": "1"})
    speech.reachable("lane", True)
    for job in await speech.pending():
        await speech.confirm(job.id)
    await submit(speech, journal)
    await play(speech, journal)
    for job in await speech.unshown():
        await speech.mark_shown(job.id, job.state)
        journal("shown", job.id, job.state)
    await queue.close()


def main() -> None:
    directory, file, *kill_point = sys.argv[1:]
    MortalDatabase.kill_point = MortalCache.kill_point = KillPoint(*kill_point)
    vars(engine.queue.changes)["Database"] = MortalDatabase
    vars(engine.queue.service)["Queue"] = MortalQueue
    vars(engine.queue.service)["AudioCache"] = MortalCache
    with Path(file).open("a", buffering=1) as lines:

        def journal(*words: object) -> None:
            lines.write(" ".join(map(str, words)) + "\n")

        asyncio.run(run(Path(directory), journal))


if __name__ == "__main__":
    main()
