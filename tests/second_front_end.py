"""A second, small front end on the queue, without Discord: it plays its lanes to a list.

    python -m tests.second_front_end REQUESTS JOURNAL run     mynah's bot, with this one beside it

Beside the bot it speaks each line that is written to REQUESTS in lane "http:7", in place "7", and
writes what happens to JOURNAL. A job is promised once it is written there.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import mynah.run
from engine.model.errors import UnknownJob
from engine.model.jobs import Job, JobRequest
from engine.queue import FrontEndQueue, SpeechQueue
from mynah.__main__ import main
from tests.flow.harness import whole

NAME = "second"
LANE = "http:7"


class SecondFrontEnd:
    """`tell` receives what happens: submitted, settled, restored, heard, shown."""

    def __init__(self, queue: FrontEndQueue, tell: Callable[[str, str], None]) -> None:
        self.queue = queue
        self._tell = tell
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        self._tasks[""] = asyncio.create_task(self._follow())
        for job in await self.queue.pending():
            self._tell("settled", job.text)
            await self.queue.confirm(job.id)
        for job in await self.queue.unshown():
            await self._show(job)
        for lane in await self.queue.lanes():
            if lane.target is not None:
                self._tell("restored", lane.id)
                self._play(lane.id)

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def say(self, text: str, *, lane: str = LANE, place: str | None = "7") -> Job:
        request = JobRequest(
            lane=lane, place=place, requester="zoe", text=text, voice="", key=text, pending=True
        )
        job = await self.queue.submit(request)
        await self.queue.set_target(lane, {"address": "a loudspeaker"})
        self._play(lane)
        self._tell("submitted", text)
        await self.queue.confirm(job.id)
        return job

    def _play(self, lane: str) -> None:
        if lane not in self._tasks:
            self._tasks[lane] = asyncio.create_task(self._speak(lane))

    async def _speak(self, lane: str) -> None:
        self.queue.reachable(lane, True)
        player = self.queue.player(lane)
        while True:
            item = await player.next()
            await player.started(item)
            await whole(item)
            if not item.sound.over:
                self._tell("heard", item.chunk.text)
                await player.spoken(item)

    async def _follow(self) -> None:
        async for change in self.queue.subscribe():
            with contextlib.suppress(UnknownJob):
                if change.job_id is not None:
                    job = (await self.queue.view(change.job_id)).job
                    if job.state.final and job.shown is None:
                        await self._show(job)

    async def _show(self, job: Job) -> None:
        self._tell("shown", f"{job.text}: {job.state}")
        await self.queue.mark_shown(job.id, job.state)


class _Beside(SpeechQueue):
    """mynah's queue; while it is open, the second front end runs on it."""

    requests: Path
    journal: Path

    async def open(self) -> None:
        await super().open()
        self._second = SecondFrontEnd(self.for_frontend(NAME), self._tell)
        await self._second.start()
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._second.stop()
        await super().close()

    async def _read(self) -> None:
        said = 0
        while True:
            lines = await asyncio.to_thread(self.requests.read_text)
            for line in lines.splitlines()[said:]:
                await self._second.say(line)
                said += 1
            await asyncio.sleep(0.02)

    def _tell(self, what: str, of: str) -> None:
        with self.journal.open("a") as file:
            file.write(f"{what} {of}\n")


if __name__ == "__main__":
    requests, journal, *rest = sys.argv[1:]
    _Beside.requests, _Beside.journal = Path(requests), Path(journal)
    vars(mynah.run)["SpeechQueue"] = _Beside
    raise SystemExit(main(rest))
