"""The time from a member's `/say` to the first frame sent, and to the first sound in a frame.

The bot is connected and silent, and each text is new: the embedded engine makes it, and nothing
comes from the cache. A plain bot with ready-made sound is measured for comparison.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Final

from bench.plain_bot import SOUND_FILE
from bench.ready_made import make
from bench.report import Report, milliseconds, percentile
from bench.stage import MYNAH, PLAIN, Stage, Timing, workplace

JOBS: Final = 40
#: Seconds from the end of one job to the next command: members do not type faster.
THINKING: Final = (0.05, 0.15)


def measure() -> Report:
    mynah = asyncio.run(_run(MYNAH))
    with workplace() as directory:
        plain = asyncio.run(_run(PLAIN, {SOUND_FILE: make(directory).ogg}))
    return _report(mynah, plain)


async def _run(
    command: Sequence[str], settings: Mapping[str, object] | None = None
) -> list[Timing]:
    rng = random.Random(1)
    taken = []
    async with Stage.open(command, settings=settings) as stage:
        (scene,) = stage.scenes
        await stage.warm(scene)
        for number in range(JOBS):
            await asyncio.sleep(rng.uniform(*THINKING))
            taken.append(await stage.say(scene, f"{number}."))
    return taken


def _report(mynah: Sequence[Timing], plain: Sequence[Timing]) -> Report:
    taken = {
        "first_frame": [each.to_frame for each in mynah],
        "first_sound": [each.to_sound for each in mynah],
        "plain_first_frame": [each.to_frame for each in plain],
        "plain_first_sound": [each.to_sound for each in plain],
    }
    titles = ("first frame", "first sound", "first frame, plain bot", "first sound, plain bot")
    aims = ("p50 ≤ 40 ms, p95 ≤ 100 ms", "p50 ≤ 150 ms", "", "")
    return Report(
        name="first_sound",
        title=f"From /say to sound: bot connected, {JOBS} jobs that were never spoken before",
        head=("", "p50", "p95", "worst", "aim"),
        rows=[
            (
                title,
                milliseconds(percentile(times, 0.5)),
                milliseconds(percentile(times, 0.95)),
                milliseconds(max(times)),
                aim,
            )
            for title, times, aim in zip(titles, taken.values(), aims, strict=True)
        ],
        figures={
            f"{name}_{label}": percentile(times, share)
            for name, times in taken.items()
            for label, share in (("p50", 0.5), ("p95", 0.95), ("worst", 1.0))
        },
    )
