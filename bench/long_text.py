"""The time from `/say` to the first sound of a long text, with a slow engine.

The engine has real-time factor 0.3 (a second of sound takes 0.3 s), so 600 characters take it over
ten seconds, and 4,000 over a minute. The first sound must not wait for that, or depend on the
text's length.
"""

import asyncio
import random
from typing import Final

from bench.report import Report, percentile
from bench.stage import Stage
from bench.texts import prose

PACE: Final = 0.3
LENGTHS: Final = (60, 600, 4000)
TRIES: Final = 7


def measure() -> Report:
    taken = asyncio.run(_run())
    return Report(
        name="long_text",
        title=f"From /say to the first sound, engine at real-time factor {PACE}",
        head=("characters", "p50", "worst", "aim"),
        rows=[
            (
                f"{length:,}",
                f"{percentile(times, 0.5):.2f} s",
                f"{max(times):.2f} s",
                "≤ 0.6 s" if length >= 600 else "",
            )
            for length, times in taken.items()
        ],
        figures={
            f"{length}_{label}": percentile(times, share)
            for length, times in taken.items()
            for label, share in (("p50", 0.5), ("worst", 1.0))
        },
    )


async def _run() -> dict[int, list[float]]:
    rng = random.Random(2)
    taken: dict[int, list[float]] = {length: [] for length in LENGTHS}
    async with Stage.open(settings={"MYNAH_ESPEAK_PACE": PACE}) as stage:
        (scene,) = stage.scenes
        await stage.warm(scene)
        for _ in range(TRIES):
            for length, times in taken.items():
                at, _ = await stage.dispatch(scene, prose(length, rng))
                times.append((await stage.spoken(scene, at)).to_sound)
                await stage.stop(scene)
    return taken
