"""The start: from what the last process left on disk, however it ended, to a queue that goes on.

    chunk SYNTHESIZING       waits again; its attempt stands, so it is tried alone
    chunk READY, no audio    waits again
    audio file without row   adopted where a chunk waits for it, else swept
    audio row without file   forgotten
    job SPEAKING             stays, and goes on at its first chunk that is not spoken
    job held                 stays held; the front end settles it
    lane with jobs waiting   the time since the last sign of life counts as stalled, pauses aside

Knows: what a kill can leave behind. Does not know: how it came about.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection

from engine.model.audio_format import FRAME_SECONDS
from engine.model.engine import EngineInfo
from engine.model.jobs import ChunkState, Lane
from engine.queue.audio_cache import AudioCache
from engine.queue.changes import Queue
from engine.queue.chunking import ActiveEngine
from engine.queue.state import LiveChunk, LiveJob
from engine.store import audio as audio_index
from engine.store import jobs as queries

log = structlog.get_logger(__name__)


async def recover(queue: Queue, cache: AudioCache) -> None:
    """Fill the empty queue from its database, and set right what a kill left halfway."""
    monotonic, now = queue.clock.monotonic(), queue.clock.time()
    files = await asyncio.to_thread(cache.keys)
    found = await queue.database.read(_load)
    if found.info is not None:
        queue.info = ActiveEngine(EngineInfo.from_json(found.info))
    live = [_revive(queue.info, row, found.chunks[row.job.id]) for row in found.jobs]
    # To be purged with the registered voice that it is in, or may be.
    wanted = {
        chunk.key: "" if job.job.reference is None else job.job.voice
        for job in live
        for chunk in job.rest()
    }
    orphans = {key: wanted[key] for key in (files - found.audio) & wanted.keys()}
    adopted = await _read_orphans(cache, orphans)
    lanes = _lanes(found, now)

    def write(connection: Connection) -> int:
        for row in adopted:
            audio_index.put(connection, row, now=now)
        audio_index.drop(connection, list(found.audio - files))
        known = audio_index.known(connection, wanted)
        for job in live:
            _settle(connection, job.chunks, known)
        for lane in lanes:
            queries.put_lane(connection, lane)
        queries.put_fact(connection, "alive", now)
        return audio_index.total_bytes(connection)

    queue.cached_bytes = await queue.database.write(write)
    unwanted = files - found.audio - {row.key for row in adopted}
    for key in unwanted:
        await asyncio.to_thread(cache.drop, key)
    for lane in lanes:
        queue.lane(lane.id).lane = lane
        queue.lane(lane.id).stored = True
    for job in live:
        queue.enter(job, monotonic)
    for waiting in list(queue.lanes.values()):
        queue.reschedule(waiting)
    log.info(
        "The queue was read", jobs=len(live), audio_adopted=len(adopted), audio_swept=len(unwanted)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the database holds of a queue."""

    jobs: list[queries.JobRow]
    chunks: dict[int, list[queries.ChunkRow]]
    lanes: list[Lane]
    audio: set[str]
    info: Mapping[str, Any] | None
    alive: float | None


def _load(connection: Connection) -> _Found:
    jobs = queries.live_jobs(connection)
    return _Found(
        jobs=jobs,
        chunks=queries.chunks_of(connection, [row.job.id for row in jobs]),
        lanes=queries.all_lanes(connection),
        audio=audio_index.keys(connection),
        info=queries.fact(connection, "card"),
        alive=queries.fact(connection, "alive"),
    )


def _revive(
    info: ActiveEngine | None, row: queries.JobRow, chunks: Sequence[queries.ChunkRow]
) -> LiveJob:
    live = LiveJob(row.job, row.stalled_before, origin_key=row.origin_key, info=row.info)
    for each in chunks:
        chunk = each.chunk
        # Made audio keeps its key; what is still to be made gets the one of the stored card.
        key = chunk.audio or ("" if info is None else info.key(row.job, chunk.text))
        live.chunks.append(
            LiveChunk(
                live,
                chunk.index,
                chunk.text,
                chunk.pause_after,
                key,
                state=chunk.state,
                attempts=chunk.attempts,
                deaths=each.deaths,
                audio=chunk.audio,
                seconds=chunk.seconds,
            )
        )
    return live


def _settle(
    connection: Connection, chunks: Sequence[LiveChunk], known: Mapping[str, audio_index.AudioRow]
) -> None:
    """A chunk that is not spoken is ready if the cache holds its audio, else it waits."""
    for chunk in chunks:
        if chunk.state in (ChunkState.SPOKEN, ChunkState.FAILED):
            continue
        row = known.get(chunk.key)
        state = ChunkState.QUEUED if row is None else ChunkState.READY
        audio = None if row is None else chunk.key
        if (chunk.state, chunk.audio) == (state, audio):
            continue
        chunk.state, chunk.audio = state, audio
        chunk.seconds = None if row is None else row.seconds
        queries.set_chunks(connection, [chunk.id], state=state, audio=audio, seconds=chunk.seconds)


async def _read_orphans(
    cache: AudioCache, orphans: Mapping[str, str]
) -> list[audio_index.AudioRow]:
    """The files among these (key: voice) that hold a complete stream."""
    rows = []
    for key, voice in orphans.items():
        packets = await asyncio.to_thread(cache.read, key)
        size = await asyncio.to_thread(cache.size, key)
        if packets is not None and size is not None:
            seconds = len(packets) * FRAME_SECONDS
            rows.append(audio_index.AudioRow(key=key, bytes=size, seconds=seconds, voice=voice))
    return rows


def _lanes(found: _Found, now: float) -> list[Lane]:
    """The lanes as they are now. For one with jobs waiting, and no pause, the time in which
    nobody could have spoken them counts as stalled: since the last heartbeat, or, if there was
    none since it was submitted, since its oldest job."""
    oldest: dict[str, float] = {}
    for row in found.jobs:  # oldest first
        oldest.setdefault(row.job.lane, row.job.created_at)
    lanes = []
    for lane in found.lanes:
        seconds = 0.0
        if lane.id in oldest and not lane.paused:
            since = oldest[lane.id]
            seconds = max(0.0, now - max(since, found.alive or since))
        lanes.append(replace(lane, stalled_seconds=lane.stalled_seconds + seconds))
    return lanes
