"""Limits how many jobs may wait in a lane. Pure."""

from dataclasses import dataclass

from engine.model.errors import QueueFull
from engine.model.jobs import JobRequest
from engine.queue.state import LiveLane


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """How many jobs may wait in a lane, in all and from one requester."""

    jobs: int
    of_requester: int

    def refusal(self, lane: LiveLane, request: JobRequest) -> QueueFull | None:
        """Why the lane cannot accept this job; None if it can."""
        waiting = [live.job for live in (*lane.jobs, *lane.rendered) if live.waits]
        if len(waiting) >= self.jobs:
            return QueueFull(
                f"lane {lane.key.id} has {len(waiting)} jobs waiting",
                code="queue-full",
                waiting=len(waiting),
            )
        own = sum(job.requester == request.requester for job in waiting)
        if own >= self.of_requester:
            return QueueFull(
                f"requester has {own} jobs waiting in lane {lane.key.id}",
                code="too-many-waiting",
                waiting=own,
            )
        return None
