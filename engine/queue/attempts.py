"""What becomes of a try to make a chunk's audio, on disk and in memory.

    claim ──▶ made         its audio is in the cache: every job that waits for this key has it
         ├──▶ put_back     the engine was away, or we end: the try never was
         ├──▶ suspected    the host died while it worked on several: each is tried alone now
         ├──▶ killed       the host died with nothing else in work; the third time: given up
         └──▶ given_up     it cannot be made; the rest of each job is spoken

Knows: attempts, deaths, and the ends of jobs that follow from chunks that fail.
Does not know: the engine, and when a try is begun (`synthesis.py`).

An attempt is committed before it is begun: what takes the bot down along with the host is still
found out. All transitions are of a key, that is of every chunk that waits for the same audio.
Each coroutine is to be run by `Queue.change`.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy import Connection

from engine.model.jobs import ChunkState, JobState
from engine.queue.changes import Queue
from engine.queue.state import LiveChunk, LiveJob
from engine.store import audio as audio_index
from engine.store import jobs as queries

#: Deaths of the host, alone with a chunk, after which the chunk is skipped.
MOST_DEATHS: Final = 3
#: Tries without an end after which it is skipped. More than deaths: that the bot was killed is
#: mostly not the chunk's doing, but it must not be so for ever.
MOST_ATTEMPTS: Final = 10

log = structlog.get_logger(__name__)


async def claim(queue: Queue, key: str) -> bool:
    """A try begins. False where nobody waits for this audio any more."""
    chunks = _waiting(queue, key)
    if not chunks:
        return False

    def write(connection: Connection) -> None:
        ids = [chunk.id for chunk in chunks]
        queries.count_tries(connection, ids, state=ChunkState.SYNTHESIZING, attempts=1, deaths=0)

    await queue.database.write(write)
    for chunk in chunks:
        chunk.state = ChunkState.SYNTHESIZING
        chunk.attempts += 1
    return True


async def made(
    queue: Queue, key: str, *, seconds: float, size: int | None, voice: str = ""
) -> bool:
    """The audio is there, in the registered `voice` ("": in none): `size` bytes in the cache, or
    None if it could not be kept there. False where it is not to be kept, and its file is to go."""
    chunks = _waiting(queue, key)
    if queue.making[key].unwelcome and not chunks:
        return False
    kept = queue.making[key].packets if size is None else None
    audio = None if size is None else key

    def write(connection: Connection) -> None:
        if size is not None:
            row = audio_index.AudioRow(key=key, bytes=size, seconds=seconds, voice=voice)
            audio_index.put(connection, row, now=queue.clock.time())
        queries.set_chunks(
            connection,
            [chunk.id for chunk in chunks],
            state=ChunkState.READY,
            audio=audio,
            seconds=seconds,
            attempts=0,
            deaths=0,
        )

    await queue.database.write(write)
    for chunk in chunks:
        chunk.state = ChunkState.READY
        chunk.audio, chunk.seconds, chunk.kept = audio, seconds, kept
        chunk.attempts = chunk.deaths = 0
    queue.cached_bytes += size or 0
    queue.wake.set()
    if chunks:
        queue.measured(len(chunks[0].text), seconds)
    return True


async def requeue(queue: Queue, key: str) -> None:
    """The try never was."""
    await _return(queue, key, attempts=-1, deaths=0)


async def quarantine(queue: Queue, key: str) -> None:
    """One of several in work killed the host: this one's attempt stands, so it is tried alone."""
    await _return(queue, key, attempts=0, deaths=0)


async def killed(queue: Queue, key: str) -> None:
    """The host died with this alone in work."""
    await _return(queue, key, attempts=0, deaths=1)


def exhausted(queue: Queue, key: str) -> bool:
    """Whether no further try is to be made."""
    return any(
        chunk.deaths >= MOST_DEATHS or chunk.attempts >= MOST_ATTEMPTS
        for chunk in _waiting(queue, key)
    )


async def fail(queue: Queue, key: str, *, error: str) -> None:
    """It cannot be made. Jobs of which nothing else is left end; `error` is for people.

    Where a player has already been given a part of its sound, the sound ends there, and the chunk
    counts as ready.
    """
    chunks = _waiting(queue, key)
    cut = {
        chunk: chunk.sound.seconds
        for chunk in chunks
        if chunk.sound is not None and chunk.sound.packets
    }
    failed = [chunk for chunk in chunks if chunk not in cut]
    over = {
        chunk.owner.job.id: _end_of(chunk.owner)
        for chunk in failed
        if all(rest in failed for rest in chunk.owner.rest())
    }
    now = queue.clock.time()

    def write(connection: Connection) -> None:
        for chunk, seconds in cut.items():
            queries.set_chunks(connection, [chunk.id], state=ChunkState.READY, seconds=seconds)
        ids = [chunk.id for chunk in failed]
        queries.set_chunks(connection, ids, state=ChunkState.FAILED)
        for job_id, state in over.items():
            told = error if state is JobState.FAILED else None
            queries.set_jobs(
                connection, [job_id], state=state, held=False, ended_at=now, error=told
            )

    await queue.database.write(write)
    for chunk, seconds in cut.items():
        chunk.state, chunk.seconds = ChunkState.READY, seconds
        if chunk.sound is not None:
            chunk.kept = chunk.sound.packets
            chunk.sound.finish()
    for chunk in failed:
        chunk.state = ChunkState.FAILED
        queue.unwant(chunk)
        if chunk.sound is not None:
            chunk.sound.fail()
        queue.feed.changed(chunk.owner.job.lane, chunk.owner.job.id)
    for job_id, state in over.items():
        live = queue.jobs[job_id]
        told = error if state is JobState.FAILED else None
        live.job = replace(live.job, state=state, held=False, ended_at=now, error=told)
        queue.show_end(live)
    log.warning(
        "Parts cannot be spoken", chunks=[chunk.id for chunk in chunks], ended=list(over), why=error
    )


async def lost(queue: Queue, key: str) -> None:
    """The audio is not in the cache after all: whoever has not got it yet has to wait again."""
    chunks = [
        chunk
        for chunk in queue.wanted.get(key, ())
        if chunk.state is ChunkState.READY
        and chunk.kept is None
        and not (chunk.sound is not None and chunk.sound.complete)
    ]

    def write(connection: Connection) -> None:
        audio_index.drop(connection, [key])
        ids = [chunk.id for chunk in chunks]
        queries.set_chunks(connection, ids, state=ChunkState.QUEUED, audio=None, seconds=None)

    await queue.database.write(write)
    for chunk in chunks:
        chunk.state, chunk.audio, chunk.seconds = ChunkState.QUEUED, None, None
    _reschedule(queue, chunks)
    log.warning("Cached audio was missing or damaged", chunks=[chunk.id for chunk in chunks])


async def _return(queue: Queue, key: str, *, attempts: int, deaths: int) -> None:
    """The chunks that are claimed wait again."""
    chunks = [chunk for chunk in _waiting(queue, key) if chunk.state is ChunkState.SYNTHESIZING]
    if not chunks:
        return

    def write(connection: Connection) -> None:
        ids = [chunk.id for chunk in chunks]
        queries.count_tries(
            connection, ids, state=ChunkState.QUEUED, attempts=attempts, deaths=deaths
        )

    await queue.database.write(write)
    for chunk in chunks:
        chunk.state = ChunkState.QUEUED
        chunk.attempts += attempts
        chunk.deaths += deaths


def _waiting(queue: Queue, key: str) -> list[LiveChunk]:
    states = (ChunkState.QUEUED, ChunkState.SYNTHESIZING)
    return [chunk for chunk in queue.wanted.get(key, ()) if chunk.state in states]


def _reschedule(queue: Queue, chunks: Collection[LiveChunk]) -> None:
    for lane_id in {chunk.owner.job.lane for chunk in chunks}:
        queue.reschedule(queue.lane(lane_id))


def _end_of(live: LiveJob) -> JobState:
    spoken = any(chunk.state is ChunkState.SPOKEN for chunk in live.chunks)
    return JobState.COMPLETED if spoken else JobState.FAILED
