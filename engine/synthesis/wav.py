"""WAV files: an engine's sound as one, for those who want samples; and a member's recording.

Knows: the file format, through the standard library. Does not know: Opus, HTTP.
"""

import io
import wave
from typing import Final

import numpy as np

from engine.errors import SynthesisFailed
from engine.frames import SAMPLE_RATE
from engine.synthesis.audio import Pcm, Samples
from engine.synthesis.finish import Finish

_SAMPLE_WIDTH: Final = 2  # bytes
_FULL_SCALE: Final = 32767
#: Bytes of sound in a file that is made: 5 min 49 s, many times the longest chunk of any engine.
#: The whole file is held until it was read.
MOST_WAV: Final = 32 * 1024 * 1024
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
        self._buffer = io.BytesIO()
        self._file = wave.open(self._buffer, "wb")  # noqa: SIM115 - it is closed by `flush`
        self._file.setnchannels(1)
        self._file.setsampwidth(_SAMPLE_WIDTH)
        self._file.setframerate(SAMPLE_RATE)

    def feed(self, pcm: Pcm) -> bytes:
        """Nothing: the file is made at the end. Raises SynthesisFailed where it gets too large."""
        self._write(self._finish.feed(pcm))
        return b""

    def flush(self) -> bytes:
        """The whole file; nothing if there was no sound."""
        self._write(self._finish.flush())
        if not self._file.tell():
            return b""
        self._file.close()
        return self._buffer.getvalue()

    def _write(self, samples: Samples) -> None:
        if (self._file.tell() + len(samples)) * _SAMPLE_WIDTH > MOST_WAV:
            raise SynthesisFailed(
                f"the WAV file is larger than {MOST_WAV} bytes",
                user_message="This sound is too long for a WAV file. Ask for Ogg.",
            )
        self._file.writeframesraw((samples * _FULL_SCALE).round().astype("<i2").tobytes())
