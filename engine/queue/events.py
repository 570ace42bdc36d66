"""What changed in the queue: ids only. Who is told reads the queue again.

Knows: what a change names. Does not know: what changed about a job, or who listens.
"""

from dataclasses import dataclass

from engine.base.events import Feed


@dataclass(frozen=True, slots=True)
class Changed:
    """Something about this job, or, with `job_id` None, about the lane and all its jobs."""

    lane: str
    job_id: int | None


class QueueFeed(Feed[Changed]):
    def __init__(self) -> None:
        super().__init__(coarser=lambda change: Changed(change.lane, None))

    def changed(self, lane: str, job_id: int | None = None) -> None:
        self.publish(Changed(lane, job_id))
