"""The silence between two queued jobs, as the listener hears it, with a slow engine.

Two texts of one clause each are queued at once. The second is made while the first plays, so only
the intended pause should lie between them.
"""

import asyncio
import random
from itertools import pairwise
from typing import Final

from bench.report import Report, percentile
from bench.stage import Stage
from bench.texts import sentence
from engine.queue.state import GAP

PACE: Final = 0.3
JOBS: Final = 8
#: Silences within a word are shorter than this, the pause between jobs is longer. Seconds.
WITHIN_SPEECH: Final = 0.15


def measure() -> Report:
    silences = asyncio.run(_run())
    return Report(
        name="between_jobs",
        title=f"Silence between two queued jobs, engine at real-time factor {PACE}",
        head=("", "p50", "worst", "aim"),
        rows=[
            (
                f"as heard, {len(silences)} pairs",
                f"{percentile(silences, 0.5):.2f} s",
                f"{max(silences):.2f} s",
                "≤ 0.3 s",
            ),
            ("intended", f"{GAP:.2f} s", f"{GAP:.2f} s", ""),
        ],
        figures={
            "silence_p50": percentile(silences, 0.5),
            "silence_worst": max(silences),
            "intended": GAP,
        },
    )


async def _run() -> list[float]:
    rng = random.Random(3)
    async with Stage.open(settings={"MYNAH_ESPEAK_PACE": PACE}) as stage:
        (scene,) = stage.scenes
        await stage.warm(scene)
        began, _ = await stage.dispatch(scene, sentence(rng))
        for _ in range(JOBS - 1):
            await stage.dispatch(scene, sentence(rng))
        spoken = await stage.spoken(scene, began)
        await stage.until_idle(scene, since=spoken.first_sound)
        spans = scene.recording.speech_spans(join=WITHIN_SPEECH)
    heard = [span for span in spans if span[0] > began]
    if len(heard) != JOBS:
        raise RuntimeError(f"{JOBS} jobs were heard as {len(heard)} stretches of speech")
    return [after[0] - before[1] for before, after in pairwise(heard)]
