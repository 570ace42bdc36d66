"""Sound to Opus, by libopus through PyAV: packets of 20 ms as they come, in an Ogg stream."""

import struct
from typing import Final

import av
import numpy as np

from engine.model.audio_format import CHANNELS, FRAME_SECONDS, SAMPLE_RATE, SAMPLES_PER_FRAME
from engine.tts.audio.ogg import OggWriter
from engine.tts.audio.pcm import Pcm, Samples
from engine.tts.audio.postprocess import Postprocessor

#: 96 kbit/s and "audio": at this rate both of libopus's modes are the same transform codec over
#: the full band, but "voip" also filters the lows and sharpens formants, which synthetic voices do
#: not need. Two equal channels cost a few per cent more than one. Discord forwards packets as they
#: are, whatever the channel's own bit rate (which only advises clients).
BIT_RATE: Final = 96_000
#: Packets a page at most: 100 ms, so that a reader gets sound soon.
PACKETS_PER_PAGE: Final = 5


class OpusEncoder:
    """48 kHz mono float in pieces of any size; stereo packets of 20 ms out.

    The first packet is silence. Opus may predict a frame's energy from the frame before: sound that
    was encoded from nothing, and heard after Discord's silence frames or another sound, came up
    slowly (6 of 396 words of eSpeak lost 2 to 5 dB of their first 100 ms, a tone 27 dB of its first
    20 ms). After silence encoder and decoder predict from the same.

    A Discord client hears the sound `pre_skip` samples late: that packet, and the decoder's delay.
    `flush` pads the end by the delay, so that the last sample is heard.
    """

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        assert isinstance(codec, av.AudioCodecContext)
        codec.sample_rate = SAMPLE_RATE
        codec.layout = "stereo"
        codec.format = "flt"
        codec.bit_rate = BIT_RATE
        codec.options = {
            "application": "audio",
            "frame_duration": str(int(FRAME_SECONDS * 1000)),
            "vbr": "constrained",
        }
        codec.open()
        assert codec.extradata is not None
        (self._delay,) = struct.unpack_from("<H", codec.extradata, 10)  # of the OpusHead
        self.pre_skip = SAMPLES_PER_FRAME + self._delay
        self.samples = 0  # taken in, at 48 kHz
        self._codec = codec
        self._held: Samples = np.empty(0, np.float32)
        self._position = 0
        self._silence = self._encode(np.zeros(SAMPLES_PER_FRAME, np.float32))

    def feed(self, samples: Samples) -> list[bytes]:
        self.samples += len(samples)
        joined = np.concatenate((self._held, samples))
        end = len(joined) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME
        self._held = joined[end:]
        return self._packets(joined[:end])

    def flush(self) -> list[bytes]:
        """The last packets. The encoder cannot be used afterwards."""
        size = len(self._held) + self._delay
        padded = np.zeros(-(-size // SAMPLES_PER_FRAME) * SAMPLES_PER_FRAME, np.float32)
        padded[: len(self._held)] = self._held
        self._held = padded[:0]
        return self._packets(padded)

    def _packets(self, samples: Samples) -> list[bytes]:
        packets = self._encode(samples)
        if packets:
            packets, self._silence = self._silence + packets, []
        return packets

    def _encode(self, samples: Samples) -> list[bytes]:
        packets: list[bytes] = []
        for mono in samples.reshape(-1, SAMPLES_PER_FRAME):
            stereo = np.repeat(mono, CHANNELS).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(stereo, "flt", "stereo")
            frame.sample_rate, frame.pts = SAMPLE_RATE, self._position
            self._position += SAMPLES_PER_FRAME
            packets += map(bytes, self._codec.encode(frame))
        return packets


class OggSound:
    """An engine's sound in, a postprocessed Ogg Opus stream out, page by page."""

    def __init__(self, rate: int) -> None:
        self._postprocessor = Postprocessor(rate)
        self._encoder = OpusEncoder()
        self._writer = OggWriter(pre_skip=self._encoder.pre_skip, most=PACKETS_PER_PAGE)
        self._headers = self._writer.headers()  # until they were sent

    def feed(self, pcm: Pcm) -> bytes:
        """The pages that are whole now; the first ones with the headers."""
        packets = self._encoder.feed(self._postprocessor.feed(pcm))
        return self._take_headers() + self._writer.pages(packets) if packets else b""

    def flush(self) -> bytes:
        """The rest of the sound and the end of the stream; nothing if there was no sound."""
        packets = self._encoder.feed(self._postprocessor.flush())
        if not self._encoder.samples:
            return b""
        packets += self._encoder.flush()
        return self._take_headers() + self._writer.end(packets, samples=self._encoder.samples)

    def _take_headers(self) -> bytes:
        headers, self._headers = self._headers, b""
        return headers
