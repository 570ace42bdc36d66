"""WAV files: an engine's sound as a file of samples, and a member's recording.

The standard library reads them. Its writer is not used: it needs a file that is open to the end,
which a cancelled sound does not have.
"""

import io
import struct
import wave
from typing import Final

import numpy as np

from engine.model.audio_format import SAMPLE_RATE
from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import Pcm, Samples
from engine.tts.audio.postprocess import Postprocessor

_SAMPLE_WIDTH: Final = 2  # bytes
_FULL_SCALE: Final = 32767
#: RIFF and its size, WAVE; fmt, its size, kind, channels, rate, bytes a second and a frame, bits;
#: data and its size (Microsoft and IBM, Multimedia Programming Interface 1.0, chapter 3).
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PLAIN: Final = 1  # WAVE_FORMAT_PCM
#: Bytes of a file of an engine's sound: 5 min 49 s, many times the longest chunk of any engine.
#: The whole file is in memory until it was sent.
MOST_WAV: Final = 32 * 1024 * 1024
#: Of recordings as they are kept (`references/`): Chatterbox's own rate, and small.
RECORDING_RATE: Final = 24_000


def read_recording(content: bytes) -> Pcm:
    """The sound of a recording as it is kept: mono, 24 kHz, 16 bits. Raises ValueError, which says
    what is wrong."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = (file.getnchannels(), file.getframerate(), 8 * file.getsampwidth())
            frames = file.readframes(file.getnframes())
            whole = len(frames) == file.getnframes() * file.getnchannels() * file.getsampwidth()
    # RuntimeError: the library raises it for a chunk that is longer than the file (wave.py:155).
    except (wave.Error, EOFError, RuntimeError) as error:
        raise ValueError(f"the recording is not a WAV file of plain samples ({error})") from error
    if form != (1, RECORDING_RATE, 8 * _SAMPLE_WIDTH):
        channels, rate, bits = form
        raise ValueError(f"the recording has {channels} channels of {bits} bits at {rate} Hz")
    if not whole or not frames:
        raise ValueError("the recording is cut off, or empty")
    return Pcm(np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768), RECORDING_RATE)


class WavSound:
    """An engine's sound in, one postprocessed file out at the end: its header needs the length.

    48 kHz, mono, 16 bits.
    """

    def __init__(self, rate: int) -> None:
        self._postprocessor = Postprocessor(rate)
        self._file = io.BytesIO()  # not a bytearray: `getvalue` makes no copy
        self._file.write(bytes(_HEADER.size))

    def feed(self, pcm: Pcm) -> bytes:
        """Nothing: the file comes at the end. Raises SynthesisFailed if it gets too large."""
        self._write(self._postprocessor.feed(pcm))
        return b""

    def flush(self) -> bytes:
        """The whole file; nothing if there was no sound."""
        self._write(self._postprocessor.flush())
        size = self._file.tell() - _HEADER.size
        if not size:
            return b""
        second = SAMPLE_RATE * _SAMPLE_WIDTH
        form = (16, _PLAIN, 1, SAMPLE_RATE, second, _SAMPLE_WIDTH, 8 * _SAMPLE_WIDTH)
        riff = (b"RIFF", _HEADER.size - 8 + size, b"WAVE")
        self._file.seek(0)
        self._file.write(_HEADER.pack(*riff, b"fmt ", *form, b"data", size))
        return self._file.getvalue()

    def _write(self, samples: Samples) -> None:
        if self._file.tell() + len(samples) * _SAMPLE_WIDTH > MOST_WAV:
            raise SynthesisFailed(
                f"the WAV file is larger than {MOST_WAV} bytes", code="too-long-for-wav"
            )
        self._file.write((samples * _FULL_SCALE).round().astype("<i2").tobytes())
