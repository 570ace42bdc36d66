"""Sound on its way from the engine to a listener: it grows at one end, is heard at the other.

Knows: packets, and whether more will come. Does not know: who makes them, who sends them.

One thread writes (the event loop), any thread reads. The readers take no lock: `packets` only
grows, and the flags only ever turn from False to True, the flag after the last packet.
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
        self.failed = False  # nothing of it could be made; the sender goes on likewise
        self._begun = asyncio.Event()

    @property
    def seconds(self) -> float:
        return len(self.packets) * FRAME_SECONDS

    @property
    def over(self) -> bool:
        """Whether the sender is to go on without sending what is left of it."""
        return self.dropped or self.failed

    async def begun(self) -> None:
        """Wait until there is a first packet, or there will be none."""
        await self._begun.wait()

    # What follows is for the event loop's side only.

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
    """A chunk in the hands of the sender."""

    job: Job
    chunk: Chunk
    sound: PacketStream = field(repr=False)
    pause_after: float  # seconds of silence after it; of a job's last chunk, the gap between jobs
    number: int = 0  # its place in the order in which its player gave it
