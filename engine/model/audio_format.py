"""The format in which sound travels to Discord. Every size of a frame derives from this file.

Source: Discord's voice documentation; RFC 6716 for the packet of silence.
"""

from typing import Final

SAMPLE_RATE: Final = 48_000  # hertz
CHANNELS: Final = 2
FRAME_SECONDS: Final = 0.020
FRAMES_PER_SECOND: Final = 50
SAMPLES_PER_FRAME: Final = 960  # a channel
SILENCE: Final = b"\xf8\xff\xfe"  # one Opus packet: 20 ms of silence; never end-to-end encrypted
CLOSING_SILENCE_FRAMES: Final = 5  # sent at the end of speech, so that decoders do not interpolate
