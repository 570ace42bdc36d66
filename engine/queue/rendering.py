"""Fetch-only jobs: made without a player, complete when their audio is complete.

    now      due at once       soon     due in 15 s       batch    due in 300 s

Listeners come first: fetch-only jobs are made while no listener is about to run out of sound. They
age: a job's deadline does not move, not even across restarts. Once it has passed, the job gets one
turn after every eight chunks for listeners, so it never starves. Every turn restarts that count, so
a listener who comes while nothing else is heard waits only for the chunk in the engine.
"""

from collections.abc import Iterable
from typing import Final

from engine.model.errors import Failure
from engine.model.jobs import ChunkState, JobState
from engine.queue.changes import Queue
from engine.queue.state import LiveJob

#: In the last seconds before listeners run out of sound, no other chunk begins: a chunk takes about
#: this long.
MARGIN: Final = 10.0
#: After this many chunks for listeners, an overdue rendering has a turn.
SHARE: Final = 8


class Turns:
    """Decides whether the next chunk is for listeners or for a fetch-only job. Pure."""

    def __init__(self) -> None:
        self._passed_over = 0

    def renders(self, listeners_due: float | None, rendering_due: float, now: float) -> bool:
        """Whether a rendering with this deadline goes first. All times are seconds of one clock;
        `listeners_due` is None if no listener needs a chunk."""
        if listeners_due is None or listeners_due > now + MARGIN:
            return listeners_due is None or rendering_due < listeners_due or rendering_due <= now
        return rendering_due <= now and self._passed_over >= SHARE

    def took(self, *, rendering: bool, overdue: bool) -> None:
        """Count the chosen chunk. `overdue`: the deadline of a waiting rendering has passed."""
        self._passed_over = 0 if rendering or not overdue else self._passed_over + 1


async def settle(queue: Queue, lives: Iterable[LiveJob]) -> None:
    """End those of these jobs that are fetch-only and have nothing left to make. Run it through
    `Queue.change`."""
    for live in [live for live in dict.fromkeys(lives) if _is_made(queue, live)]:
        ready = [chunk for chunk in live.chunks if chunk.state is ChunkState.READY]
        if ready and all(chunk.chunk.audio is not None for chunk in ready):
            await queue.end([live.job.id], JobState.COMPLETED)
        else:
            await queue.end([live.job.id], JobState.FAILED, error=Failure("sound-not-kept"))


def _is_made(queue: Queue, live: LiveJob) -> bool:
    waits = (ChunkState.QUEUED, ChunkState.SYNTHESIZING)
    return (
        live.job.urgency is not None
        and live.job.id in queue.jobs
        and bool(live.chunks)
        and not any(chunk.state in waits for chunk in live.chunks)
    )
