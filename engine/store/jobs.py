"""Every statement of the queue: values in, values out.

Knows: rows, and how values are kept in them. Does not know: transactions (the caller's), states'
meaning, time (a parameter).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from engine.model.jobs import (
    Chunk,
    ChunkState,
    EndReason,
    Job,
    JobRequest,
    JobState,
    Lane,
    Substitution,
)
from engine.store.batches import slices
from engine.store.tables import chunks, facts, jobs, lanes

_LIVE: Final = jobs.c.state.in_([JobState.QUEUED, JobState.SPEAKING])


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A live job as it is stored, with what only the queue itself needs of it."""

    job: Job
    origin_key: str | None
    stalled_before: float
    info: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    chunk: Chunk
    deaths: int


# ---- jobs


def insert_job(
    connection: Connection,
    say: JobRequest,
    *,
    now: float,
    stalled_before: float,
    info: str | None,
    stand_in: Substitution | None = None,
) -> Job:
    values: dict[str, Any] = {
        "lane": say.lane,
        "requester": say.requester,
        "voice": say.voice,
        "reference": say.reference,
        "typed": say.typed,
        "style": dict(say.style),
        "text": say.text,
        "priority": say.priority,
        "state": JobState.QUEUED,
        "held": say.held,
        "created_at": now,
        "origin": dict(say.origin),
        "origin_key": say.origin_key,
        "stalled_before": stalled_before,
        "card": info,
        "stand_in": stand_in,
    }
    result = connection.execute(insert(jobs).returning(*jobs.c), values)
    return _job(result.one())


def job(connection: Connection, job_id: int) -> Job | None:
    row = (connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    return None if row is None else _job(row)


def job_of(connection: Connection, origin_key: str) -> Job | None:
    found = connection.execute(select(jobs).where(jobs.c.origin_key == origin_key))
    row = found.one_or_none()
    return None if row is None else _job(row)


def live_jobs(connection: Connection) -> list[JobRow]:
    """All that are queued or being spoken, oldest first."""
    rows = connection.execute(select(jobs).where(_LIVE).order_by(jobs.c.id))
    return [
        JobRow(
            job=_job(row),
            origin_key=row.origin_key,
            stalled_before=row.stalled_before,
            info=row.card,
        )
        for row in rows
    ]


def unshown_jobs(connection: Connection) -> list[Job]:
    """Over, and what was last shown of them does not begin with their state; oldest first.
    Withdrawn ones have nothing that could show them."""
    rows = connection.execute(select(jobs).where(not_(_LIVE), not_(_SHOWN)).order_by(jobs.c.id))
    return [_job(row) for row in rows]


def set_jobs(connection: Connection, job_ids: Collection[int], **values: object) -> None:
    for some in slices(list(job_ids)):
        connection.execute(update(jobs).where(jobs.c.id.in_(some)).values(**values))


def purge_jobs(connection: Connection, *, shown_before: float, before: float) -> int:
    """Delete finished jobs, with their chunks: those that ended before `shown_before` if their
    end was shown, all that ended before `before`. How many."""
    gone = connection.execute(
        delete(jobs).where(
            not_(_LIVE),
            or_(and_(jobs.c.ended_at < shown_before, _SHOWN), jobs.c.ended_at < before),
        )
    )
    return gone.rowcount


_SHOWN: Final = or_(
    func.coalesce(jobs.c.shown, "").startswith(jobs.c.state),
    func.coalesce(jobs.c.ended_by, "") == EndReason.WITHDRAWN,
)


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        lane=row.lane,
        requester=row.requester,
        voice=row.voice,
        reference=row.reference,
        typed=row.typed,
        style=row.style,
        text=row.text,
        priority=row.priority,
        state=JobState(row.state),
        held=row.held,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        ended_by=None if row.ended_by is None else EndReason(row.ended_by),
        ended_actor=row.ended_actor,
        error=row.error,
        origin=row.origin,
        shown=row.shown,
        stand_in=None if row.stand_in is None else Substitution(row.stand_in),
    )


# ---- chunks


def chunks_of(connection: Connection, job_ids: Sequence[int]) -> dict[int, list[ChunkRow]]:
    """The chunks of each of these jobs, in order."""
    found: dict[int, list[ChunkRow]] = {job_id: [] for job_id in job_ids}
    for some in slices(job_ids):
        rows = connection.execute(
            select(chunks)
            .where(chunks.c.job_id.in_(some))
            .order_by(chunks.c.job_id, chunks.c.position)
        )
        for row in rows:
            found[row.job_id].append(_chunk(row))
    return found


def replace_chunks(connection: Connection, job_id: int, *, since: int, by: Iterable[Chunk]) -> None:
    """Put `by` in the place of the job's chunks from index `since` on."""
    connection.execute(delete(chunks).where(chunks.c.job_id == job_id, chunks.c.position >= since))
    insert_chunks(connection, by)


def insert_chunks(connection: Connection, new: Iterable[Chunk]) -> None:
    rows = [
        {
            "job_id": chunk.job_id,
            "position": chunk.index,
            "text": chunk.text,
            "pause_after": chunk.pause_after,
            "state": chunk.state,
            "attempts": chunk.attempts,
            "deaths": 0,
            "audio": chunk.audio,
            "seconds": chunk.seconds,
        }
        for chunk in new
    ]
    if rows:
        connection.execute(insert(chunks), rows)


def set_chunks(connection: Connection, which: Iterable[tuple[int, int]], **values: object) -> None:
    """Give the chunks `(job id, index)` these values."""
    keys = [{"at_job": job_id, "at_index": index} for job_id, index in which]
    if keys:
        connection.execute(
            update(chunks)
            .where(
                chunks.c.job_id == bindparam("at_job"), chunks.c.position == bindparam("at_index")
            )
            .values(**values),
            keys,
        )


def count_tries(
    connection: Connection,
    which: Iterable[tuple[int, int]],
    *,
    state: ChunkState,
    attempts: int,
    deaths: int,
) -> None:
    """Give the chunks this state, and add to their counts."""
    set_chunks(
        connection,
        which,
        state=state,
        attempts=chunks.c.attempts + attempts,
        deaths=chunks.c.deaths + deaths,
    )


def release_chunks(connection: Connection, job_ids: Collection[int]) -> None:
    """No chunk of these jobs is being made any more."""
    for some in slices(list(job_ids)):
        connection.execute(
            update(chunks)
            .where(chunks.c.job_id.in_(some), chunks.c.state == ChunkState.SYNTHESIZING)
            .values(state=ChunkState.QUEUED)
        )


def count_chunks(connection: Connection, job_id: int) -> tuple[int, int, int, float]:
    """How many chunks a job has, how many are spoken, how many failed, seconds spoken."""
    spoken = chunks.c.state == ChunkState.SPOKEN
    row = (
        connection.execute(
            select(
                func.count(),
                func.count(case((spoken, 1))),
                func.count(case((chunks.c.state == ChunkState.FAILED, 1))),
                func.coalesce(func.sum(case((spoken, chunks.c.seconds))), 0.0),
            ).where(chunks.c.job_id == job_id)
        )
    ).one()
    return row[0], row[1], row[2], row[3]


def _chunk(row: Row[Any]) -> ChunkRow:
    return ChunkRow(
        chunk=Chunk(
            job_id=row.job_id,
            index=row.position,
            text=row.text,
            state=ChunkState(row.state),
            attempts=row.attempts,
            audio=row.audio,
            seconds=row.seconds,
            pause_after=row.pause_after,
        ),
        deaths=row.deaths,
    )


# ---- lanes


def all_lanes(connection: Connection) -> list[Lane]:
    rows = connection.execute(select(lanes).order_by(lanes.c.id))
    return [
        Lane(id=row.id, where=row.place, paused=row.paused, stalled_seconds=row.stalled_seconds)
        for row in rows
    ]


def put_lane(connection: Connection, lane: Lane) -> None:
    values = {
        "place": None if lane.where is None else dict(lane.where),
        "paused": lane.paused,
        "stalled_seconds": lane.stalled_seconds,
    }
    changed = connection.execute(update(lanes).where(lanes.c.id == lane.id).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(lanes).values(id=lane.id, **values))


def put_stalls(connection: Connection, seconds: Mapping[str, float]) -> None:
    """For so long each of these lanes could not be spoken so far."""
    rows = [{"at_lane": lane, "so_far": so_far} for lane, so_far in seconds.items()]
    if rows:
        connection.execute(
            update(lanes)
            .where(lanes.c.id == bindparam("at_lane"))
            .values(stalled_seconds=bindparam("so_far")),
            rows,
        )


# ---- facts


def fact(connection: Connection, name: str) -> Any:
    """What was put under `name`, None if nothing was."""
    return (
        connection.execute(select(facts.c.value).where(facts.c.name == name))
    ).scalar_one_or_none()


def put_fact(connection: Connection, name: str, value: Mapping[str, Any] | float) -> None:
    changed = connection.execute(update(facts).where(facts.c.name == name).values(value=value))
    if changed.rowcount == 0:
        connection.execute(insert(facts).values(name=name, value=value))
