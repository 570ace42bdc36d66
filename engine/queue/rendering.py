"""Jobs whose sound is only fetched: made without a player, complete when their audio is.

    now      due at once       soon     due in 15 s       batch    due in 300 s

Knows: when such a job is due, when it is over, and whose turn it is. Does not know: who fetches it,
how sound is made.

Listeners come first: what is only fetched is made while no listener is about to run dry. It ages:
its deadline stays where it is, across restarts too. Once that has passed, it gets one turn after
every eight chunks that went before it, so it never starves; and since any turn begins the count
again, a listener who comes while nothing else is heard waits for the chunk in the engine only.
"""

from collections.abc import Iterable
from typing import Final

from engine.model.jobs import ChunkState, JobState
from engine.queue.changes import Queue, job_change
from engine.queue.state import LiveJob

#: Seconds before listeners run dry in which nothing else begins: a chunk takes about so long.
MARGIN: Final = 10.0
#: Chunks for listeners after which an overdue rendering has a turn.
SHARE: Final = 8


class Turns:
    """Whether the next chunk is made for listeners, or to be fetched. Pure."""

    def __init__(self) -> None:
        self._passed_over = 0

    def renders(self, listeners_due: float | None, rendering_due: float, now: float) -> bool:
        """Whether a rendering that is due then goes first. All in seconds of one clock;
        `listeners_due` None: nobody listens."""
        if listeners_due is None or listeners_due > now + MARGIN:
            return listeners_due is None or rendering_due < listeners_due or rendering_due <= now
        return rendering_due <= now and self._passed_over >= SHARE

    def took(self, *, rendering: bool, overdue: bool) -> None:
        """A chunk was chosen. `overdue`: a rendering waits whose deadline has passed."""
        self._passed_over = 0 if rendering or not overdue else self._passed_over + 1


async def settle(queue: Queue, lives: Iterable[LiveJob]) -> None:
    """Those of these jobs are over that are only fetched, and of which nothing is left to make.
    `Queue.change` runs it."""
    over = {live.job.id: live for live in lives if _is_made(queue, live)}
    now = queue.clock.time()
    for live in over.values():
        ready = [chunk for chunk in live.chunks if chunk.state is ChunkState.READY]
        if ready and all(chunk.chunk.audio is not None for chunk in ready):
            end = job_change(live.job.id, state=JobState.COMPLETED, pending=False, ended_at=now)
        else:
            end = job_change(
                live.job.id,
                state=JobState.FAILED,
                pending=False,
                ended_at=now,
                error="The sound of this text could not be kept. Try again later.",
            )
        await queue.apply(end)


def _is_made(queue: Queue, live: LiveJob) -> bool:
    waits = (ChunkState.QUEUED, ChunkState.SYNTHESIZING)
    return (
        live.job.urgency is not None
        and live.job.id in queue.jobs
        and bool(live.chunks)
        and not any(chunk.state in waits for chunk in live.chunks)
    )
