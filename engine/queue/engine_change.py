"""Switches the queue to another engine: text that is not spoken yet is split again, as it asks."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import structlog

from engine.model.engine import EngineInfo
from engine.model.errors import Failure
from engine.model.jobs import Chunk, ChunkState, JobState, Substitution
from engine.queue.changes import Change, NewChunks, Queue, job_change
from engine.queue.chunking import ActiveEngine, Cut, all_made
from engine.queue.rendering import settle
from engine.queue.state import LiveJob
from engine.store.transaction import Transaction

#: Jobs that are split in one transaction, so that a long queue does not block other changes.
_BATCH: Final = 20

log = structlog.get_logger(__name__)


async def use_engine(queue: Queue, info: EngineInfo, *, fallback: bool = False) -> None:
    """Store the info, and split the jobs that were split under another; new jobs use it at once.
    `fallback`: this engine speaks while the main one is down."""
    use, before = ActiveEngine(info, fallback), queue.engine
    if queue.engine != use:
        await queue.change(_store(queue, use))
        log.info("An engine is in use", engine=info.name, version=info.version, slots=info.slots)
    await queue.change(_refuse(queue, use, before))
    while stale := [live for live in queue.jobs.values() if live.job.engine != use.id][:_BATCH]:
        await queue.change(_cut(queue, use, stale))


async def _refuse(queue: Queue, use: ActiveEngine, before: ActiveEngine | None) -> None:
    """End the jobs that this engine cannot speak."""
    last = None if before is None else before.info
    changes: list[Change] = []
    for live in queue.jobs.values():
        refusal = use.refusal(live.job, known=live.job.engine is not None, before=last)
        if refusal is not None and not all_made(live.chunks):
            changes += queue.ended([live.job.id], JobState.FAILED, error=refusal.failure)
    await queue.apply(*changes)


async def _store(queue: Queue, use: ActiveEngine) -> None:
    await queue.database.write(lambda tx: tx.metadata.put("engine", use.info.to_json()))
    queue.engine = use


async def _cut(queue: Queue, use: ActiveEngine, stale: Sequence[LiveJob]) -> None:
    # The database's thread may read stale jobs: no player takes a chunk of one.
    live_still = [live for live in stale if live.job.id in queue.jobs]

    def cut_all(tx: Transaction) -> Iterable[Change]:
        for live in live_still:
            cut = use.cut(live.job, live.chunks)
            job = replace(live.job, voice=cut.voice)
            yield NewChunks(
                live,
                cut.since,
                adopt_audio(tx, cut.chunks),
                # A player has these, but they are not made yet.
                keys={
                    chunk.chunk.position: use.key(job, chunk.chunk.text)
                    for chunk in live.chunks[: cut.since]
                    if chunk.state is ChunkState.QUEUED
                },
            )
            yield job_change(
                live.job.id,
                engine=use.id,
                voice=cut.voice,
                substitution=_substitution(use, live, cut),
            )

    await queue.apply(first=cut_all)
    await settle(queue, live_still)
    empty = [live.job.id for live in live_still if not any(live.rest())]
    await queue.end(empty, JobState.FAILED, error=Failure("nothing-to-speak"))


def adopt_audio(tx: Transaction, chunks: Sequence[tuple[Chunk, str]]) -> list[tuple[Chunk, str]]:
    """These new chunks; those whose audio the cache holds are ready."""
    known = tx.audio.known(key for _, key in chunks)
    return [
        (
            replace(chunk, state=ChunkState.READY, audio=key, seconds=known[key].seconds)
            if key in known
            else chunk,
            key,
        )
        for chunk, key in chunks
    ]


def _substitution(use: ActiveEngine, live: LiveJob, cut: Cut) -> Substitution | None:
    """Audio that is already made keeps its substitution."""
    to_make = [chunk.state is ChunkState.QUEUED for chunk in live.chunks[: cut.since]]
    new = use.substitution(live.job) if cut.chunks or any(to_make) else None
    return new or (None if all(to_make) else live.job.substitution)
