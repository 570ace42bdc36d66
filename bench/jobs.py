"""A job as a value, for measurements that need the queue's values and no queue."""

from engine.speech.jobs import Job, JobState


def job(number: int, *, lane: str) -> Job:
    """One that waits, and says nothing."""
    return Job(
        id=number,
        lane=lane,
        requester="someone",
        voice="",
        style={},
        text="",
        priority=0,
        state=JobState.QUEUED,
        held=False,
        created_at=0.0,
        started_at=None,
        ended_at=None,
        ended_by=None,
        ended_actor=None,
        error=None,
        origin={},
        shown=None,
    )
