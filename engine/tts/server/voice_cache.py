"""The embeddings of reference voices: the latest used in memory, all of them on disk.

    embedding ──▶ in memory? ──▶ on disk? ──▶ a recording given? ──▶ compute ──▶ disk, memory
                                                  └─ no ──▶ VoiceMissing

However many requests need a voice at once, it is read or computed once. Voices are computed one
after the other, since each takes as much of the machine as there is.
"""

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Final

import structlog

from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.errors import VoiceMissing
from engine.tts.audio.wav import read_recording
from engine.tts.engines.base import SpeakerEmbedding, Synthesizer
from engine.tts.engines.threads import in_thread
from engine.tts.protocol import Invalid
from engine.tts.server.voice_files import EmbeddingFiles, forget

log = structlog.get_logger(__name__)

#: Embeddings in memory. About 0.7 MB each, on the engine's device.
MOST_HELD: Final = 32
#: Seconds that a voice may take. On a CPU it takes a minute at most; a longer one hangs.
LONGEST: Final = 300.0


class _InFlight:
    """A voice that is being read or computed. `wanted` until it must be forgotten."""

    def __init__(self) -> None:
        self.wanted = True
        self.task: asyncio.Task[SpeakerEmbedding]


class EmbeddingCache:
    """It is made on the event loop, after the engine is loaded. `folder` None: nothing on disk."""

    def __init__(
        self,
        synthesizer: Synthesizer,
        folder: Path | None,
        clock: Clock,
        *,
        most_held: int = MOST_HELD,
    ) -> None:
        self._synthesizer = synthesizer
        self._folder = folder
        self._files = EmbeddingFiles(folder, synthesizer.describe())
        self._clock = clock
        self._most_held = most_held
        self._held: OrderedDict[str, SpeakerEmbedding] = OrderedDict()
        self._in_flight: dict[str, _InFlight] = {}
        self._one_at_a_time = asyncio.Lock()
        self._began: float | None = None  # when the voice that is being computed was begun
        self.made = 0  # voices computed so far

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def stuck(self) -> bool:
        """Whether a voice takes so long that it counts as hung."""
        return self._began is not None and self._clock.monotonic() - self._began > LONGEST

    async def load(self) -> None:
        await in_thread("voices", self._files.sweep)

    async def embedding(self, reference: str, recording: bytes | None) -> SpeakerEmbedding:
        """The voice of that recording; `recording` is needed where it was never computed.

        A caller that stops waiting does not stop the work: the next one will want it.
        Raises VoiceMissing; Invalid for bytes that are no recording; what
        `Synthesizer.embed_voice` raises.
        """
        while (embedding := self._held.get(reference)) is None:
            in_flight = self._in_flight.get(reference)
            joined = in_flight is not None
            if in_flight is None:
                in_flight = self._begin(reference, recording)
            try:
                return await asyncio.shield(in_flight.task)
            except VoiceMissing:
                # Another request looked on the disk and had no recording. This one has.
                if recording is None or not joined:
                    raise
        self._held.move_to_end(reference)
        return embedding

    async def forget(self, reference: str) -> None:
        """Remove the voice from memory and disk. What speaks in it goes on. Raises OSError."""
        self._held.pop(reference, None)
        in_flight = self._in_flight.pop(reference, None)
        if in_flight is not None:
            in_flight.wanted = False
        await forget_files(self._folder, reference)

    async def free_memory(self) -> None:
        """Drop every embedding in memory, and have the engine free what it can."""
        self._held.clear()
        await in_thread("memory", self._synthesizer.free_memory)

    def _begin(self, reference: str, recording: bytes | None) -> _InFlight:
        in_flight = self._in_flight[reference] = _InFlight()
        in_flight.task = asyncio.create_task(
            self._make(in_flight, reference, recording), name="voice"
        )
        in_flight.task.add_done_callback(_note)
        return in_flight

    async def _make(
        self, in_flight: _InFlight, reference: str, recording: bytes | None
    ) -> SpeakerEmbedding:
        try:
            embedding = await in_thread("voices", lambda: self._deserialize(reference))
            if embedding is None:
                if recording is None:
                    raise VoiceMissing(f"no voice {reference}")
                embedding = await self._compute(in_flight, reference, recording)
            if in_flight.wanted:
                self._hold(reference, embedding)
            return embedding
        finally:
            if self._in_flight.get(reference) is in_flight:
                del self._in_flight[reference]

    def _hold(self, reference: str, embedding: SpeakerEmbedding) -> None:
        self._held[reference] = embedding
        self._held.move_to_end(reference)
        while len(self._held) > self._most_held:
            self._held.popitem(last=False)

    def _deserialize(self, reference: str) -> SpeakerEmbedding | None:
        serialized = self._files.read(reference)
        if serialized is None:
            return None
        try:
            return self._synthesizer.deserialize(serialized)
        except ValueError as error:
            log.warning("an embedding is damaged", reference=reference, error=describe(error))
            self._files.drop(reference)
            return None

    async def _compute(
        self, in_flight: _InFlight, reference: str, recording: bytes
    ) -> SpeakerEmbedding:
        try:
            sound = read_recording(recording)
        except ValueError as error:
            raise Invalid(str(error)) from error
        async with self._one_at_a_time:
            self._began = self._clock.monotonic()
            try:
                embedding = await in_thread("voices", lambda: self._synthesizer.embed_voice(sound))
            finally:
                self._began = None
            self.made += 1
        if in_flight.wanted:
            await in_thread("voices", lambda: self._keep(reference, embedding))
        if not in_flight.wanted:  # forgotten just now; perhaps before the file was there
            await in_thread("voices", lambda: self._files.drop(reference))
        return embedding

    def _keep(self, reference: str, embedding: SpeakerEmbedding) -> None:
        self._files.write(reference, self._synthesizer.serialize(embedding))


async def forget_files(folder: Path | None, reference: str) -> None:
    """Remove a voice from disk, whichever engine embedded it. Raises OSError."""
    await in_thread("voices", lambda: forget(folder, reference))


def _note(task: "asyncio.Task[SpeakerEmbedding]") -> None:
    """Those who wait get the error. Retrieved here too, for when nobody waits any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("a voice was not embedded", error=describe(error))
