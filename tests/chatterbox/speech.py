"""References for these tests, and a way to speak in them."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.model.engine import SynthesisRequest
from engine.tts.audio.pcm import Pcm
from engine.tts.engines.base import SpeakerEmbedding
from engine.tts.engines.chatterbox import ChatterboxSynthesizer
from engine.tts.engines.chatterbox.models import RATE

SENTENCE = "Good morning everyone, how are you?"


def recording(pitch: float, *, seconds: float = 6.0) -> Pcm:
    """A hum of many overtones; its pitch and loudness move like a voice's."""
    time = np.arange(int(seconds * RATE)) / RATE
    turns = np.cumsum(pitch + 30 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    hum = np.sum([np.sin(2 * np.pi * each * turns) / each for each in range(1, 12)], axis=0)
    noise = np.random.default_rng(1).standard_normal(len(time))
    swell = 0.4 + 0.3 * np.sin(2 * np.pi * 3 * time)
    return Pcm((0.1 * hum * swell + 0.002 * noise).astype(np.float32), RATE)


@dataclass(frozen=True)
class Speaker:
    """A loaded model and two voices."""

    synthesizer: ChatterboxSynthesizer
    low: SpeakerEmbedding
    high: SpeakerEmbedding

    @property
    def upstream(self) -> Any:
        """The package's own model."""
        loaded = self.synthesizer._loaded
        assert loaded is not None
        return loaded.upstream

    async def say(
        self, text: str = SENTENCE, voice: SpeakerEmbedding | None = None, **more: Any
    ) -> np.ndarray:
        """All its samples, after the watermark; in the low voice if none is named."""
        return np.concatenate([piece.samples for piece in await self.pieces(text, voice, **more)])

    async def pieces(
        self, text: str = SENTENCE, voice: SpeakerEmbedding | None = None, **more: Any
    ) -> list[Pcm]:
        request = SynthesisRequest(text=text, voice="@1", **more)
        async with aclosing(self.synthesizer.synthesize(request, voice or self.low)) as pieces:
            return [piece async for piece in pieces]
