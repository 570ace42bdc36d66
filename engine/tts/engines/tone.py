"""An engine for tests: a short tone for each character, and faults on command.

Its texts may hold commands, which it carries out where they stand:

    {slow 2}   works for two seconds, with signs of life
    {hang}     gives nothing more, and no sign of life
    {cling}    the same, and does not stop when its stream is closed
    {freeze}   stops the whole process, its event loop included
    {crash}    ends the process as a crash in C would
    {fail}     refuses the text
    {babble}   raises an error whose words repeat the text
    {oom}      is out of memory; {oom 1}: once in a process for this text

It clones: a reference voice's lowest tone is the strongest one of its recording, so that listeners
can tell voices apart.
"""

import asyncio
import ctypes
import json
import math
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from engine.base.clock import Clock, SystemClock
from engine.model.engine import BuiltinVoice, EngineInfo, SynthesisRequest
from engine.model.errors import OutOfMemory, SynthesisFailed
from engine.tts.audio.pcm import Pcm, amplitude
from engine.tts.engines.base import SpeakerEmbedding

RATE: Final = 24_000
SECONDS: Final = 0.06  # a character
_LEVEL: Final = amplitude(-15.0)
_VOICES: Final = {"low": 220.0, "high": 440.0}  # hertz of the lowest tone
_COMMAND: Final = re.compile(
    r"(\{(?:slow|hang|cling|freeze|crash|fail|babble|oom)(?: \d+(?:\.\d+)?)?\})"
)
_SIGN_OF_LIFE: Final = Pcm(np.zeros(0, np.float32), RATE)
_LOWEST, _HIGHEST = 60.0, 2000.0  # hertz of a reference: the top tone is two octaves higher


@dataclass(frozen=True, slots=True)
class ToneEmbedding:
    lowest: float  # hertz


class ToneSynthesizer:
    """Letters and digits become tones, everything else silence. `pace`: see EspeakSynthesizer."""

    def __init__(self, *, pace: float = 0.0, clock: Clock | None = None) -> None:
        self._pace = pace
        self._clock = clock or SystemClock()
        self._ran_out: Counter[str] = Counter()  # times that each text was out of memory

    def describe(self) -> EngineInfo:
        return EngineInfo(
            name="tone",
            version="1",
            voices=tuple(
                BuiltinVoice(id=name, name=name.title(), language="zxx") for name in sorted(_VOICES)
            ),
            default_voice="low",
            languages=("zxx",),  # BCP 47: no linguistic content
            least_characters=1,
            most_characters=100,
            slots=2,
            clones=True,
            styles=(),
        )

    def load(self) -> None:
        """Nothing to load."""

    def embed_voice(self, reference: Pcm) -> ToneEmbedding:
        spectrum = np.abs(np.fft.rfft(reference.samples * np.hanning(len(reference.samples))))
        if not spectrum.any():
            raise SynthesisFailed("a recording of silence", code="voice-silent")
        strongest = int(spectrum.argmax()) * reference.rate / len(reference.samples)
        return ToneEmbedding(min(max(strongest, _LOWEST), _HIGHEST))

    def serialize(self, voice: SpeakerEmbedding) -> bytes:
        assert isinstance(voice, ToneEmbedding)
        return json.dumps(asdict(voice)).encode()

    def deserialize(self, serialized: bytes) -> ToneEmbedding:
        kept = json.loads(serialized)  # a JSONDecodeError is a ValueError
        lowest = kept.get("lowest") if isinstance(kept, dict) else None
        if not isinstance(lowest, float) or not math.isfinite(lowest):
            raise ValueError("these bytes are no embedding of this engine")
        return ToneEmbedding(lowest)

    def free_memory(self) -> None:
        """It holds nothing that it could free."""

    async def synthesize(
        self, request: SynthesisRequest, voice: SpeakerEmbedding | None = None
    ) -> AsyncGenerator[Pcm, None]:
        lowest = voice.lowest if isinstance(voice, ToneEmbedding) else _VOICES[request.voice]
        for part in _COMMAND.split(request.text):
            if not _COMMAND.fullmatch(part):
                for character in part:
                    await self._clock.sleep(SECONDS * self._pace)
                    yield Pcm(tone(character, lowest), RATE)
                continue
            command, _, number = part[1:-1].partition(" ")
            if command == "oom":
                if self._ran_out[request.text] < float(number or "inf"):
                    self._ran_out[request.text] += 1
                    raise OutOfMemory("no memory is left for this text")
                continue
            if command == "babble":
                raise RuntimeError(f"cannot say {request.text!r}")
            if command != "slow":
                await _misbehave(command)
            until = self._clock.monotonic() + float(number or 1)
            while self._clock.monotonic() < until:
                await self._clock.sleep(0.02)
                yield _SIGN_OF_LIFE


async def _misbehave(command: str) -> None:
    match command:
        case "hang":
            await asyncio.Event().wait()
        case "cling":
            while True:
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
        case "freeze":
            # A PyDLL keeps Python's lock through the call: no thread of the process runs.
            ctypes.PyDLL(None).sleep(3600)
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            raise SynthesisFailed("the text asked to be refused")


def tone(character: str, lowest: float) -> np.ndarray:
    """The tone of one character: float32, a whole number of semitones above `lowest`."""
    if not character.isalnum():
        return np.zeros(int(RATE * SECONDS), np.float32)
    frequency = lowest * 2 ** (ord(character) % 24 / 12)
    time = np.arange(int(RATE * SECONDS)) / RATE
    swell = np.sin(np.pi * time / SECONDS) ** 0.25  # each tone begins and ends at zero
    return (_LEVEL * swell * np.sin(2 * np.pi * frequency * time)).astype(np.float32)
