"""An engine's sound as a WAV file: for those who want samples.

Knows: the file format, through the standard library. Does not know: Opus, HTTP.
"""

import io
import wave
from typing import Final

import numpy as np

from engine.frames import SAMPLE_RATE
from engine.synthesis.audio import Pcm, Samples
from engine.synthesis.finish import Finish

_SAMPLE_WIDTH: Final = 2  # bytes
_FULL_SCALE: Final = 32767


class WavSound:
    """An engine's sound in, one finished file out at the end: its header needs the length.

    48 kHz, mono, 16 bits.
    """

    def __init__(self, rate: int) -> None:
        self._finish = Finish(rate)
        self._samples: list[Samples] = []

    def feed(self, pcm: Pcm) -> bytes:
        """Nothing: the file is made at the end."""
        self._samples.append(self._finish.feed(pcm))
        return b""

    def flush(self) -> bytes:
        """The whole file; nothing if there was no sound."""
        samples = np.concatenate((*self._samples, self._finish.flush()))
        if not len(samples):
            return b""
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(_SAMPLE_WIDTH)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((samples * _FULL_SCALE).round().astype("<i2").tobytes())
        return buffer.getvalue()
