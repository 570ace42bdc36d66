"""WAV files: an engine's sound as one, for those who want samples; and a member's recording.

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
#: Recordings are kept so (`references/`): what Chatterbox works with, and small.
RECORDING_RATE: Final = 24_000


def read_recording(content: bytes) -> Pcm:
    """The sound of a recording as it is kept: mono, 24 kHz, 16 bits. Raises ValueError, which says
    what else it is."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = (file.getnchannels(), file.getframerate(), 8 * file.getsampwidth())
            frames = file.readframes(file.getnframes())
            whole = len(frames) == file.getnframes() * file.getnchannels() * file.getsampwidth()
    # RuntimeError: what the library raises for a piece that is longer than the file (wave.py:155).
    except (wave.Error, EOFError, RuntimeError) as error:
        raise ValueError(f"the recording is no WAV file of plain samples ({error})") from error
    if form != (1, RECORDING_RATE, 8 * _SAMPLE_WIDTH):
        channels, rate, bits = form
        raise ValueError(f"the recording has {channels} channels of {bits} bits at {rate} Hz")
    if not whole or not frames:
        raise ValueError("the recording is cut off, or empty")
    return Pcm(np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768), RECORDING_RATE)


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
