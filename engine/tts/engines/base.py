"""What every engine is: the Synthesizer protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Protocol

from engine.model.engine import EngineInfo, SynthesisRequest

if TYPE_CHECKING:
    from engine.tts.audio.pcm import Pcm


class SpeakerEmbedding(Protocol):
    """An engine's own representation of a reference voice. Opaque to all others."""


class Synthesizer(Protocol):
    """One engine. `load` and `embed_voice` block; the server calls them off its event loop."""

    def describe(self) -> EngineInfo:
        """The engine's info. May be called before `load`."""

    def load(self) -> None:
        """Get ready to speak. Raises SetupError where something is missing."""

    def embed_voice(self, reference: Pcm) -> SpeakerEmbedding:
        """Compute the embedding of a recording. Raises SynthesisFailed if the engine cannot clone,
        or not from this recording; OutOfMemory."""

    def serialize(self, voice: SpeakerEmbedding) -> bytes:
        """An embedding as it is kept on disk."""

    def deserialize(self, serialized: bytes) -> SpeakerEmbedding:
        """The embedding that was serialized. It runs no code from it. Raises ValueError for
        anything that `serialize` of this engine's version did not make."""

    def free_memory(self) -> None:
        """Free as much memory as possible: it has run out."""

    def synthesize(
        self, request: SynthesisRequest, voice: SpeakerEmbedding | None
    ) -> AsyncGenerator[Pcm, None]:
        """Yield the sound in pieces, as it is made; stops working when it is closed.

        Every voice comes at the standard loudness (`audio.pcm.SPEECH_LOUDNESS`, by a fixed gain);
        the server does the rest of the postprocessing. An empty piece is a sign of life: an engine
        that takes long must yield one now and then, since silence counts as a hang.
        Raises SynthesisFailed for a text that it cannot speak; OutOfMemory.
        """
