"""Memory of the bot's process and of the embedded engine's server, at rest and after some work.

Resident memory (RSS) counts pages that processes share, such as the interpreter's, in full; the
proportional set size (PSS, Linux only) counts the process's share of each such page.
"""

import asyncio
from typing import Final

import psutil

from bench.report import Report
from bench.stage import Stage

MEGABYTE: Final = 1_000_000
JOBS: Final = 10
BOT, HOST = "bot", "engine's host"
AIMS: Final = {BOT: "≤ 120 MB", HOST: "≤ 100 MB"}


def measure() -> Report:
    found = asyncio.run(_run())
    return Report(
        name="memory",
        title="Memory of the processes",
        head=("", "RSS", "PSS", "aim"),
        rows=[
            (
                f"{process}, {when}",
                f"{rss / MEGABYTE:.0f} MB",
                "" if pss is None else f"{pss / MEGABYTE:.0f} MB",
                AIMS[process] if when == "at rest" else "",
            )
            for (process, when), (rss, pss) in found.items()
        ],
        figures={
            f"{process.split()[-1]}_{when.replace(' ', '_')}_{name}": value
            for (process, when), values in found.items()
            for name, value in zip(("rss", "pss"), values, strict=True)
        },
    )


async def _run() -> dict[tuple[str, str], tuple[int, int | None]]:
    """Bytes, by process and moment."""
    found: dict[tuple[str, str], tuple[int, int | None]] = {}
    async with Stage.open() as stage:
        (scene,) = stage.scenes
        # Once the engine is loaded, autocomplete offers its voices.
        while not await scene.speaker.complete("say", "voice", "english", channel=scene.text):
            pass
        bot = psutil.Process(stage.process.pid)
        (host,) = bot.children()
        found[BOT, "at rest"] = _memory(bot)
        found[HOST, "at rest"] = _memory(host)
        for number in range(JOBS):
            await stage.say(scene, f"Text number {number} of some.")
        found[BOT, f"after {JOBS} jobs"] = _memory(bot)
        found[HOST, f"after {JOBS} jobs"] = _memory(host)
    return found


def _memory(process: psutil.Process) -> tuple[int, int | None]:
    """RSS and PSS (None except on Linux), in bytes."""
    info = process.memory_full_info()
    return info.rss, getattr(info, "pss", None)
