"""Every statement on jobs and their deliveries, chunks, lanes and metadata: values in, values out.
Does not know: which transitions are allowed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, case, delete, func, not_, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from engine.model.jobs import Chunk, ChunkState, EndReason, Job, JobRequest, JobState, Lane
from engine.store.repository import Repository, batches, columns
from engine.store.tables import chunks, deliveries, jobs, lanes, metadata

_LIVE: Final = jobs.c.state.in_([JobState.QUEUED, JobState.SPEAKING])
_SHOWN: Final = or_(
    func.coalesce(deliveries.c.shown, "").startswith(jobs.c.state),
    func.coalesce(jobs.c.ended_by, "") == EndReason.ABORTED,
)
_JOBS: Final = select(*columns(jobs, Job), deliveries.c.note, deliveries.c.key, deliveries.c.shown)
_ROWS: Final = _JOBS.join(deliveries, deliveries.c.job_id == jobs.c.id)
#: Fields of a request that are stored unchanged.
_REQUEST_FIELDS: Final = [each.name for each in fields(JobRequest) if each.name in jobs.c]
# Built once: building a statement costs as much as running it.
_INSERT_JOB: Final = insert(jobs).returning(jobs.c.id)
_INSERT_DELIVERY: Final = insert(deliveries)
_INSERT_CHUNK: Final = insert(chunks)
_CHUNK_FIELDS: Final = [each.name for each in fields(Chunk)]
#: Fields of a job that are stored in its delivery.
_DELIVERY_FIELDS: Final = ("note", "shown")


class Jobs(Repository):
    """Requests to speak, each with its front end's delivery."""

    def insert(self, request: JobRequest, **values: object) -> Job:
        """Insert a queued job; `values` are the fields that the request does not have."""
        row = {name: getattr(request, name) for name in _REQUEST_FIELDS}
        row |= {"style": dict(request.style), "state": JobState.QUEUED} | values
        job_id = self._execute(_INSERT_JOB, row).scalar_one()
        note = dict(request.note)
        delivery = {"frontend": request.frontend, "key": request.key, "note": note}
        self._execute(_INSERT_DELIVERY, {"job_id": job_id, **delivery})
        return Job(**row, id=job_id, key=request.key, note=note)

    def get(self, job_id: int) -> Job | None:
        return next(iter(self._select(jobs.c.id == job_id)), None)

    def by_key(self, frontend: str, key: str) -> Job | None:
        """The job that this front end submitted with this key."""
        found = self._select(deliveries.c.frontend == frontend, deliveries.c.key == key)
        return next(iter(found), None)

    def live(self) -> list[Job]:
        """All jobs that are queued or being spoken, oldest first."""
        return self._select(_LIVE)

    def unshown(self, frontend: str) -> list[Job]:
        """Jobs that are over, and whose `shown` does not begin with their state; oldest first.
        Leaves out aborted jobs, which have no message."""
        return self._select(jobs.c.frontend == frontend, not_(_LIVE), not_(_SHOWN))

    def ended_in(self, frontend: str, voice: str | None, *, most: int) -> list[int]:
        """Jobs that are over and have the registered voice with this key, or (None) any
        registered voice; newest first."""
        where = jobs.c.reference.is_not(None) if voice is None else jobs.c.voice == voice
        query = select(jobs.c.id).where(jobs.c.frontend == frontend, not_(_LIVE), where)
        return self._scalars(query.order_by(jobs.c.id.desc()).limit(most))

    def of_requester(self, member: str) -> list[Job]:
        """A member's jobs, oldest first."""
        return self._select(jobs.c.requester == member)

    def update(self, job_ids: Collection[int], **values: object) -> None:
        """Set these fields of these jobs; `note` and `shown` are stored in their deliveries."""
        shown = {name: values.pop(name) for name in _DELIVERY_FIELDS if name in values}
        for some in batches(job_ids):
            if values:
                self._execute(update(jobs).where(jobs.c.id.in_(some)).values(**values))
            if shown:
                self._execute(
                    update(deliveries).where(deliveries.c.job_id.in_(some)).values(**shown)
                )

    def delete_ended(self, *, shown_before: float, before: float) -> int:
        """Delete finished jobs with their chunks: those that ended before `shown_before` and whose
        end was shown, and all that ended before `before`. Returns how many."""
        shown = select(deliveries.c.job_id).where(deliveries.c.job_id == jobs.c.id, _SHOWN)
        gone = self._execute(
            delete(jobs).where(
                not_(_LIVE),
                or_(and_(jobs.c.ended_at < shown_before, shown.exists()), jobs.c.ended_at < before),
            )
        )
        return gone.rowcount

    def _select(self, *where: ColumnElement[bool]) -> list[Job]:
        return self._values(_ROWS.where(*where).order_by(jobs.c.id), Job)


class Chunks(Repository):
    """The parts of jobs that are synthesized and spoken as one unit."""

    def of(self, job_ids: Sequence[int]) -> dict[int, list[Chunk]]:
        """The chunks of each of these jobs, in order."""
        found: dict[int, list[Chunk]] = {job_id: [] for job_id in job_ids}
        query = select(*columns(chunks, Chunk)).order_by(chunks.c.job_id, chunks.c.position)
        for row in self._in_batches(job_ids, lambda some: query.where(chunks.c.job_id.in_(some))):
            found[row.job_id].append(Chunk(**row._mapping))
        return found

    def insert(self, new: Iterable[Chunk]) -> None:
        rows = [{name: getattr(chunk, name) for name in _CHUNK_FIELDS} for chunk in new]
        if rows:
            self._execute(_INSERT_CHUNK, rows)

    def delete(self, job_id: int, *, since: int) -> None:
        """Delete the job's chunks from position `since` on."""
        self._execute(delete(chunks).where(chunks.c.job_id == job_id, chunks.c.position >= since))

    def update(self, which: Iterable[tuple[int, int]], **values: object) -> None:
        """Set these fields of the chunks `(job id, position)`."""
        keys = [{"at_job": job_id, "at_position": position} for job_id, position in which]
        if keys:
            self._execute(
                update(chunks)
                .where(
                    chunks.c.job_id == bindparam("at_job"),
                    chunks.c.position == bindparam("at_position"),
                )
                .values(**values),
                keys,
            )

    def count(self, job_id: int) -> tuple[int, int, int, float]:
        """A job's chunks, spoken chunks, failed chunks, and seconds spoken."""
        spoken = chunks.c.state == ChunkState.SPOKEN
        row = self._execute(
            select(
                func.count(),
                func.count(case((spoken, 1))),
                func.count(case((chunks.c.state == ChunkState.FAILED, 1))),
                func.coalesce(func.sum(case((spoken, chunks.c.seconds))), 0.0),
            ).where(chunks.c.job_id == job_id)
        ).one()
        return row[0], row[1], row[2], row[3]


class Lanes(Repository):
    """The lanes, in which jobs are spoken in order."""

    def all(self) -> list[Lane]:
        query = select(*columns(lanes, Lane))
        return self._values(query.order_by(lanes.c.frontend, lanes.c.id), Lane)

    def put(self, lane: Lane) -> None:
        row = asdict(lane)
        self._execute(
            insert(lanes)
            .values(row)
            .on_conflict_do_update(index_elements=[lanes.c.frontend, lanes.c.id], set_=row)
        )


class Metadata(Repository):
    """Named values of the queue as a whole."""

    def get(self, name: str) -> Any:
        """The value that was put under `name`; None if there is none."""
        return self._execute(
            select(metadata.c.value).where(metadata.c.name == name)
        ).scalar_one_or_none()

    def put(self, name: str, value: Mapping[str, Any] | float) -> None:
        self._execute(
            insert(metadata)
            .values(name=name, value=value)
            .on_conflict_do_update(index_elements=[metadata.c.name], set_={"value": value})
        )
