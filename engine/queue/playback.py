"""A lane as its frame sender sees it: one item after another, each played or handed back.

Knows: which chunks were taken, which were spoken recently, and the transitions of playback:

    take      a chunk gets a sound that grows, or all its packets from the cache
    started   its first frame was sent: the job is being spoken
    spoken    its last frame was sent; after the last chunk the job completes, in one transaction
    rewind    the chunk was not heard after all, nor were those after it

A completed job stays completed: if its last chunks are rewound, their sound is given again, and
nothing is written.

Does not know: frames, Discord.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.model.jobs import Chunk, ChunkState, Job, JobState, LaneKey
from engine.queue import attempts
from engine.queue.audio_cache import AudioCache
from engine.queue.audio_stream import PacketStream, PlaybackItem
from engine.queue.changes import Queue, alone, chunk_change, job_change
from engine.queue.state import GAP, LiveChunk, Replay

#: This many of the latest chunks can be rewound: minutes of sound, while a lost connection is
#: noticed within seconds.
_MEMORY: Final = 64


@dataclass(slots=True, eq=False)
class _Given:
    """A chunk that was given to the sender.

    `item` becomes None when the chunk is spoken or over: its packets are large, and a rewind finds
    them in the cache. `live` is None if the job had already completed.
    """

    number: int
    item: PlaybackItem | None
    live: LiveChunk | None
    job: Job
    chunk: Chunk
    pause_after: float


class PlaybackQueue:
    def __init__(self, queue: Queue, cache: AudioCache, lane: LaneKey) -> None:
        self._queue = queue
        self._cache = cache
        self._lane = queue.lane(lane)
        self._news = queue.news(lane)
        self._given: deque[_Given] = deque()
        self._numbers = itertools.count(1)
        self._closed = False

    async def next(self) -> PlaybackItem:
        """Wait for the next chunk that was not taken yet. Its sound may still grow, or not have
        begun. May be called again before the last item is spoken."""
        while True:
            if self._closed:
                raise RuntimeError(f"the player of lane {self._lane.key} is closed")
            self._news.clear()
            self._forget_old()
            if self._lane.replays:
                item = await self._replay(self._lane.replays[0])
            else:
                engine = self._queue.engine
                chunk = self._lane.next_to_take(None if engine is None else engine.id)
                if chunk is None:
                    await self._news.wait()
                    continue
                item = await self._take(chunk)
            if item is not None and not item.sound.over:
                return item

    @alone
    async def started(self, item: PlaybackItem) -> None:
        """Record that the first frame of `item` was sent."""
        await self._start(item)

    @alone
    async def spoken(self, item: PlaybackItem) -> None:
        """Record that the last frame of `item` was sent."""
        given = self._find(item)
        if given is None:
            return
        if given.live is not None and self._is_live(given.live):
            if given.live.owner.waits:
                await self._start(item)
            await self._commit_spoken(given.live)
        given.item = None

    @alone
    async def rewind(self, item: PlaybackItem) -> None:
        """Take back `item` and all items after it, which were not heard: `next` gives them again.

        Their sounds are dropped.
        """
        # An item that is no longer in `_given` was over long before those that are.
        back = [given for given in self._given if given.number >= item.number]
        await self._commit_rewound(
            [each.live for each in back if each.live is not None and self._is_live(each.live)]
        )
        self._lane.replays.extendleft(_past(each) for each in reversed(back) if _is_past(each))
        for each in back:
            self._hand_back(each)
            self._given.remove(each)
        self._stop_playing()

    def close(self) -> None:
        """Hand back the chunks that were taken but not spoken."""
        if self._closed:
            return
        self._closed = True
        taken = [given for given in self._given if given.item is not None]
        self._lane.replays.extendleft(
            _past(given)
            for given in reversed(taken)
            if given.live is None and given.item is not None and not given.item.sound.over
        )
        for given in taken:
            self._hand_back(given)
        self._given.clear()
        self._stop_playing()
        self._news.set()

    def past(self) -> list[Job]:
        """The completed jobs that will be heard again in part."""
        given = [each.job for each in self._given if each.live is None and each.item is not None]
        return [*given, *(past.job for past in self._lane.replays)]

    def forget(self, which: Callable[[Job], bool] = lambda job: True) -> None:
        """Drop the rewound chunks of these completed jobs: they are not played again."""
        kept = [past for past in self._lane.replays if not which(past.job)]
        self._lane.replays.clear()
        self._lane.replays.extend(kept)
        for given in self._given:
            if given.live is None and given.item is not None and which(given.job):
                given.item.sound.drop()

    # ---- taking

    async def _take(self, chunk: LiveChunk) -> PlaybackItem | None:
        """Give the chunk a sound: all its packets, or one that grows."""
        sound = chunk.sound = PacketStream()
        last = chunk is chunk.owner.chunks[-1]
        item = self._give(
            chunk,
            chunk.owner.job,
            chunk.chunk,
            sound,
            GAP if last else chunk.chunk.pause_after,
        )
        self._lane.begin(chunk.owner)
        packets = chunk.kept
        if packets is None and chunk.state is ChunkState.READY:
            try:
                packets = await asyncio.to_thread(self._cache.read, chunk.key)
                if packets is None:
                    await self._queue.change(attempts.lost(self._queue, chunk.key))
            except asyncio.CancelledError:
                given = self._find(item)
                if given is not None:
                    self._hand_back(given)
                    self._given.remove(given)
                raise
        if packets is not None:
            sound.grow(packets[len(sound.packets) :])
            sound.finish()
        elif (in_flight := self._queue.in_flight.get(chunk.key)) is not None:
            sound.grow(in_flight.packets[len(sound.packets) :])
            if in_flight.streamed:
                sound.finish()
        return item

    async def _replay(self, past: Replay) -> PlaybackItem | None:
        """Give a chunk of a completed job again; None if its audio is gone."""
        packets = None
        if past.chunk.audio is not None:
            packets = await asyncio.to_thread(self._cache.read, past.chunk.audio)
        if not self._lane.replays or self._lane.replays[0] is not past:
            return None  # `forget` removed it meanwhile
        self._lane.replays.popleft()
        if packets is None:
            return None
        sound = PacketStream()
        sound.grow(packets)
        sound.finish()
        return self._give(None, past.job, past.chunk, sound, past.pause_after)

    def _give(
        self, live: LiveChunk | None, job: Job, chunk: Chunk, sound: PacketStream, pause: float
    ) -> PlaybackItem:
        item = PlaybackItem(job, chunk, sound, pause, next(self._numbers))
        self._given.append(_Given(item.number, item, live, job, chunk, pause))
        return item

    def _hand_back(self, given: _Given) -> None:
        item, chunk = given.item, given.live
        given.item = None
        if item is not None:
            item.sound.drop()
        if chunk is not None and item is not None and chunk.sound is item.sound:
            chunk.sound = None
            if not any(each.sound for each in chunk.owner.chunks) and chunk.owner.waits:
                self._lane.unbegin(chunk.owner)

    def _forget_old(self) -> None:
        for given in self._given:
            if given.item is not None and given.item.sound.over:
                given.item = None
        while len(self._given) > _MEMORY and self._given[0].item is None:
            self._given.popleft()

    def _stop_playing(self) -> None:
        self._lane.playing = None
        self._lane.since = self._queue.clock.monotonic()
        self._queue.reschedule(self._lane)

    # ---- commits

    async def _start(self, item: PlaybackItem) -> None:
        given = self._find(item)
        if given is None or given.live is None or not self._is_live(given.live):
            return
        live = given.live.owner
        if live.waits:
            started = job_change(
                live.job.id, state=JobState.SPEAKING, started_at=self._queue.clock.time()
            )
            await self._queue.apply(started)
        self._lane.playing = given.live
        self._lane.since = self._queue.clock.monotonic()
        self._queue.reschedule(self._lane)

    async def _commit_spoken(self, chunk: LiveChunk) -> None:
        job, now = chunk.owner.job, self._queue.clock.time()
        ends = all(rest is chunk for rest in chunk.owner.rest())
        await self._queue.apply(
            chunk_change(
                chunk,
                state=ChunkState.SPOKEN,
                audio=chunk.key if chunk.kept is None else None,
                seconds=chunk.chunk.seconds if chunk.sound is None else chunk.sound.seconds,
            ),
            *([job_change(job.id, state=JobState.COMPLETED, ended_at=now)] if ends else ()),
            first=lambda tx: tx.audio.use([chunk.key], now=now),
        )
        chunk.sound = None
        self._stop_playing()

    async def _commit_rewound(self, chunks: Sequence[LiveChunk]) -> None:
        spoken = [chunk for chunk in chunks if chunk.state is ChunkState.SPOKEN]
        waiting = [
            live
            for live in {chunk.owner for chunk in chunks}
            if live.job.state is JobState.SPEAKING
            and all(each in chunks for each in live.chunks if each.state is ChunkState.SPOKEN)
        ]

        await self._queue.apply(
            chunk_change(*spoken, state=ChunkState.READY),
            job_change(*(live.job.id for live in waiting), state=JobState.QUEUED, started_at=None),
        )

    def _find(self, item: PlaybackItem) -> _Given | None:
        return next((given for given in self._given if given.item is item), None)

    def _is_live(self, chunk: LiveChunk) -> bool:
        return chunk.owner.job.id in self._queue.jobs


def _is_past(given: _Given) -> bool:
    """Whether its job has completed. A cancelled job is never heard again."""
    if given.live is not None:
        return given.live.owner.job.state is JobState.COMPLETED
    return given.item is None or not given.item.sound.over


def _past(given: _Given) -> Replay:
    if given.live is None:
        return Replay(given.job, given.chunk, given.pause_after)
    return Replay(given.live.owner.job, given.live.chunk, given.pause_after)
