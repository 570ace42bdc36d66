"""The embeddings of reference voices: the latest used in memory, all of them on disk.

    embedding ──▶ in memory? ──▶ on disk? ──▶ a recording given? ──▶ compute ──▶ disk, memory
                                                  └─ no ──▶ VoiceMissing

However many requests need a voice at once, it is read or computed once. Voices are computed one
after the other, since each takes as much of the machine as there is.

On disk an embedding is `FOLDER/ENGINE-VERSION/HASH`. Only this user can read it; a file is whole or
not there. All of them can be computed again from the recordings.
"""

import asyncio
import re
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.engine import EngineInfo
from engine.model.errors import VoiceMissing
from engine.tts.audio.wav import read_recording
from engine.tts.engines.base import SpeakerEmbedding, Synthesizer
from engine.tts.engines.threads import in_thread
from engine.tts.protocol import Invalid

log = structlog.get_logger(__name__)

#: Embeddings in memory. About 0.7 MB each, on the engine's device.
MOST_HELD: Final = 32
#: Seconds that a voice may take. On a CPU it takes a minute at most; a longer one hangs.
LONGEST: Final = 300.0
#: Ends the name of a file that is being written. Its name begins with the hash too, so that it is
#: forgotten with the others.
_UNFINISHED: Final = ".part"


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
        self._in_flight: dict[str, asyncio.Task[SpeakerEmbedding]] = {}
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
            task = self._in_flight.get(reference)
            joined = task is not None
            if task is None:
                task = asyncio.create_task(self._make(reference, recording), name="voice")
                task.add_done_callback(_note)
                self._in_flight[reference] = task
            try:
                return await asyncio.shield(task)
            except VoiceMissing:
                # Another request looked on the disk and had no recording. This one has.
                if recording is None or not joined:
                    raise
        self._held.move_to_end(reference)
        return embedding

    async def forget(self, reference: str) -> None:
        """Remove the voice from memory and disk. What speaks in it goes on. Raises OSError."""
        self._held.pop(reference, None)
        self._in_flight.pop(reference, None)
        await forget_files(self._folder, reference)

    async def free_memory(self) -> None:
        """Drop every embedding in memory, and have the engine free what it can."""
        self._held.clear()
        await in_thread("memory", self._synthesizer.free_memory)

    async def _make(self, reference: str, recording: bytes | None) -> SpeakerEmbedding:
        try:
            embedding = await in_thread("voices", lambda: self._deserialize(reference))
            if embedding is None:
                if recording is None:
                    raise VoiceMissing(f"no voice {reference}")
                embedding = await self._compute(reference, recording)
            if self._wanted(reference):
                self._held[reference] = embedding
                self._held.move_to_end(reference)
                while len(self._held) > self._most_held:
                    self._held.popitem(last=False)
            return embedding
        finally:
            if self._wanted(reference):
                del self._in_flight[reference]

    def _wanted(self, reference: str) -> bool:
        """Whether the voice that this task makes was not forgotten meanwhile."""
        return self._in_flight.get(reference) is asyncio.current_task()

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

    async def _compute(self, reference: str, recording: bytes) -> SpeakerEmbedding:
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
        if self._wanted(reference):
            await in_thread(
                "voices",
                lambda: self._files.write(reference, self._synthesizer.serialize(embedding)),
            )
        if not self._wanted(reference):  # forgotten just now; perhaps before the file was there
            await in_thread("voices", lambda: self._files.drop(reference))
        return embedding


class EmbeddingFiles:
    """The serialized embeddings of one engine. `folder` None: nothing is kept. All calls block."""

    def __init__(self, folder: Path | None, info: EngineInfo) -> None:
        name = re.sub(r"[^\w.-]", "_", f"{info.name}-{info.version}")
        self._folder = None if folder is None else folder / name

    def sweep(self) -> None:
        """Remove files that a killed process left unfinished."""
        if self._folder is not None:
            for file in self._folder.glob(f"*{_UNFINISHED}"):
                file.unlink(missing_ok=True)

    def read(self, reference: str) -> bytes | None:
        if self._folder is None:
            return None
        try:
            return (self._folder / reference).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.error("an embedding cannot be read", reference=reference, error=describe(error))
            return None

    def write(self, reference: str, serialized: bytes) -> None:
        """Write the whole file or none. A full disk is logged: it costs time at the next start."""
        if self._folder is None:
            return
        unfinished = self._folder / (reference + _UNFINISHED)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished.touch(0o600)
            unfinished.write_bytes(serialized)
            unfinished.replace(self._folder / reference)
        except OSError as error:
            log.error("an embedding cannot be kept", reference=reference, error=describe(error))
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)

    def drop(self, reference: str) -> None:
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / reference).unlink(missing_ok=True)


async def forget_files(folder: Path | None, reference: str) -> None:
    """Remove a voice from disk, whichever engine embedded it. Raises OSError."""

    def remove() -> None:
        for file in folder.glob(f"*/{reference}*") if folder is not None else ():
            file.unlink(missing_ok=True)

    await in_thread("voices", remove)


def _note(task: "asyncio.Task[SpeakerEmbedding]") -> None:
    """Those who wait get the error. Retrieved here too, for when nobody waits any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("a voice was not embedded", error=describe(error))
