"""Recordings as programs and phones really leave them, unusual but whole; and each of them cut off.

Knows: the bytes of the formats. Does not know: what becomes of them.
"""

import struct
from collections.abc import Callable
from typing import Final

import numpy as np

from engine.voices.analysis.frames import mp3_frame
from tests.process import recorded
from tests.process.recorded import FLOAT, converted, piped, raw_wav, speech, wav

Make = Callable[[], bytes]

#: A voice with pauses for which its encoder sends nothing.
PAUSES: Final = ("-af", "aselect='not(between(t,2,3)+between(t,4,5.5))'")
TEXT: Final = b"Hello, this is text that some program left behind the recording.\n" * 5
SECOND: Final = ("-f", "lavfi", "-t", "8")  # a second input, eight seconds long


def samples(kind: str = "<i2", scale: float = 32767) -> bytes:
    return (speech() * scale).astype(kind).tobytes()


def lying(**head: int) -> bytes:
    return raw_wav(samples(), rate=recorded.rate(), **head)


def with_chunk(size: int, *, padded: bool = False, name: bytes = b"LIST") -> bytes:
    """A WAV file with a chunk of this size before the sound."""
    plain = wav(speech())
    chunk = name + struct.pack("<I", size) + b"INFOISFT"[: size - 1].ljust(size, b"x")
    return plain[:36] + chunk + (b"\0" if padded else b"") + plain[36:]


def in_32_bits(data: bytes, *, valid: int = 24, bits: int = 32, channels: int = 1) -> bytes:
    """WAVE_FORMAT_EXTENSIBLE: `valid` bits in a container of 32."""
    subtype = bytes.fromhex("0100000000001000800000aa00389b71")
    rate, frame = recorded.rate(), 4 * channels
    format_ = struct.pack(
        "<HHIIHHHHI", 0xFFFE, channels, rate, rate * frame, frame, bits, 22, valid, 4
    )
    format_ += subtype
    body = b"WAVEfmt " + struct.pack("<I", len(format_)) + format_
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def left(valid: int = 24) -> bytes:
    """Samples at the upper end of 32 bits."""
    return (np.frombuffer(right(valid), "<i4") << (32 - valid)).tobytes()


def right(valid: int = 24) -> bytes:
    return samples("<i4", 2 ** (valid - 1) - 1)


def plain_24_in_32() -> bytes:
    """The older format: 24 bits a sample, and a frame of four bytes."""
    data = bytearray(raw_wav(left(), rate=recorded.rate(), bits=32))
    struct.pack_into("<H", data, 34, 24)
    return bytes(data)


def mp3_frames(data: bytes) -> list[int]:
    """Where each frame begins, by the frames' own sizes."""
    at = data.index(b"\xff\xf3")  # of eSpeak's rate: MPEG 2, layer III
    begins = []
    while size := mp3_frame(data, at):
        begins.append(at)
        at += size
    return begins


def cut_off(data: bytes, share: float) -> bytes:
    """This share of it; of an MP3, to within a frame: a cut between two frames is undetectable."""
    at = int(len(data) * share)
    within = [begin for begin in mp3_frames(data) if begin <= at] if data[:3] == b"ID3" else []
    return data[: within[-1] + 20 if within else at]


def mp3_with_the_head_of_a_longer_one() -> bytes:
    """As left by a program that cuts between frames, and keeps the first."""
    longer = converted("mp3", source=wav(np.tile(speech(), 5)))
    begins = mp3_frames(longer)
    return longer[: begins[len(begins) // 5]]


def film(*tracks: str, codec: str = "aac", ending: str = "mp4") -> bytes:
    """A screen recording with these sources of sound before the voice's track."""
    options = [*SECOND, "-i", "testsrc=s=64x64:r=5"]
    for each in tracks:
        options += [*SECOND, "-i", each]
    options += ["-map", "1:v"]
    for number, _ in enumerate(tracks):
        options += ["-map", f"{number + 2}:a"]
    first = ("-c:a:0", codec, "-strict", "-2") if tracks else ()
    return converted(ending, *options, "-map", "0:a", *first)


def spatial() -> bytes:
    """Like an iPhone's: the first track in a codec that no other program has."""
    data = converted("mp4", *SECOND, "-i", "anullsrc", "-map", "1:a", "-map", "0:a")
    return data.replace(b"mp4a", b"apac", 1).replace(b"esds", b"dapa", 1)


def surround(layout: str, *, voice: str) -> bytes:
    """Quiet music all around; the voice in one channel."""
    others = [
        each
        for each in {"5.1": "FL FR FC LFE BL BR", "7.1": "FL FR FC LFE BL BR SL SR"}[layout].split()
        if each != voice
    ]
    pan = f"pan={layout}|{voice}=c0|" + "|".join(f"{each}=0.002*c0" for each in others)
    return converted("m4a", "-af", pan, "-b:a", "256k")


def among(sound: str, layout: str, channel: int, of: int) -> bytes:
    """The voice in one channel, another sound in all the others."""
    inputs = "".join("[0:a]" if each == channel else "[1:a]" for each in range(of))
    join = f"{inputs}join=inputs={of}:channel_layout={layout}[all]"
    source = ("-f", "lavfi", "-i", f"{sound}:r={recorded.rate()}")
    return converted("wav", *source, "-filter_complex", join, "-map", "[all]", "-t", "8.3")


def tracks(count: int) -> bytes:
    """Silence in all of them but the last, which is the voice."""
    silence = ("-f", "lavfi", "-t", "1", "-i", f"anullsrc=r={recorded.rate()}:cl=mono")
    maps = ["-map", "1:a"] * (count - 1) + ["-map", "0:a"]
    return converted("mov", *silence, *maps, "-c:a", "pcm_s16le")


def late(seconds: float, *, first: float = 0.0) -> bytes:
    """Four tracks, of which the third speaks after so many seconds; `first`: so much of it also at
    the beginning."""
    start = speech()[: int(first * recorded.rate())]
    pause = recorded.silence(seconds - first)
    voice = wav(np.concatenate((start, pause, speech())))
    silence = ("-f", "lavfi", "-t", str(seconds + 8), "-i", "anullsrc=r=8000:cl=mono")
    maps = [part for each in "1101" for part in ("-map", f"{each}:a")]
    return converted("mka", *silence, *maps, "-c:a", "flac", source=voice)


#: These were refused as incomplete or as silent, and are usable.
ODD: Final[dict[str, Make]] = {
    "WAV from a pipe": lambda: piped("wav"),
    "WAV from a pipe, RF64": lambda: piped("wav", "-rf64", "always"),
    "W64 from a pipe": lambda: piped("w64"),
    "W64": lambda: converted("w64"),
    "AIFF from a pipe": lambda: piped("aiff"),
    "AU from a pipe": lambda: piped("au"),
    "AU": lambda: converted("au"),
    "CAF from a pipe": lambda: piped("caf"),
    "WMA from a pipe": lambda: piped("asf"),
    "WMA": lambda: converted("wma"),
    "AVI from a pipe": lambda: piped("avi"),
    "FLAC from a pipe": lambda: piped("flac"),
    "WebM from a pipe": lambda: piped("webm"),
    **{
        f"WAV whose sizes are {size:#x}": lambda size=size: lying(data_size=size, riff_size=size)  # type: ignore[misc]
        for size in (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x7FFFF024, 0x80000000, 0xFFFFFFDB)
    },
    "WAV whose sound alone says 4 GiB": lambda: lying(data_size=0xFFFFFFFF),
    "WAV whose sound alone says nothing": lambda: lying(data_size=0),
    "WAV whose whole is too large": lambda: lying(riff_size=2**32 - 1),
    "WAV whose whole is a bit too large": lambda: lying(riff_size=10**6),
    "WAV whose whole is too small": lambda: lying(riff_size=10),
    "WAV whose whole is nothing": lambda: lying(riff_size=0),
    "WAV with an odd chunk, not padded": lambda: with_chunk(27),
    "WAV with an odd chunk, padded": lambda: with_chunk(27, padded=True),
    "WAV with an odd chunk that nobody knows": lambda: with_chunk(3, name=b"odd "),
    "WAV, 24 bits in 32": lambda: in_32_bits(left()),
    "WAV, 24 bits in 32, stereo": lambda: in_32_bits(
        np.repeat(np.frombuffer(left(), "<i4"), 2).tobytes(), channels=2
    ),
    "WAV, 24 bits in 32 at the lower end": lambda: in_32_bits(right()),
    "WAV, 20 bits in 32": lambda: in_32_bits(left(20), valid=20),
    "WAV, 24 bits in 32, said to be 24": lambda: in_32_bits(left(), bits=24),
    "WAV, 24 bits in 32, plain": plain_24_in_32,
    "WAV, 32 bits": lambda: converted("wav", "-c:a", "pcm_s32le"),
    "WAV of floats": lambda: raw_wav(samples("<f4", 1), rate=recorded.rate(), bits=32, kind=FLOAT),
    "RF64 that says it has nothing": lambda: recorded.rf64(sound=0),
    "Ogg Opus that starts at 0.6 s": lambda: converted(
        "ogg", "-c:a", "libopus", "-output_ts_offset", "0.6"
    ),
    "Ogg Opus that starts at an hour": lambda: converted(
        "ogg", "-c:a", "libopus", "-output_ts_offset", "3600"
    ),
    "WebM that starts at 0.6 s": lambda: converted("webm", "-output_ts_offset", "0.6"),
    "WebM that starts at an hour": lambda: converted("webm", "-output_ts_offset", "3600"),
    "MP3 with the head of a longer one": mp3_with_the_head_of_a_longer_one,
    "MP3 without its last 3 bytes": lambda: converted("mp3")[:-3],
    "MP3 without its last 3 bytes, and no index": lambda: converted("mp3", "-write_xing", "0")[:-3],
    "MP3 with text behind it": lambda: converted("mp3") + TEXT,
    "MP3 with a tag behind it": lambda: converted("mp3", "-write_id3v1", "1"),
    "MP3 behind some rubbish": lambda: (
        b"ID3\4\0\0\0\0\0\0" + bytes(300) + converted("mp3", "-id3v2_version", "0")
    ),
    "CAF with text behind it": lambda: converted("caf") + TEXT,
    "AIFF with text behind it": lambda: converted("aiff") + TEXT,
    "WAV with text behind it": lambda: wav(speech()) + TEXT,
    "AAC with text behind it": lambda: converted("aac") + TEXT,
    "M4A with text behind it": lambda: converted("m4a") + TEXT,
    "M4A, its index in front, with text behind it": lambda: (
        converted("m4a", "-movflags", "+faststart") + TEXT
    ),
    "WebM with text behind it": lambda: converted("webm") + TEXT,
    "WebM as a browser streams it, with text behind it": lambda: (
        converted("webm", "-live", "1") + TEXT
    ),
    "Ogg Opus with text behind it": lambda: converted("ogg", "-c:a", "libopus") + TEXT,
    "a film whose first track is silent": lambda: film("anullsrc"),
    "a film whose first track hums": lambda: film("sine=f=100"),
    "a film whose first track hisses": lambda: film("anoisesrc=a=0.1"),
    "a film whose first two tracks are silent": lambda: film("anullsrc", "anullsrc"),
    "Matroska, its first track in DTS": lambda: film("anullsrc=r=48000", codec="dca", ending="mkv"),
    "WebM, its first track silent": lambda: converted(
        "webm", *SECOND, "-i", "anullsrc", "-map", "1:a", "-map", "0:a"
    ),
    "MP4 with spatial sound first": spatial,
    "5.1, the voice in the centre": lambda: surround("5.1", voice="FC"),
    "5.1, the voice at the back": lambda: surround("5.1", voice="BR"),
    "5.1, noise around the voice": lambda: among("anoisesrc=a=0.2", "5.1", 2, 6),
    "5.1, a tone around the voice": lambda: among("sine=f=440", "5.1", 2, 6),
    "stereo, the voice in one channel": lambda: among("anullsrc=cl=mono", "stereo", 1, 2),
    "stereo, noise in the other channel": lambda: among("anoisesrc=a=0.2", "stereo", 0, 2),
    "stereo, its channels cancel each other in part": lambda: converted(
        "wav", "-af", "pan=stereo|c0=c0|c1=-0.9*c0"
    ),
    "eight tracks": lambda: tracks(8),
    "7.1, the voice at the side": lambda: surround("7.1", voice="SL"),
}

#: The same, but their encoder did not send the silences: there is less sound.
PAUSED: Final[dict[str, Make]] = {
    "Ogg Opus": lambda: converted("ogg", "-c:a", "libopus", *PAUSES),
    "WebM": lambda: converted("webm", *PAUSES),
    "WebM as a browser streams it": lambda: converted("webm", "-live", "1", *PAUSES),
    "Matroska": lambda: converted("mka", "-c:a", "libopus", *PAUSES),
}

#: Whole files whose parts are refused, wherever they break off.
CUT: Final[dict[str, Make]] = {
    "WAV": lambda: wav(speech()),
    "WAV with an odd chunk, not padded": lambda: with_chunk(27),
    "WAV, 24 bits in 32": lambda: in_32_bits(left()),
    "WAV whose whole is too small": lambda: lying(riff_size=10),
    "RF64": lambda: recorded.rf64(),
    "W64": lambda: converted("w64"),
    "AIFF": lambda: converted("aiff"),
    "AU": lambda: converted("au"),
    "CAF": lambda: converted("caf"),
    "AVI": lambda: converted("avi", "-c:a", "pcm_s16le"),
    "WMA": lambda: converted("wma"),
    "FLAC": lambda: converted("flac"),
    "MP3": lambda: converted("mp3"),
    "MP3 of changing rate": lambda: converted("mp3", "-q:a", "5"),
    "MP3 without an index": lambda: converted("mp3", "-write_xing", "0"),
    "AAC": lambda: converted("aac"),
    "Ogg Opus": lambda: converted("ogg", "-c:a", "libopus"),
    "Ogg Vorbis": lambda: converted("ogg", "-c:a", "libvorbis"),
    "Ogg Opus that starts at 0.6 s": ODD["Ogg Opus that starts at 0.6 s"],
    "Ogg Opus without silences": PAUSED["Ogg Opus"],
    "WebM": lambda: converted("webm"),
    "WebM as a browser streams it": lambda: converted("webm", "-live", "1"),
    "WebM that starts at 0.6 s": ODD["WebM that starts at 0.6 s"],
    "WebM without silences": PAUSED["WebM"],
    "M4A": lambda: converted("m4a"),
    "M4A, its index in front": lambda: converted("m4a", "-movflags", "+faststart"),
    "M4A in fragments": lambda: converted(
        "m4a", "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "1000000"
    ),
    "a film whose first track is silent": ODD["a film whose first track is silent"],
    "MP4 with spatial sound first": spatial,
    "5.1, the voice in the centre": ODD["5.1, the voice in the centre"],
}
