"""Any common recording to mono sound at 24 kHz, through the ffmpeg that a wheel brings.

Knows: ffmpeg's command line, and how little of ffmpeg a stranger's file may reach. Does not know:
speech. The limits of memory and time are inherited from the process around it.

- The file is the process's standard input, a descriptor that can be sought in: an M4A has its index
  at its end. `fd` is the only protocol, so nothing that a file names is opened, here or elsewhere.
- Only the demuxers and decoders below: what refers to other files (playlists, `concat`, DASH, SVG)
  has none; pictures and video streams are not decoded, not even to look at them.
- Out comes an AU stream of floats as they were recorded: rate and channels stand in its head, a NaN
  stays one. What it holds beyond the limit is not read.
"""

import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

import ffmpeg
import imageio_ffmpeg
import numpy as np
import soxr
from numpy.typing import NDArray

from engine.synthesis.audio import Pcm, Samples
from engine.voices.examine.said import Said
from engine.voices.examine.unfit import (
    SAVE_ANEW,
    Unfit,
    check_channels,
    check_rate,
    incomplete,
    too_long,
    unreadable,
)

RATE: Final = 24_000  # hertz: of what is kept, and what Chatterbox's models hear
#: Clipping is counted in frames of this length.
FRAME_SECONDS: Final = 0.030
#: A sample at full scale, in any format: 32767 / 32768 is 0.99997.
FULL_SCALE: Final = 0.9999
#: Floats may pass full scale, by decoding or in mastering; beyond 24 dB they are no sound.
_MOST: Final = 16.0

_DEMUXERS: Final = (
    *("aac", "aiff", "amr", "asf", "au", "avi", "caf", "flac", "matroska", "mov", "mp3", "ogg"),
    *("w64", "wav"),
)
_DECODERS: Final = (
    *("aac", "aac_latm", "ac3", "alac", "amrnb", "amrwb", "eac3", "flac", "mp2", "mp2float", "mp3"),
    *("mp3float", "opus", "libopus", "vorbis", "libvorbis", "wmav1", "wmav2", "wmapro", "gsm_ms"),
    *("adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8"),
    *(f"pcm_{each}{end}" for each in ("s16", "s24", "s32", "f32", "f64") for end in ("le", "be")),
)
#: Magic, where the data begins, size, format, rate, channels.
_AU_HEAD: Final = struct.Struct(">4sIIIII")
#: One thread: with one a core, their stacks alone could pass the limit of memory.
_WAYS: Final = (
    *("-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-filter_threads", "1"),
    *("-max_alloc", str(256 * 1024**2)),
)
_AU_MAGIC, _AU_FLOAT = b".snd", 6
_READ: Final = 1 << 20  # bytes
_CANCELLED: Final = 0.1  # of the power of one channel: a voice in one of two leaves a quarter


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """`clipped`: the share of samples at full scale in each frame of the source."""

    pcm: Pcm
    clipped: NDArray[np.float64]
    source: str  # "mp3, 44100 Hz, stereo, 12.3 s"


def decode(file: int, *, seconds: float) -> Decoded:
    """The sound in `file`, a descriptor. Raises Unfit."""
    process = subprocess.Popen(
        _command(seconds), stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said = Said(process.stderr)
    try:
        said.begun.wait()  # what it says of the file comes before the first sound
        if (said.duration or 0.0) > seconds + 1:
            raise too_long(seconds)
        sound = _read(process.stdout, seconds)
        process.wait()
    finally:
        process.kill()
        process.wait()
        said.end()
        process.stdout.close()
    if sound is None:
        raise _why_nothing(said)
    _check_whole(said, sound.seconds)
    return Decoded(
        pcm=Pcm(sound.samples, RATE),
        clipped=sound.clipped,
        source=f"{said.codec}, {sound.rate} Hz, {sound.layout}, {sound.seconds:.1f} s",
    )


def _command(seconds: float) -> list[str]:
    source = ffmpeg.input(
        "fd:",
        fd=0,
        protocol_whitelist="fd",
        format_whitelist=",".join(_DEMUXERS),
        codec_whitelist=",".join(_DECODERS),
        threads=1,
        vn=None,
        sn=None,
        dn=None,
    )
    sound = source.output(
        "pipe:1",
        format="au",
        acodec="pcm_f32be",
        map="0:a:0",
        map_metadata=-1,
        t=seconds + 2,
        threads=1,
    ).global_args(*_WAYS)
    command: list[str] = sound.compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    samples: Samples  # mono, at RATE
    clipped: NDArray[np.float64]
    rate: int  # of the source, as are these:
    channels: int
    seconds: float

    @property
    def layout(self) -> str:
        return {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")


def _read(stream: IO[bytes], seconds: float) -> _Sound | None:
    """None: ffmpeg gave nothing."""
    head = stream.read(_AU_HEAD.size)
    if len(head) < _AU_HEAD.size:
        return None
    magic, begin, _, kind, rate, channels = _AU_HEAD.unpack(head)
    if magic != _AU_MAGIC or kind != _AU_FLOAT:
        raise unreadable()
    check_rate(rate)
    check_channels(channels)
    stream.read(begin - _AU_HEAD.size)
    mixed, first = _AtRate(rate), _AtRate(rate)
    clipping = _Clipping(rate, channels)
    for samples in _blocks(stream, channels):
        _check_samples(samples)
        clipping.feed(samples)
        if clipping.samples > seconds * rate:
            raise too_long(seconds)
        mixed.feed(samples.mean(axis=1, dtype=np.float32))
        if channels > 1:
            first.feed(samples[:, 0])
    return _Sound(
        samples=_louder(mixed.end(), first.end()),
        clipped=clipping.shares(),
        rate=rate,
        channels=channels,
        seconds=clipping.samples / rate,
    )


def _blocks(stream: IO[bytes], channels: int) -> Iterator[Samples]:
    frame = 4 * channels
    held = b""
    while piece := stream.read(_READ):
        held += piece
        end = len(held) // frame * frame
        block = np.frombuffer(held[:end], ">f4").astype(np.float32)
        held = held[end:]
        yield block.reshape(-1, channels)


def _check_samples(samples: Samples) -> None:
    if not np.isfinite(samples).all():
        raise Unfit(f"The recording holds samples that are no numbers: it is damaged. {SAVE_ANEW}")
    if samples.size and np.abs(samples).max() > _MOST:
        raise Unfit(
            "The recording's samples are far beyond full scale: it is damaged. Save it anew with "
            "16 bits a sample, and send that."
        )


class _AtRate:
    """Takes one channel of `rate`, and gives it at RATE."""

    def __init__(self, rate: int) -> None:
        self._stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32") if rate != RATE else None
        self._made: list[Samples] = [np.empty(0, np.float32)]

    def feed(self, samples: Samples) -> None:
        resample = self._stream
        self._made.append(samples if resample is None else resample.resample_chunk(samples))

    def end(self) -> Samples:
        if self._stream is not None:
            self._made.append(self._stream.resample_chunk(np.empty(0, np.float32), last=True))
        return np.concatenate(self._made)


def _louder(mixed: Samples, first: Samples) -> Samples:
    """All channels mixed, but for those that cancel each other out: a microphone whose wires are
    crossed gives one the reverse of the other."""
    power = [float(np.square(each, dtype=np.float64).sum()) for each in (mixed, first)]
    return first if power[0] < _CANCELLED * power[1] else mixed


class _Clipping:
    """Counts the samples at full scale in each frame."""

    def __init__(self, rate: int, channels: int) -> None:
        self.samples = 0  # of one channel
        self._frame = rate * FRAME_SECONDS
        self._channels = channels
        self._counts: NDArray[np.float64] = np.zeros(0)

    def feed(self, samples: Samples) -> None:
        full = (np.abs(samples) >= FULL_SCALE).sum(axis=1)
        at = np.flatnonzero(full)
        frames = ((at + self.samples) / self._frame).astype(np.int64)
        self.samples += len(samples)
        counts = np.zeros(int(self.samples / self._frame) + 1)
        counts[: len(self._counts)] = self._counts
        np.add.at(counts, frames, full[at])
        self._counts = counts

    def shares(self) -> NDArray[np.float64]:
        return self._counts / (self._frame * self._channels)


def _check_whole(said: Said, length: float) -> None:
    """A file that says it is longer than it is was cut off."""
    declared = said.duration
    if said.is_film:  # its picture may go on longer than its sound
        declared = None
    if said.is_cut_off or (declared and length < declared - max(0.5, declared * 0.03)):
        raise incomplete()


def _why_nothing(said: Said) -> Unfit:
    if said.is_cut_off:
        return incomplete()
    if said.has("matches no streams"):
        return Unfit("There is no sound in this file. Send a recording, or a video with sound.")
    return unreadable()
