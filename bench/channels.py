"""How many simultaneous voice channels one core carries with every frame on time.

A process that stays on one core sends ready-made sound into more and more channels, over real
sockets, encrypted end to end; the voice server stamps each datagram's arrival from another core.
A frame's lateness is how much longer it took than its stream's quickest frame. The result is the
last count at which the 99th percentile of all frames stayed under 20 ms.

Three ways, one after the other: the bot's own path, plain discord.py with ready-made packets, and
plain discord.py that encodes as it plays.
"""

import asyncio
import importlib.util
import os
import sys
import time
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench.ready_made import Made, make
from bench.report import Report, milliseconds, percentile
from bench.stage import workplace
from engine.model.audio_format import FRAME_SECONDS
from mynah.scene import stop
from sandbox import Sandbox
from sandbox.protocol.voice import VoiceServer

ON_TIME: Final = 0.020
#: Seconds for which a count is measured: 150 frames a stream.
WINDOW: Final = 3.0
#: Seconds after new streams have begun in which nothing is measured.
SETTLE: Final = 0.5
JOIN_SECONDS: Final = 120.0
#: The counts to try in turn, until one fails twice.
COUNTS: Final[dict[str, Sequence[int]]] = {
    "mynah": (100, *range(180, 401, 20)),
    "plain": (100, *range(140, 401, 20)),
    "encoding": (20, *range(30, 101, 5)),
}
TITLES: Final = {
    "mynah": "the bot's path",
    "plain": "plain discord.py, ready-made packets",
    "encoding": "plain discord.py, encoding as it plays",
}
AIMS: Final = {"mynah": "≥ 180", "plain": "", "encoding": ""}


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one count, in seconds; `core`: the share of its core that the sender used."""

    count: int
    frames: int
    p50: float
    p99: float
    worst: float
    core: float

    @property
    def carried(self) -> bool:
        return self.p99 < ON_TIME


def measure() -> Report:
    ours, theirs = _cores()
    if ours is not None:
        os.sched_setaffinity(0, {ours})
    with workplace() as directory:
        made = make(directory)
        steps = {
            way: asyncio.run(_ramp(way, counts, made, theirs)) for way, counts in COUNTS.items()
        }
    carried = {
        way: max((step.count for step in taken if step.carried), default=0)
        for way, taken in steps.items()
    }
    return Report(
        name="channels",
        title="Voice channels at once on one core, 99 % of frames less than 20 ms late",
        head=("", "channels", "p50", "p99", "worst", "core used", "carried", "aim"),
        rows=[
            (
                TITLES[way] if number == 0 else "",
                f"{step.count}",
                milliseconds(step.p50),
                milliseconds(step.p99),
                milliseconds(step.worst),
                f"{step.core:.0%}",
                "yes" if step.carried else "no",
                AIMS[way] if number == 0 else "",
            )
            for way, taken in steps.items()
            for number, step in enumerate(taken)
        ],
        figures={**carried, "pinned": int(theirs is not None), **_costs(steps)},
        notes=[f"{TITLES[way]}: {count} channels" for way, count in carried.items()],
    )


def _costs(steps: Mapping[str, Sequence[Step]]) -> dict[str, float | int | str | None]:
    """The share of a core that a channel costs, at the last count that was carried."""
    return {
        f"{way}_core_per_channel": step.core / step.count
        for way, taken in steps.items()
        for step in taken
        if step.carried
    }


async def _ramp(way: str, counts: Sequence[int], made: Made, core: int | None) -> list[Step]:
    # Members listen so that there is an encrypted group; what they receive is not decoded here.
    async with Sandbox(voice=VoiceServer(measure_only=True)) as discord:
        discord.limit_rates(False)
        for number in range(max(counts)):
            guild = discord.guild(f"Server {number}")
            await guild.member("Listener").join(guild.voice("Lounge"))
        process = await _start(way, made, discord, core)
        try:
            return await _climb(process, discord, counts)
        finally:
            await stop(process)


async def _climb(
    process: asyncio.subprocess.Process, discord: Sandbox, counts: Sequence[int]
) -> list[Step]:
    steps: list[Step] = []
    sender = psutil.Process(process.pid)
    for count in counts:
        await _speak_in(process, count)
        await asyncio.sleep(SETTLE)
        step = await _watch(sender, discord, count)
        if not step.carried:
            step = await _watch(sender, discord, count)  # another process may have used the core
        steps.append(step)
        if not step.carried:
            break
    return steps


async def _speak_in(process: asyncio.subprocess.Process, count: int) -> None:
    """Make the sender speak in `count` channels."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{count}\n".encode())
    async with asyncio.timeout(JOIN_SECONDS):
        answer = await process.stdout.readline()
    if answer.strip() != str(count).encode():
        raise RuntimeError(f"the sender ended with exit code {await process.wait()}")


async def _watch(sender: psutil.Process, discord: Sandbox, count: int) -> Step:
    """Measure all streams for `WINDOW` seconds."""
    used, began = _used(sender), time.monotonic()
    await asyncio.sleep(WINDOW)
    core = (_used(sender) - used) / (time.monotonic() - began)
    streams = [lateness(each.arrivals, began) for each in discord.voice.connections]
    late = [each for stream in streams for each in stream]
    if len(streams) != count or not late:
        raise RuntimeError(f"{len(streams)} channels are connected, not {count}")
    return Step(count, len(late), percentile(late, 0.5), percentile(late, 0.99), max(late), core)


def lateness(arrivals: "array[float]", since: float) -> list[float]:
    """Each frame's lateness against the stream's quickest frame, in seconds.

    A frame that never arrived makes all later ones 20 ms late, so it is not ignored.
    """
    first = bisect_left(arrivals, since)
    offsets = [at - number * FRAME_SECONDS for number, at in enumerate(arrivals[first:])]
    quickest = min(offsets, default=0.0)
    return [offset - quickest for offset in offsets]


def _used(process: psutil.Process) -> float:
    """Seconds of processor time that a process has used."""
    times = process.cpu_times()
    return times.user + times.system


async def _start(
    way: str, made: Made, discord: Sandbox, core: int | None
) -> asyncio.subprocess.Process:
    command = ["-m", "bench.sender", way, f"--ogg={made.ogg}", f"--pcm={made.pcm}"]
    if core is not None:
        command.append(f"--core={core}")
    if (opus := _opus()) is not None:
        command.append(f"--opus={opus}")
    environment = {
        **os.environ,
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "SSL_CERT_FILE": str(discord.certificate),
    }
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, env=environment, stdin=pipe, stdout=pipe
    )


def _cores() -> tuple[int | None, int | None]:
    """A core for the voice server and one for the sender; None if a process cannot stay on one
    core (macOS), or if there is only one."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


def _opus() -> Path | None:
    """The Opus library that PyAV's wheel carries beside or within the package."""
    found = importlib.util.find_spec("av")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    for place in (package.parent / "av.libs", package / ".dylibs"):
        for file in sorted(place.glob("libopus*")):
            return file
    return None
