"""Opus packets to play in tests, and the source that plays them."""

import array
import math

import av
import discord

SILENCE = b"\xf8\xff\xfe"


def tone(seconds: float, hertz: float = 440.0, volume: float = 0.3) -> list[bytes]:
    """A sine as Opus packets of 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.options = {"frame_duration": "20"}
    encoder.open()
    packets: list[bytes] = []
    for number in range(round(seconds * 50)):
        samples = array.array("h")
        for n in range(number * 960, number * 960 + 960):
            value = int(volume * 32767 * math.sin(2 * math.pi * hertz * n / 48_000))
            samples.extend((value, value))
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts = 48_000, number * 960
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


class Frames(discord.AudioSource):
    """Plays ready-made Opus packets, then ends."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = iter(packets)

    def read(self) -> bytes:
        return next(self._packets, b"")

    def is_opus(self) -> bool:
        return True
