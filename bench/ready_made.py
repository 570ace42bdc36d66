"""Sound made in advance, to measure sending alone; real speech, for realistic packet sizes."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.model.audio_format import CHANNELS
from engine.model.engine import SynthesisRequest
from engine.tts.audio.opus import OggSound
from engine.tts.audio.postprocess import Postprocessor
from engine.tts.engines.espeak import DEFAULT_VOICE, EspeakSynthesizer

TEXT: Final = (
    "Speech has loud parts and soft ones, and so its packets are large and small. A tone would "
    "make all of them alike, and the cost of encrypting and sending them with it."
)


@dataclass(frozen=True, slots=True)
class Made:
    """`ogg`: an Ogg Opus file. `pcm`: the same as 48 kHz stereo s16, for an encoding sender."""

    ogg: Path
    pcm: Path


def make(directory: Path) -> Made:
    """Speak `TEXT` into two files, about ten seconds long."""
    ogg, samples = asyncio.run(_speak())
    made = Made(directory / "speech.ogg", directory / "speech.pcm")
    made.ogg.write_bytes(ogg)
    stereo = np.repeat((samples * 32767).astype("<i2"), CHANNELS)
    made.pcm.write_bytes(stereo.tobytes())
    return made


async def _speak() -> tuple[bytes, "np.ndarray[tuple[int], np.dtype[np.float32]]"]:
    synthesizer = EspeakSynthesizer()
    request = SynthesisRequest(text=TEXT, voice=DEFAULT_VOICE)
    ogg, samples = bytearray(), []
    sound: OggSound | None = None
    postprocessor: Postprocessor | None = None
    async with aclosing(synthesizer.synthesize(request)) as pieces:
        async for piece in pieces:
            sound = sound or OggSound(piece.rate)
            postprocessor = postprocessor or Postprocessor(piece.rate)
            ogg += sound.feed(piece)
            samples.append(postprocessor.feed(piece))
    assert sound is not None
    assert postprocessor is not None
    return bytes(ogg + sound.flush()), np.concatenate([*samples, postprocessor.flush()])
