"""What a member heard, read as text: the tone engine gives every letter its own pitch.

The letters are a to x; a doubled one is heard as one, and every silence is a space. Packets are
taken in the order in which they came, whenever that was: how busy the machine is changes no text.

Knows: the tone engine's pitches, Opus. Does not know: how the packets came.
"""

import asyncio
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from sandbox.protocol.voice.recording import CHANNELS, SAMPLE_RATE, Recording

LOWEST: Final = 220.0  # hertz, of the voice `low`
NOTES: Final = 24
HOP: Final = SAMPLE_RATE // 100
WINDOW: Final = 3 * HOP  # 30 ms, half of a letter
AUDIBLE: Final = 0.03  # root mean square, of full scale
LETTER_HOPS: Final = 3
SPACE_HOPS: Final = 3
#: Datagrams that may be unread when their sender is gone: the loop reads one a turn.
IN_FLIGHT: Final = 20

Samples = NDArray[np.float64]


def _probes() -> NDArray[np.complex128]:
    """One complex tone per note, in columns: the loudest product identifies the pitch."""
    pitches = LOWEST * 2 ** (np.arange(NOTES) / 12)
    times = np.arange(WINDOW) / SAMPLE_RATE
    window = np.hanning(WINDOW)
    probes: NDArray[np.complex128] = np.exp(-2j * np.pi * np.outer(times, pitches))
    return probes * window[:, None]


PROBES: Final = _probes()


class Hearing:
    """Follows one member's recording."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        decoder = av.CodecContext.create("libopus", "r")
        assert isinstance(decoder, av.AudioCodecContext)
        decoder.sample_rate, decoder.layout = SAMPLE_RATE, "stereo"
        self._decoder = decoder
        self._read = 0  # frames of the recording
        self._rest: Samples = np.empty(0)
        self._note: int | None = None
        self._lasts = SPACE_HOPS
        self._text = ""

    @property
    def text(self) -> str:
        """Everything heard so far: words with single spaces between them."""
        for frame in self.recording.frames[self._read :]:
            self._read += 1
            self._take(_decode(self._decoder, frame.opus))
        return self._text.strip()

    async def until(self, words: str, timeout: float = 20.0) -> None:
        """Wait until `words` were heard, since this Hearing began or the text was last cut off."""
        try:
            await self.recording.wait_for(lambda _: words in self.text, timeout)
        except TimeoutError as error:
            error.add_note(
                f"{words!r} was not heard, but {self.text!r} in {len(self.recording.frames)} frames"
                f" and {self.recording.undecodable} that could not be decoded"
            )
            raise

    async def forget(self) -> str:
        """Forget what was heard so far; returns it. For times when nobody speaks: what is still on
        its way is heard first."""
        for _ in range(IN_FLIGHT):
            await asyncio.sleep(0)
        heard, self._text = self.text, ""
        self._note, self._lasts = None, SPACE_HOPS
        self._rest = np.empty(0)  # a letter that was cut off would be heard with what comes next
        return heard

    def _take(self, sound: Samples) -> None:
        self._rest = np.concatenate((self._rest, sound))
        hops = (len(self._rest) - WINDOW) // HOP + 1
        if hops <= 0:
            return
        windows = np.lib.stride_tricks.sliding_window_view(self._rest, WINDOW)[::HOP][:hops]
        loud = np.sqrt((windows**2).mean(axis=1)) > AUDIBLE
        notes = np.abs(windows @ PROBES).argmax(axis=1)
        self._rest = self._rest[hops * HOP :]
        for note, sounds in zip(notes, loud, strict=True):
            self._hear(int(note) if sounds else None)

    def _hear(self, note: int | None) -> None:
        self._lasts = self._lasts + 1 if note == self._note else 1
        self._note = note
        if note is not None and self._lasts == LETTER_HOPS:
            self._text += chr(ord("a") + (note - ord("a")) % NOTES)
        elif note is None and self._lasts == SPACE_HOPS:
            self._text = self._text.rstrip() + " "


def _decode(decoder: Any, packet: bytes) -> Samples:
    """One channel of a packet, of full scale."""
    sound = b"".join(
        bytes(made.planes[0])[: made.samples * CHANNELS * 2]  # a plane may be longer
        for made in decoder.decode(av.Packet(packet))
    )
    return np.frombuffer(sound, "<i2")[::CHANNELS].astype(np.float64) / 32768
