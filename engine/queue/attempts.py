"""The outcomes of an attempt to make a chunk's audio.

    claim ──▶ made         its audio is in the cache, for every job that waits for this key
         ├──▶ give_back    the engine was away, or the queue closes: the attempt does not count
         ├──▶ give_back    the engine died while it worked on several chunks: each is retried alone
         ├──▶ give_back    the engine died while it worked on this one alone; after three, fail
         └──▶ fail         the chunk cannot be made; the rest of each job is spoken

An attempt is committed before it begins, so a chunk that takes the bot down along with the engine
is still identified. Each transition applies to a key: to every chunk that waits for the same audio.
Run each coroutine through `Queue.change`.
"""

from typing import Final

import structlog

from engine.model.errors import Failure
from engine.model.jobs import ChunkState, JobState
from engine.queue.changes import Queue, chunk_change, job_change
from engine.queue.rendering import settle
from engine.queue.state import LiveChunk
from engine.store.transaction import AudioRow, Transaction

#: A chunk is skipped after the engine has died this often while it worked on that chunk alone.
MOST_DEATHS: Final = 3
#: A chunk is skipped after this many attempts without a result. The limit is higher than that of
#: deaths, because the chunk is rarely the reason why the bot was killed.
MOST_ATTEMPTS: Final = 10

log = structlog.get_logger(__name__)


async def claim(queue: Queue, key: str) -> bool:
    """Begin an attempt. Returns False if no chunk waits for this audio any more."""
    chunks = _waiting(queue, key)
    await queue.apply(
        *(
            chunk_change(each, state=ChunkState.SYNTHESIZING, attempts=each.chunk.attempts + 1)
            for each in chunks
        )
    )
    return bool(chunks)


async def made(
    queue: Queue, key: str, *, seconds: float, size: int | None, voice: str = ""
) -> bool:
    """Record that the audio is complete. `voice` is the registered voice that speaks in it ("":
    none); `size` is its bytes in the cache, None if it could not be written there.

    Returns False if the caller must delete its file.
    """
    chunks, in_flight = _waiting(queue, key), queue.in_flight[key]
    if in_flight.unwelcome and not chunks:
        return False
    now = queue.clock.time()

    def index(tx: Transaction) -> None:
        if size is not None:
            tx.audio.put(AudioRow(key=key, bytes=size, seconds=seconds, voice=voice), now=now)

    made = {"seconds": seconds, "attempts": 0, "deaths": 0, "audio": None if size is None else key}
    await queue.apply(chunk_change(*chunks, state=ChunkState.READY, **made), first=index)
    for each in chunks:
        each.kept = in_flight.packets if size is None else None
    queue.cached_bytes += size or 0
    queue.wake.set()
    if chunks:
        queue.measured(len(chunks[0].chunk.text), seconds)
    await settle(queue, [each.owner for each in chunks])
    return True


def exhausted(queue: Queue, key: str) -> bool:
    """Whether the chunk must not be tried again."""
    return any(
        each.chunk.deaths >= MOST_DEATHS or each.chunk.attempts >= MOST_ATTEMPTS
        for each in _waiting(queue, key)
    )


async def fail(queue: Queue, key: str, *, error: Failure) -> None:
    """The chunk cannot be made. Jobs with nothing else left end with this error.

    If a player already has a part of its sound, the sound ends there, and the chunk counts as
    ready.
    """
    chunks = _waiting(queue, key)
    cut = {each: each.sound for each in chunks if each.sound is not None and each.sound.packets}
    failed = [each for each in chunks if each not in cut]
    ending = {each.owner for each in failed if all(rest in failed for rest in each.owner.rest())}
    heard = {
        live.job.id
        for live in ending
        if any(chunk.state is ChunkState.SPOKEN for chunk in live.chunks)
    }
    silent = {live.job.id for live in ending} - heard
    end = {"pending": False, "ended_at": queue.clock.time()}
    await queue.apply(
        *(
            chunk_change(each, state=ChunkState.READY, seconds=sound.seconds)
            for each, sound in cut.items()
        ),
        chunk_change(*failed, state=ChunkState.FAILED),
        job_change(*heard, state=JobState.COMPLETED, **end),
        job_change(*silent, state=JobState.FAILED, error=error, **end),
    )
    for each, sound in cut.items():
        each.kept = sound.packets
        sound.finish()
    for each in failed:
        if each.sound is not None:
            each.sound.fail()
    await settle(queue, [each.owner for each in chunks])
    log.warning(
        "Parts cannot be spoken",
        chunks=[each.id for each in chunks],
        ended=sorted(heard | silent),
        why=error.code,
    )


async def lost(queue: Queue, key: str) -> None:
    """The cached audio is missing or damaged: chunks that have not received it wait again."""
    chunks = [
        each
        for each in queue.wanted.get(key, ())
        if each.state is ChunkState.READY
        and each.kept is None
        and not (each.sound is not None and each.sound.complete)
    ]
    await queue.apply(
        chunk_change(*chunks, state=ChunkState.QUEUED, audio=None, seconds=None),
        first=lambda tx: tx.audio.drop([key]),
    )
    log.warning("Cached audio was missing or damaged", chunks=[each.id for each in chunks])


async def give_back(queue: Queue, key: str, *, attempts: int = 0, deaths: int = 0) -> None:
    """Return the claimed chunks to the queue, with these added to their counts: an attempt that
    does not count is taken back with -1."""
    await queue.apply(
        *(
            chunk_change(
                each,
                state=ChunkState.QUEUED,
                attempts=each.chunk.attempts + attempts,
                deaths=each.chunk.deaths + deaths,
            )
            for each in _waiting(queue, key)
            if each.state is ChunkState.SYNTHESIZING
        )
    )


def _waiting(queue: Queue, key: str) -> list[LiveChunk]:
    states = (ChunkState.QUEUED, ChunkState.SYNTHESIZING)
    return [chunk for chunk in queue.wanted.get(key, ()) if chunk.state in states]
