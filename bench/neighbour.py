"""How much a long text in one server delays a word in another, with a slow engine.

The engine works on one chunk at a time. When the word is submitted, the engine first finishes its
current chunk, and then makes the word: its listeners wait, while those of the long text have sound
made ahead. So the delay must be no more than the rest of that chunk.
"""

import asyncio
import random
import sqlite3
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Final

from bench.report import Report
from bench.stage import Stage
from bench.texts import prose
from engine.base.data_dir import DataDirectory

PACE: Final = 0.3
CHARACTERS: Final = 600
#: Seconds from the long text's `/say` to the word's, at different points of different chunks.
LATER: Final = (0.3, 0.9, 1.7, 2.8, 4.0, 5.5)


@dataclass(frozen=True, slots=True)
class Trial:
    """Seconds. `chunk`: the time of the chunk that is in the engine; `left`: what is left of it."""

    later: float
    alone: float
    beside: float
    chunk: float
    left: float


def measure() -> Report:
    trials = asyncio.run(_run())
    alone = median(trial.alone for trial in trials)
    worst = max(trials, key=lambda trial: trial.beside)
    chunk = max(trial.chunk for trial in trials)
    return Report(
        name="neighbour",
        title=f"A word in one server while {CHARACTERS} characters are made for another, engine at "
        f"real-time factor {PACE}",
        head=("word comes after", "first sound", "alone", "added", "chunk in the engine", "left"),
        rows=[
            (
                f"{trial.later:.1f} s",
                f"{trial.beside:.2f} s",
                f"{trial.alone:.2f} s",
                f"{trial.beside - trial.alone:.2f} s",
                f"{trial.chunk:.2f} s",
                f"{trial.left:.2f} s",
            )
            for trial in trials
        ],
        figures={
            "alone_p50": alone,
            "beside_worst": worst.beside,
            "added_worst": worst.beside - worst.alone,
            "added_beyond_what_was_left_worst": max(
                trial.beside - trial.alone - trial.left for trial in trials
            ),
            "longest_chunk": chunk,
        },
        notes=["Aim: added ≤ the chunk that is in the engine when the word comes."],
    )


async def _run() -> list[Trial]:
    rng = random.Random(4)
    trials = []
    async with Stage.open(servers=2, settings={"MYNAH_ESPEAK_PACE": PACE}) as stage:
        crowded, quiet = stage.scenes
        for scene in stage.scenes:
            await stage.warm(scene)
        for number, later in enumerate(LATER):
            alone = (await stage.say(quiet, f"{number}.")).to_sound
            began, _ = await stage.dispatch(crowded, prose(CHARACTERS, rng))
            await asyncio.sleep(later)
            beside = await stage.say(quiet, f"{number + 50}.")
            await stage.stop(crowded)
            chunk, left = _in_engine(stage.data, str(crowded.guild.id), beside.dispatched - began)
            trials.append(Trial(later, alone, beside.to_sound, chunk, left))
    return trials


def _in_engine(data: Path, lane: str, at: float) -> tuple[float, float]:
    """The seconds that the engine takes for its current chunk, and for the rest of it, `at` seconds
    after the lane's last job was submitted."""
    connection = sqlite3.connect(f"file:{DataDirectory(data).database}?mode=ro", uri=True)
    rows = connection.execute(
        "select seconds from chunks where job_id = (select max(id) from jobs where lane = ?) "
        "and seconds is not null order by position",
        (lane,),
    ).fetchall()
    connection.close()
    takes = [PACE * seconds for (seconds,) in rows]
    ends = list(accumulate(takes))
    place = bisect_right(ends, at)
    if place == len(ends):
        return 0.0, 0.0
    return takes[place], ends[place] - at
