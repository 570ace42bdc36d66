"""Reference voices for the tone engine: recordings of one tone, and a listener that identifies
them.

A text of `x` alone is spoken at a voice's lowest tone, which is its recording's.
"""

import hashlib
import math
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np

from engine.model.audio_format import SAMPLE_RATE
from engine.model.engine import SynthesisRequest
from engine.tts.audio.ogg import OggReader
from engine.tts.audio.pcm import Samples
from engine.tts.audio.wav import RECORDING_RATE
from engine.tts.client.supervisor import EngineSupervisor
from tests.process.hosts import within_patience
from tests.process.recorded import wav
from tests.unit.test_audio import sine
from tests.unit.test_audio_opus import decoded

TEXT = "xxxxxx"


def recording_of(frequency: float, *, seconds: float = 1.0, rate: int = RECORDING_RATE) -> bytes:
    """A WAV file of a tone; silence for 0 Hz."""
    return wav(sine(frequency, -12, seconds=seconds, rate=rate), at=rate)


def reference_of(recording: bytes) -> str:
    return hashlib.sha256(recording).hexdigest()


@dataclass
class FakeRecordingFiles:
    """Recordings by their hash, and the list of requested ones."""

    recordings: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, frequency: float) -> str:
        """Store a recording of that tone; its reference."""
        recording = recording_of(frequency)
        reference = reference_of(recording)
        self.recordings[reference] = recording
        return reference

    def read(self, reference: str) -> bytes | None:
        self.asked.append(reference)
        return self.recordings.get(reference)


def in_voice(reference: str, text: str = TEXT) -> SynthesisRequest:
    return SynthesisRequest(text=text, voice="@12", reference=reference)


async def hear_voice(client: EngineSupervisor, reference: str, text: str = TEXT) -> float:
    """The pitch in hertz of the server's sound for `text` in that voice."""

    async def listen() -> bytes:
        async with aclosing(client.synthesize(in_voice(reference, text), deadline_in=0)) as pieces:
            return b"".join([piece.data async for piece in pieces])

    return pitch_of(await within_patience(listen()))


def pitch_of(stream: bytes) -> float:
    """The strongest frequency of a complete Ogg Opus stream, in hertz."""
    reader = OggReader()
    sound = decoded(reader.feed(stream))[:, 0]
    assert reader.complete
    return strongest(sound)


def strongest(sound: Samples) -> float:
    """The strongest frequency of what was heard, in hertz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(spectrum.argmax() * SAMPLE_RATE / len(sound))


def same_pitch(heard: float, frequency: float) -> bool:
    """Within a quarter of a tone: voices in these tests are at least a tone apart."""
    return abs(math.log2(heard / frequency)) < 1 / 24
