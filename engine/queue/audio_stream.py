"""Sound on its way from the engine to a listener: the engine appends to it as it is played.

One thread writes (the event loop's), any thread reads. Readers need no lock: `packets` only grows,
and a flag only ever changes from False to True, after the last packet is there.
"""

import asyncio
from dataclasses import dataclass, field

from engine.model.audio_format import FRAME_SECONDS
from engine.model.jobs import Chunk, Job


class PacketStream:
    """The Opus packets (48 kHz stereo, 20 ms each) of one chunk."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.complete = False  # no more packets will come
        self.dropped = False  # cancelled: the sender goes on to the next item at its next frame
        self.failed = False  # it could not be made; the sender goes on likewise
        self._begun = asyncio.Event()

    @property
    def seconds(self) -> float:
        return len(self.packets) * FRAME_SECONDS

    @property
    def over(self) -> bool:
        """Whether the sender must skip what is left of it."""
        return self.dropped or self.failed

    async def begun(self) -> None:
        """Wait for the first packet, or until it is certain that there will be none."""
        await self._begun.wait()

    # Only the event loop may call the following methods.

    def grow(self, packets: list[bytes]) -> None:
        self.packets.extend(packets)
        if self.packets:
            self._begun.set()

    def finish(self) -> None:
        self.complete = True
        self._begun.set()

    def drop(self) -> None:
        self.dropped = True
        self._begun.set()

    def fail(self) -> None:
        self.failed = True
        self._begun.set()


@dataclass(frozen=True, slots=True, eq=False)
class PlaybackItem:
    """A chunk that the frame sender plays."""

    job: Job
    chunk: Chunk
    sound: PacketStream = field(repr=False)
    pause_after: float  # seconds of silence after it; after a job's last chunk, the gap
    number: int = 0  # counts the items of its `PlaybackQueue`
