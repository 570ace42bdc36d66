"""What changed in the queue: ids only. Subscribers read the queue again.

Knows: which job or lane changed, and its front end. Does not know: what changed about it.
"""

from dataclasses import dataclass

from engine.base.events import Feed, Subscription
from engine.model.jobs import LaneKey


@dataclass(frozen=True, slots=True)
class Changed:
    """This job changed; if `job_id` is None, the lane and all its jobs."""

    lane: str
    job_id: int | None


class QueueFeeds:
    """A feed for each front end, with the changes of its own jobs and lanes only."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed[Changed]] = {}

    def subscribe(self, frontend: str) -> Subscription[Changed]:
        if frontend not in self._feeds:
            self._feeds[frontend] = Feed(coarser=lambda change: Changed(change.lane, None))
        return self._feeds[frontend].subscribe()

    def publish(self, lane: LaneKey, job_id: int | None = None) -> None:
        feed = self._feeds.get(lane.frontend)
        if feed is not None:
            feed.publish(Changed(lane.id, job_id))

    def close(self) -> None:
        for feed in self._feeds.values():
            feed.close()
