"""How much fetch-only texts delay a word in a server, with a slow engine.

The real queue and the embedded engine, one chunk at a time, work under a full load of texts with
urgency `now`: all are overdue. When the word is submitted, the engine first finishes its current
chunk, and then makes the word. So the delay must be no more than the rest of that chunk.
"""

import asyncio
import os
import random
import time
from pathlib import Path
from statistics import median
from typing import Final

from bench.report import Report
from bench.stage import workplace
from bench.texts import prose
from engine.base.clock import SystemClock
from engine.base.logging import set_up_logging
from engine.base.settings import load_settings
from engine.model.jobs import JobRequest, Urgency
from engine.queue import FrontEndQueue, SpeechQueue
from engine.tts.client.supervisor import EngineSupervisor

PACE: Final = 0.3
CHARACTERS: Final = 600
TEXTS: Final = 40
#: Seconds between one word and the next, at different points of different chunks.
LATER: Final = (0.3, 0.9, 1.7, 0.5, 1.3, 2.1)


def measure() -> Report:
    with workplace() as directory:
        set_up_logging("error", "console")
        os.environ["MYNAH_ESPEAK_PACE"] = str(PACE)
        alone, beside, longest, made = asyncio.run(_run(directory))
    usual, worst = median(alone), max(beside)
    return Report(
        name="rendering",
        title=f"A word in a server while {TEXTS} texts of {CHARACTERS} characters are made to be "
        f"fetched, engine at real-time factor {PACE}",
        head=("", "first sound"),
        rows=[
            ("alone", f"{usual:.2f} s"),
            *((f"word {number}", f"{each:.2f} s") for number, each in enumerate(beside, 1)),
            ("longest chunk in the engine", f"{longest:.2f} s"),
            ("texts made meanwhile", f"{made}"),
        ],
        figures={
            "alone_p50": usual,
            "beside_worst": worst,
            "added_worst": worst - usual,
            "longest_chunk": longest,
            "made": made,
        },
        notes=["Aim: added ≤ the chunk that is in the engine when the word comes."],
    )


async def _run(directory: Path) -> tuple[list[float], list[float], float, int]:
    """Seconds to the first packet of words alone, and under load; seconds of the longest chunk;
    texts made."""
    settings = load_settings(
        mynah_data_dir=directory, mynah_max_queue=TEXTS, mynah_max_queue_member=TEXTS
    )
    clock, rng = SystemClock(), random.Random(6)
    queue = SpeechQueue(settings, EngineSupervisor.from_settings(settings, clock), clock)
    await queue.open()
    try:
        speech = queue.for_frontend("bench")
        while speech.info is None:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
        alone = [await _first_packet(speech, f"{number}.") for number in range(len(LATER))]
        jobs = [
            await speech.submit(
                JobRequest(
                    lane="files",
                    requester="someone",
                    text=prose(CHARACTERS, rng),
                    voice="",
                    urgency=Urgency.NOW,
                )
            )
            for _ in range(TEXTS)
        ]
        beside = []
        for number, later in enumerate(LATER):
            await asyncio.sleep(later)
            beside.append(await _first_packet(speech, f"{number + 50}."))
        over = [(await speech.view(job.id)).job.state.final for job in jobs]
        chunks = await speech.database.read(lambda tx: tx.chunks.of([job.id for job in jobs]))
    finally:
        await queue.close()
    made = [chunk.seconds or 0.0 for each in chunks.values() for chunk in each]
    return alone, beside, PACE * max(made), sum(over)


async def _first_packet(speech: FrontEndQueue, text: str) -> float:
    """Seconds from a submit to the first packet of its sound; then plays it at once."""
    began = time.perf_counter()
    speech.reachable("server", True)
    await speech.submit(JobRequest(lane="server", requester="someone", text=text, voice=""))
    player = speech.player("server")
    item = await player.next()
    await item.sound.begun()
    took = time.perf_counter() - began
    await player.started(item)
    while not item.sound.complete:  # noqa: ASYNC110 - as the sending thread sees it
        await asyncio.sleep(0.01)
    await player.spoken(item)
    return took
