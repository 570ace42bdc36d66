"""What every engine is: the Synthesizer protocol. It does not know HTTP, queues or torch."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Protocol

from engine.model.engine import EngineInfo, SynthesisRequest

if TYPE_CHECKING:
    from engine.tts.audio.pcm import Pcm


class SpeakerEmbedding(Protocol):
    """An engine's own representation of a reference voice. Opaque to everyone else."""


class Synthesizer(Protocol):
    """One engine. `load` and `embed_voice` block; the host calls them off its event loop."""

    def describe(self) -> EngineInfo:
        """The card. May be called before `load`."""
        ...

    def load(self) -> None:
        """Make ready to speak. Raises SetupError where something is missing."""
        ...

    def embed_voice(self, reference: Pcm) -> SpeakerEmbedding:
        """Compute the state of a reference voice. Raises SynthesisFailed if it cannot clone, or
        not by this recording; OutOfMemory."""
        ...

    def serialize(self, voice: SpeakerEmbedding) -> bytes:
        """A state in a form that can be kept on disk."""
        ...

    def deserialize(self, serialized: bytes) -> SpeakerEmbedding:
        """The state that was dumped. Runs no code out of it. Raises ValueError for anything that
        `serialize` of this engine's version did not make."""
        ...

    def free_memory(self) -> None:
        """Free what memory can be freed: it has run out."""
        ...

    def synthesize(
        self, request: SynthesisRequest, voice: SpeakerEmbedding | None
    ) -> AsyncGenerator[Pcm, None]:
        """Yield the sound in pieces, as it is made; stops working when it is closed.

        Every voice comes at the house's loudness (`audio.SPEECH_LOUDNESS`, by a fixed gain); the
        rest of the finish is the host's. An empty piece is a sign of life: an engine that thinks
        for long gives one now and then, for silence counts as a hang.
        Raises SynthesisFailed for a text that it cannot speak; OutOfMemory.
        """
        ...
