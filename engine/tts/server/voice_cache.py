"""The reference voices that a host holds: in memory the latest used, on disk all of them.

    state ──▶ in memory? ──▶ on disk? ──▶ a recording given? ──▶ compute ──▶ disk, memory
                                              └─ no ──▶ VoiceMissing

Knows: which voice is held, is being made, is to be forgotten. Does not know: HTTP, whose voice it
is, what a state is made of.

However many ask for a voice at once, it is read or computed once; and voices are computed one after
the other, for each takes as much of the machine as there is.
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
from engine.tts.protocol import Invalid
from engine.tts.server.threads import in_thread
from engine.tts.server.voice_files import EmbeddingFiles, forget

log = structlog.get_logger(__name__)

#: Voices in memory. About 0.7 MB each, on the engine's device.
MOST_HELD: Final = 32
#: Seconds that a voice may take. On a CPU it is a minute at most; what takes longer hangs.
LONGEST: Final = 300.0


class Making:
    """A voice that is being read from disk or computed. `wanted` until it is to be forgotten."""

    def __init__(self) -> None:
        self.wanted = True
        self.task: asyncio.Task[SpeakerEmbedding]


class EmbeddingCache:
    """Made on the event loop, after the engine is loaded; `folder` None: nothing goes to disk."""

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
        self._making: dict[str, Making] = {}
        self._turn = asyncio.Lock()
        self._began: float | None = None  # when the voice that is being computed was begun
        self.made = 0  # voices computed so far

    @property
    def held(self) -> int:
        return len(self._held)

    @property
    def stuck(self) -> bool:
        """Whether a voice takes so long that it will not come."""
        return self._began is not None and self._clock.monotonic() - self._began > LONGEST

    async def load(self) -> None:
        await in_thread("voices", self._files.sweep)

    async def state(self, reference: str, recording: bytes | None) -> SpeakerEmbedding:
        """The voice of that recording; `recording` is needed where it was never computed.

        Who stops waiting does not stop the work: the next to ask will want it.
        Raises VoiceMissing, Invalid for a recording that is none, what `Synthesizer.condition`
        raises.
        """
        while (state := self._held.get(reference)) is None:
            making = self._making.get(reference)
            joined = making is not None
            if making is None:
                making = self._begin(reference, recording)
            try:
                return await asyncio.shield(making.task)
            except VoiceMissing:
                # Another request looked on the disk, and had no recording. This one has.
                if recording is None or not joined:
                    raise
        self._held.move_to_end(reference)
        return state

    async def forget(self, reference: str) -> None:
        """Neither memory nor disk know the voice when this returns. What speaks in it goes on."""
        self._held.pop(reference, None)
        making = self._making.pop(reference, None)
        if making is not None:
            making.wanted = False
        await forget_files(self._folder, reference)

    async def free_memory(self) -> None:
        """Let go of every voice in memory, and have the engine free what it can."""
        self._held.clear()
        await in_thread("memory", self._synthesizer.free_memory)

    def _begin(self, reference: str, recording: bytes | None) -> Making:
        making = self._making[reference] = Making()
        making.task = asyncio.create_task(self._make(making, reference, recording), name="voice")
        making.task.add_done_callback(_note)
        return making

    async def _make(
        self, making: Making, reference: str, recording: bytes | None
    ) -> SpeakerEmbedding:
        try:
            state = await in_thread("voices", lambda: self._deserialize(reference))
            if state is None:
                if recording is None:
                    raise VoiceMissing(f"no voice {reference}")
                state = await self._compute(making, reference, recording)
            if making.wanted:
                self._hold(reference, state)
            return state
        finally:
            if self._making.get(reference) is making:
                del self._making[reference]

    def _hold(self, reference: str, state: SpeakerEmbedding) -> None:
        self._held[reference] = state
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
            log.warning("a voice's state is damaged", reference=reference, error=describe(error))
            self._files.drop(reference)
            return None

    async def _compute(self, making: Making, reference: str, recording: bytes) -> SpeakerEmbedding:
        try:
            sound = read_recording(recording)
        except ValueError as error:
            raise Invalid(str(error)) from error
        async with self._turn:
            self._began = self._clock.monotonic()
            try:
                state = await in_thread("voices", lambda: self._synthesizer.embed_voice(sound))
            finally:
                self._began = None
            self.made += 1
        if making.wanted:
            await in_thread("voices", lambda: self._keep(reference, state))
        if not making.wanted:  # it was forgotten just now; perhaps before the file was there
            await in_thread("voices", lambda: self._files.drop(reference))
        return state

    def _keep(self, reference: str, state: SpeakerEmbedding) -> None:
        self._files.write(reference, self._synthesizer.serialize(state))


async def forget_files(folder: Path | None, reference: str) -> None:
    """What of a voice lies on disk, whichever engine made it. Raises OSError."""
    await in_thread("voices", lambda: forget(folder, reference))


def _note(task: "asyncio.Task[SpeakerEmbedding]") -> None:
    """An error is for those who wait; where nobody does any more, it was noted here."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("a voice was not made", error=describe(error))
