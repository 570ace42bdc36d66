"""Acknowledged enqueues a second: `FrontEndQueue.submit` returns when the job is durably on disk.

It uses the real queue on the real disk (`synchronous=FULL`), while the embedded engine works on the
queued texts. For comparison it measures the disk alone, with commits of one row.
"""

import asyncio
import random
import sqlite3
import time
from pathlib import Path
from typing import Final

from bench.report import Report
from bench.stage import workplace
from bench.texts import prose
from bot.delivery import FRONTEND
from engine.base.clock import SystemClock
from engine.base.logging import set_up_logging
from engine.base.settings import load_settings
from engine.model.jobs import JobRequest
from engine.queue import SpeechQueue
from engine.store.sqlite import PRAGMAS
from engine.tts.client.supervisor import EngineSupervisor

JOBS: Final = 600
SERVERS: Final = 60
CHARACTERS: Final = 120


def measure() -> Report:
    with workplace() as directory:
        set_up_logging("error", "console")
        together, alone = asyncio.run(_run(directory))
        disk = _commits(directory / "yardstick.db")
    return Report(
        name="enqueue",
        title=f"Acknowledged enqueues a second, {JOBS} texts of {CHARACTERS} characters, on disk",
        head=("", "a second", "aim"),
        rows=[
            (f"{SERVERS} servers at once", f"{together:.0f}", "≥ 200"),
            ("one after the other", f"{alone:.0f}", "≥ 200"),
            ("bare commits of one row", f"{disk:.0f}", ""),
        ],
        figures={"together": together, "one_by_one": alone, "bare_commits": disk},
    )


async def _run(directory: Path) -> tuple[float, float]:
    """Jobs a second: from many servers at once, and one after another."""
    settings = load_settings(
        mynah_data_dir=directory,
        mynah_log_level="error",
        mynah_max_queue=JOBS,
        mynah_max_queue_member=JOBS,
    )
    clock, rng = SystemClock(), random.Random(5)
    queue = SpeechQueue(settings, EngineSupervisor.from_settings(settings, clock), clock)
    await queue.open()
    speech = queue.for_frontend(FRONTEND)
    try:
        # Without the engine's info, texts are not split and no chunks are written with the job.
        while speech.info is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
        texts = [prose(CHARACTERS, rng) for _ in range(2 * JOBS)]

        async def server(number: int) -> None:
            for text in texts[number:JOBS:SERVERS]:
                await speech.submit(_say(f"together {number}", text))

        began = time.perf_counter()
        await asyncio.gather(*(server(number) for number in range(SERVERS)))
        together = JOBS / (time.perf_counter() - began)
        began = time.perf_counter()
        for number, text in enumerate(texts[JOBS:]):
            await speech.submit(_say(f"alone {number % SERVERS}", text))
        alone = JOBS / (time.perf_counter() - began)
    finally:
        await queue.close()
    return together, alone


def _say(lane: str, text: str) -> JobRequest:
    return JobRequest(lane=lane, requester="someone", text=text, voice="")


def _commits(file: Path) -> float:
    """Commits a second of plain SQLite with the queue's pragmas."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE rows (text TEXT)")
    began = time.perf_counter()
    for number in range(JOBS):
        connection.execute("INSERT INTO rows VALUES (?)", (f"{number}" * CHARACTERS,))
    rate = JOBS / (time.perf_counter() - began)
    connection.close()
    return rate
