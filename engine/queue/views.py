"""Jobs as their requesters see them, with positions in the queue and estimates. Pure."""

from engine.model.jobs import ChunkState, Job, JobState, JobView
from engine.queue.state import LiveJob, LiveLane


def view_queue(
    lane: LiveLane, *, now: float, monotonic: float, pace: float, engine_ready: bool
) -> list[JobView]:
    """The lane's live jobs in order; the one that is being spoken comes first.

    `now` is in seconds since the epoch, `monotonic` in monotonic seconds; `pace` is seconds of
    sound a character.
    """
    known = engine_ready and lane.reachable is True and not lane.lane.paused
    wait = -lane.heard(monotonic, pace)
    position = 0 if lane.jobs and lane.jobs[0].job.state is JobState.SPEAKING else 1
    views = []
    for live in lane.jobs:
        eta = now + max(0.0, wait) if known else None
        views.append(_view(live, position, live.job.started_at or eta, paused=lane.lane.paused))
        wait += live.lasts(pace)
        position += 1
    return views


def view_finished(job: Job, counts: tuple[int, int, int, float], *, paused: bool) -> JobView:
    """`counts`: chunks, spoken chunks, failed chunks, and seconds spoken."""
    chunks, spoken, failed, seconds = counts
    return JobView(
        job=job,
        chunks=chunks,
        spoken=spoken,
        failed=failed,
        seconds=seconds,
        position=0,
        eta=job.started_at,
        lane_paused=paused,
    )


def view_rendered(live: LiveJob) -> JobView:
    """A live fetch-only job: it has no position in a lane."""
    return _view(live, 0, None, paused=False)


def _view(live: LiveJob, position: int, eta: float | None, *, paused: bool) -> JobView:
    spoken = [chunk for chunk in live.chunks if chunk.state is ChunkState.SPOKEN]
    return JobView(
        job=live.job,
        chunks=len(live.chunks),
        spoken=len(spoken),
        failed=sum(chunk.state is ChunkState.FAILED for chunk in live.chunks),
        seconds=sum(chunk.chunk.seconds or 0.0 for chunk in spoken),
        position=position,
        eta=eta,
        lane_paused=paused,
    )
