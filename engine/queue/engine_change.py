"""An engine's card comes into use: text that is not yet spoken is cut as it asks.

Knows: which jobs were cut under another card, or under none yet. Does not know: how text is cut
(`chunking.py`), the engine.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy import Connection

from engine.model.engine import EngineInfo
from engine.model.jobs import ChunkState, JobState, Substitution
from engine.queue.changes import Queue, adopt_audio
from engine.queue.chunking import ActiveEngine, Cut, all_made
from engine.queue.state import LiveJob
from engine.store import jobs as queries

#: Jobs that are cut anew in one transaction, so that a long queue holds nobody up.
_AT_ONCE: Final = 20

log = structlog.get_logger(__name__)


async def use_engine(queue: Queue, info: EngineInfo, *, fallback: bool = False) -> None:
    """Store the card, and cut what was not cut under it. New jobs are cut under it at once.
    `fallback`: it is that of an engine that speaks while another is down."""
    use, before = ActiveEngine(info, fallback), queue.info
    if queue.info != use:
        await queue.change(_store(queue, use))
        log.info("The engine's card", engine=info.name, version=info.version, slots=info.slots)
    for error, refused in _refused(queue, use, before).items():
        await queue.change(queue.end(refused, JobState.FAILED, error=error))
    while stale := [live for live in queue.jobs.values() if live.info != use.id][:_AT_ONCE]:
        await queue.change(_cut(queue, use, stale))


def _refused(queue: Queue, use: ActiveEngine, before: ActiveEngine | None) -> dict[str, list[int]]:
    """The jobs that cannot be spoken under this card, by what their requesters are told."""
    refused: defaultdict[str, list[int]] = defaultdict(list)
    for live in queue.jobs.values():
        last = None if before is None else before.info
        refusal = use.refusal(live.job, known=live.info is not None, before=last)
        if refusal is not None and not all_made(live):
            refused[refusal.user_message].append(live.job.id)
    return refused


async def _store(queue: Queue, use: ActiveEngine) -> None:
    def write(connection: Connection) -> None:
        queries.put_fact(connection, "card", use.info.to_json())

    await queue.database.write(write)
    queue.info = use


async def _cut(queue: Queue, use: ActiveEngine, stale: Sequence[LiveJob]) -> None:
    # No player takes a chunk of a stale job, so the other thread may look at it.
    live_still = [live for live in stale if live.job.id in queue.jobs]

    def write(connection: Connection) -> list[tuple[LiveJob, Cut, Substitution | None]]:
        cuts = []
        for live in live_still:
            cut = use.cut(live)
            stand_in = _stand_in(use, live, cut)
            adopt_audio(connection, cut.chunks)
            new = [chunk.value() for chunk in cut.chunks]
            queries.replace_chunks(connection, live.job.id, since=cut.since, by=new)
            queries.set_jobs(
                connection, [live.job.id], card=use.id, voice=cut.voice, stand_in=stand_in
            )
            cuts.append((live, cut, stand_in))
        return cuts

    cuts = await queue.database.write(write)
    for live, cut, stand_in in cuts:
        for chunk in live.chunks:
            queue.unwant(chunk)
        live.job = replace(live.job, voice=cut.voice, stand_in=stand_in)
        live.chunks[cut.since :] = cut.chunks
        live.info = use.id
        live.reordered()
        for chunk in live.rest():
            if chunk.state is ChunkState.QUEUED:  # in a player's hands, and not yet made
                chunk.key = use.key(live.job, chunk.text)
            queue.want(chunk)
        queue.reschedule(queue.lane(live.job.lane))
        queue.feed.changed(live.job.lane, live.job.id)
    empty = [live.job.id for live, *_ in cuts if not any(live.rest())]
    await queue.end(empty, JobState.FAILED, error="This text has nothing that could be spoken.")


def _stand_in(use: ActiveEngine, live: LiveJob, cut: Cut) -> Substitution | None:
    """What is made already stays as it was made."""
    to_make = [chunk.state is ChunkState.QUEUED for chunk in live.chunks[: cut.since]]
    anew = use.stand_in(live.job) if cut.chunks or any(to_make) else None
    return anew or (None if all(to_make) else live.job.stand_in)
