"""An engine for tests: a short tone a character, and faults on command. No voice, no library.

Its texts may hold commands, carried out where they stand:

    {slow 2}   works for two seconds, with signs of life
    {hang}     gives nothing more, and no sign of life
    {cling}    likewise, and does not stop when its stream is closed
    {freeze}   stops the whole process in its tracks, its event loop included
    {crash}    ends the process as a crash in C would
    {fail}     refuses the text

Knows: how an engine behaves and misbehaves. Does not know: language.
"""

import asyncio
import ctypes
import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

import numpy as np

from engine.clock import Clock, SystemClock
from engine.errors import SynthesisFailed
from engine.synthesis.audio import Pcm, amplitude
from engine.synthesis.base import BuiltinVoice, EngineCard, SynthesisRequest, VoiceState

RATE: Final = 24_000
SECONDS: Final = 0.06  # a character
_LEVEL: Final = amplitude(-15.0)
_VOICES: Final = {"low": 220.0, "high": 440.0}  # hertz of the lowest tone
_COMMAND: Final = re.compile(r"(\{(?:slow|hang|cling|freeze|crash|fail)(?: \d+(?:\.\d+)?)?\})")
_SIGN_OF_LIFE: Final = Pcm(np.zeros(0, np.float32), RATE)


class ToneSynthesizer:
    """Letters and digits become tones, everything else silence. `pace`: see EspeakSynthesizer."""

    def __init__(self, *, pace: float = 0.0, clock: Clock | None = None) -> None:
        self._pace = pace
        self._clock = clock or SystemClock()

    def describe(self) -> EngineCard:
        return EngineCard(
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
            clones=False,
            styles=(),
        )

    def load(self) -> None:
        """Nothing to load."""

    def condition(self, reference: Pcm) -> VoiceState:
        raise SynthesisFailed("tones cannot clone voices")

    def dump(self, voice: VoiceState) -> bytes:
        raise NotImplementedError("tones cannot clone voices")

    def restore(self, dumped: bytes) -> VoiceState:
        raise ValueError("tones cannot clone voices")

    def relieve(self) -> None:
        """It holds nothing that could be freed."""

    async def synthesize(
        self, request: SynthesisRequest, voice: VoiceState | None = None
    ) -> AsyncGenerator[Pcm, None]:
        for part in _COMMAND.split(request.text):
            if not _COMMAND.fullmatch(part):
                for character in part:
                    await self._clock.sleep(SECONDS * self._pace)
                    yield Pcm(tone(character, _VOICES[request.voice]), RATE)
                continue
            command, _, seconds = part[1:-1].partition(" ")
            if command != "slow":
                await _misbehave(command)
            until = self._clock.monotonic() + float(seconds or 1)
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
    """The tone of one character: float32, a whole number of periods apart by semitones."""
    if not character.isalnum():
        return np.zeros(int(RATE * SECONDS), np.float32)
    frequency = lowest * 2 ** (ord(character) % 24 / 12)
    time = np.arange(int(RATE * SECONDS)) / RATE
    swell = np.sin(np.pi * time / SECONDS) ** 0.25  # each tone begins and ends at zero
    return (_LEVEL * swell * np.sin(2 * np.pi * frequency * time)).astype(np.float32)
