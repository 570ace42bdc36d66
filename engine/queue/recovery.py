"""The start: reads the queue that the last process left on disk, and repairs it.

chunk SYNTHESIZING       waits again; its attempt counts, so it is retried alone
chunk READY, no audio    waits again
audio file without row   adopted if a chunk waits for it, else deleted
audio row without file   deleted
job SPEAKING             stays so, and continues at its first chunk that is not spoken
job pending              stays pending; its front end confirms or aborts it
lane with jobs waiting   the time since the last heartbeat counts as stalled, except in a pause
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from engine.model.audio_format import FRAME_SECONDS
from engine.model.engine import EngineInfo
from engine.model.jobs import Chunk, ChunkState, Job, Lane, LaneKey
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Change, Queue, chunk_change, lane_change
from engine.queue.chunking import ActiveEngine
from engine.queue.rendering import settle
from engine.queue.state import LiveChunk
from engine.store.transaction import AudioRow, Transaction

log = structlog.get_logger(__name__)


async def recover(queue: Queue, cache: AudioCache) -> None:
    """Fill the empty queue from its database, and repair what a kill left unfinished. Run it
    through `Queue.change`."""
    now = queue.clock.time()
    files = await asyncio.to_thread(cache.keys)
    found = await queue.database.read(_load)
    if found.engine is not None:
        queue.engine = ActiveEngine(EngineInfo.from_json(found.engine))
    for lane in found.lanes:
        queue.enter_lane(lane)
    for job in found.jobs:
        queue.enter(job, [(each, _key(queue, job, each)) for each in found.chunks[job.id]])
    unspoken = [chunk for live in queue.jobs.values() for chunk in live.rest()]
    # The registered voice that each piece of audio may be in: it is deleted with that voice.
    wanted = {
        chunk.key: "" if chunk.owner.job.reference is None else chunk.owner.job.voice
        for chunk in unspoken
    }
    orphans = {key: wanted[key] for key in (files - found.audio) & wanted.keys()}
    adopted = await _read_orphans(cache, orphans)

    def repair(tx: Transaction) -> Iterable[Change]:
        for row in adopted:
            tx.audio.put(row, now=now)
        tx.audio.drop(list(found.audio - files))
        tx.metadata.put("alive", now)
        return _settled(unspoken, tx.audio.known(wanted))

    monotonic, away = queue.clock.monotonic(), _away(found, now)
    for lane_key, seconds in away.items():
        queue.lane(lane_key).add_stall(seconds)
    await queue.apply(
        *(lane_change(key, stalled_seconds=queue.lane(key).stalled(monotonic)) for key in away),
        first=repair,
    )
    queue.cached_bytes = await queue.database.read(lambda tx: tx.audio.total_bytes())
    await settle(queue, list(queue.jobs.values()))
    unwanted = files - found.audio - {row.key for row in adopted}
    for key in unwanted:
        await asyncio.to_thread(cache.drop, key)
    for live in list(queue.lanes.values()):
        queue.reschedule(live)
    log.info(
        "The queue was read",
        jobs=len(found.jobs),
        audio_adopted=len(adopted),
        audio_swept=len(unwanted),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the database holds of the queue."""

    jobs: list[Job]
    chunks: dict[int, list[Chunk]]
    lanes: list[Lane]
    audio: set[str]
    engine: Mapping[str, Any] | None
    alive: float | None


def _load(tx: Transaction) -> _Found:
    jobs = tx.jobs.live()
    return _Found(
        jobs=jobs,
        chunks=tx.chunks.of([job.id for job in jobs]),
        lanes=tx.lanes.all(),
        audio=tx.audio.keys(),
        engine=tx.metadata.get("engine"),
        alive=tx.metadata.get("alive"),
    )


def _key(queue: Queue, job: Job, chunk: Chunk) -> str:
    """Audio that is made keeps its key; other chunks get a key under the stored engine."""
    return chunk.audio or ("" if queue.engine is None else queue.engine.key(job, chunk.text))


def _settled(chunks: Sequence[LiveChunk], known: Mapping[str, AudioRow]) -> Iterable[Change]:
    """A chunk that is not spoken is ready if the cache has its audio, else it waits."""
    lacking = [each for each in chunks if each.key not in known]
    waiting = [each for each in lacking if each.state is not ChunkState.QUEUED or each.chunk.audio]
    yield chunk_change(*waiting, state=ChunkState.QUEUED, audio=None, seconds=None)
    for each in chunks:
        row = known.get(each.key)
        if row is not None and (each.state, each.chunk.audio) != (ChunkState.READY, row.key):
            ready = {"audio": row.key, "seconds": row.seconds}
            yield chunk_change(each, state=ChunkState.READY, **ready)


async def _read_orphans(cache: AudioCache, orphans: Mapping[str, str]) -> list[AudioRow]:
    """Those of these files (key: voice) that hold a complete stream."""
    rows = []
    for key, voice in orphans.items():
        packets = await asyncio.to_thread(cache.read, key)
        size = await asyncio.to_thread(cache.size, key)
        if packets is not None and size is not None:
            seconds = len(packets) * FRAME_SECONDS
            rows.append(AudioRow(key=key, bytes=size, seconds=seconds, voice=voice))
    return rows


def _away(found: _Found, now: float) -> dict[LaneKey, float]:
    """For each lane that is not paused and has jobs waiting, the seconds in which they could not
    be spoken: since the last heartbeat, or since the oldest job if that is later."""
    oldest: dict[LaneKey, float] = {}
    for job in found.jobs:  # oldest first
        if job.urgency is not None:
            continue
        oldest.setdefault(job.lane_key, job.created_at)
    return {
        lane.key: max(0.0, now - max(since, found.alive or since))
        for lane in found.lanes
        if not lane.paused and (since := oldest.get(lane.key)) is not None
    }
