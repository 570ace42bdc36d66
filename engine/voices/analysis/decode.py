"""Any common recording to mono sound at 24 kHz, through the ffmpeg that a wheel brings.

Knows: ffmpeg's command line, and how little of ffmpeg a stranger's file may reach. Does not know:
speech. ffmpeg inherits the limits of memory and time from the process around it.

- The file is ffmpeg's standard input, a seekable descriptor, because an M4A has its index at its
  end. A WAV or AIFF whose header was rewritten comes through a pipe. `fd` is the only protocol:
  ffmpeg opens nothing that a file names.
- Only the demuxers and decoders below are allowed. None of them follows references to other files
  (playlists, `concat`, DASH, SVG), and no picture or video stream is decoded.
- ffmpeg writes an AU stream of floats as they were recorded: its header has the rate and the
  channels, and a NaN stays a NaN. Sound beyond the limit is not read.
- Sound is joined where time stamps leave a gap: the limit counts sound, not time. An encoder that
  does not send silence (Opus: after 200 ms of it) leaves enough of each pause.
"""

import os
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Final

import ffmpeg
import imageio_ffmpeg
import numpy as np
import soxr
from numpy.typing import NDArray

from engine.tts.audio.pcm import Pcm, Samples
from engine.voices.analysis.ffmpeg_log import FfmpegLog
from engine.voices.analysis.rejection import (
    NoTrack,
    RecordingRejected,
    Unheard,
    check_channels,
    check_rate,
    incomplete,
    too_long,
    unreadable,
)

RATE: Final = 24_000  # hertz; Chatterbox's models use the same rate
#: Clipping is counted in frames of this length.
FRAME_SECONDS: Final = 0.030
#: From here on a sample is at full scale in any format: 32767 / 32768 is 0.99997.
FULL_SCALE: Final = 0.9999
#: Floats may pass full scale, by decoding or in mastering; beyond 24 dB they are not sound.
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
#: Magic, offset of the data, size, format, rate, channels.
_AU_HEAD: Final = struct.Struct(">4sIIIII")
#: One thread: with one for each core, their stacks alone could pass the limit of memory.
_OPTIONS: Final = (
    *("-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-filter_threads", "1"),
    *("-max_alloc", str(256 * 1024**2)),
)
_AU_MAGIC, _AU_FLOAT = b".snd", 6
_READ: Final = 1 << 20  # bytes
#: Tracks of a file that are analyzed: programs that record a screen write up to six.
MOST_TRACKS: Final = 8
#: Streams of any kind: with 1,000, each of ffmpeg's runs takes 3 s and 700 MB.
_MOST_STREAMS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A track, or a channel of it, as mono. `clipped`: the share of samples at full scale in each
    frame of the source."""

    pcm: Pcm
    clipped: NDArray[np.float64]
    source: str  # "mp3, 44100 Hz, stereo, 12.3 s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A track's sound. `mixes`: of mono, the channel; of stereo, both channels mixed, then each; of
    more channels, each, because the others would drown a voice in one."""

    mixes: tuple[Decoded, ...]
    whole: bool  # False: the track goes on
    tracks: int  # in the file


def decode(
    file: int,
    *,
    seconds: float,
    rewritten: bytes | None = None,
    track: int = 0,
    held: float | None = None,
    mix: int | None = None,
) -> Track:
    """The sound of one track in `file`, a descriptor, or in `rewritten`, which is the same file.

    `held`: at most so many seconds in all, shared by the file's tracks and the track's channels.
    `mix`: only the mix with this number. Raises RecordingRejected; Unheard if another track may be
    usable; NoTrack.
    """
    os.lseek(file, 0, os.SEEK_SET)  # ffmpeg begins at the descriptor's position
    process = subprocess.Popen(
        _command(track, seconds),
        stdin=file if rewritten is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    log = FfmpegLog(process.stderr)
    feeder = _feed(process.stdin, rewritten)
    try:
        log.begun.wait()  # ffmpeg logs what it knows about the file before the first sound
        most = float("inf") if held is None else held / min(max(log.tracks, 1), MOST_TRACKS)
        sound = _read(process.stdout, seconds, most, mix)
        if sound is None or sound.whole:
            process.wait()
    finally:
        process.kill()
        process.wait()
        log.end()
        process.stdout.close()
        if feeder is not None:
            feeder.join()
    if sound is None:
        raise _why_nothing(log)
    if sound.whole:
        _check_whole(log, sound.seconds)
    source = f"{log.codec(track)}, {sound.rate} Hz, {sound.layout}, {sound.seconds:.1f} s"
    if log.tracks > 1:
        source += f", track {track + 1}"
    return Track(
        mixes=tuple(
            Decoded(pcm=Pcm(samples, RATE), clipped=clipped, source=source)
            for samples, clipped in sound.mixes
        ),
        whole=sound.whole,
        tracks=log.tracks,
    )


def _feed(pipe: IO[bytes] | None, data: bytes | None) -> threading.Thread | None:
    """Write `data` to ffmpeg while its sound is read."""
    if pipe is None or data is None:
        return None

    def write() -> None:
        with suppress(BrokenPipeError), pipe:  # ffmpeg may stop reading early
            pipe.write(data)

    thread = threading.Thread(target=write, name="feed", daemon=True)
    thread.start()
    return thread


def _command(track: int, seconds: float) -> list[str]:
    source = ffmpeg.input(
        "fd:",
        fd=0,
        protocol_whitelist="fd",
        format_whitelist=",".join(_DEMUXERS),
        codec_whitelist=",".join(_DECODERS),
        max_streams=_MOST_STREAMS,
        threads=1,
        vn=None,
        sn=None,
        dn=None,
    )
    sound = source.output(
        "pipe:1",
        format="au",
        acodec="pcm_f32be",
        map=f"0:a:{track}",
        map_metadata=-1,
        af="asetpts=N/SR/TB",
        t=seconds + 2,
        threads=1,
    ).global_args(*_OPTIONS)
    command: list[str] = sound.compile(cmd=imageio_ffmpeg.get_ffmpeg_exe())
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    mixes: list[tuple[Samples, NDArray[np.float64]]]  # mono, at RATE, and the clipped shares
    whole: bool
    rate: int  # of the source, in hertz
    channels: int  # of the source
    seconds: float  # of the source

    @property
    def layout(self) -> str:
        return {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")


def _read(stream: IO[bytes], seconds: float, most: float, mix: int | None) -> _Sound | None:
    """The sound that ffmpeg writes; None if it writes none."""
    head = stream.read(_AU_HEAD.size)
    if len(head) < _AU_HEAD.size:
        return None
    magic, begin, _, kind, rate, channels = _AU_HEAD.unpack(head)
    if magic != _AU_MAGIC or kind != _AU_FLOAT:
        raise unreadable()
    check_rate(rate)
    check_channels(channels)
    stream.read(begin - _AU_HEAD.size)
    kept = range(channels) if mix is None or channels <= 2 else range(mix, mix + 1)
    resampled = [_AtRate(rate) for _ in kept]
    clipping = _Clipping(rate, channels)
    whole = True
    for samples in _blocks(stream, channels):
        _check_samples(samples)
        clipping.feed(samples)
        if clipping.samples > seconds * rate:
            raise too_long(seconds)
        for channel, each in zip(kept, resampled, strict=True):
            each.feed(samples[:, channel])
        if clipping.samples * channels >= most * rate:
            whole = False
            break
    shares = clipping.shares()
    mixes: list[tuple[Samples, NDArray[np.float64]]] = [
        (each.end(), shares[:, channel]) for channel, each in zip(kept, resampled, strict=True)
    ]
    if channels == 2:
        mixed: Samples = (mixes[0][0] + mixes[1][0]) / np.float32(2)
        mixes.insert(0, (mixed, shares.mean(axis=1)))
        mixes = mixes if mix is None else mixes[mix : mix + 1]
    return _Sound(
        mixes=mixes, whole=whole, rate=rate, channels=channels, seconds=clipping.samples / rate
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
        raise RecordingRejected(code="recording-not-numbers")
    if samples.size and np.abs(samples).max() > _MOST:
        raise RecordingRejected(code="recording-beyond-scale")


class _AtRate:
    """Converts one channel from `rate` to RATE, in hertz."""

    def __init__(self, rate: int) -> None:
        self._stream = soxr.ResampleStream(rate, RATE, 1, dtype="float32") if rate != RATE else None
        self._made: list[Samples] = [np.empty(0, np.float32)]

    def feed(self, samples: Samples) -> None:
        resample = self._stream
        self._made.append(samples if resample is None else resample.resample_chunk(samples))

    def end(self) -> Samples:
        if self._stream is not None:
            self._made.append(self._stream.resample_chunk(np.empty(0, np.float32), last=True))
        made, self._made = np.concatenate(self._made), []
        return made


class _Clipping:
    """Counts the samples at full scale in each frame of each channel."""

    def __init__(self, rate: int, channels: int) -> None:
        self.samples = 0  # of one channel
        self._frame = rate * FRAME_SECONDS
        self._counts: NDArray[np.float64] = np.zeros((0, channels))

    def feed(self, samples: Samples) -> None:
        at, channel = np.nonzero(np.abs(samples) >= FULL_SCALE)
        frames = ((at + self.samples) / self._frame).astype(np.int64)
        self.samples += len(samples)
        counts = np.zeros((int(self.samples / self._frame) + 1, self._counts.shape[1]))
        counts[: len(self._counts)] = self._counts
        np.add.at(counts, (frames, channel), 1)
        self._counts = counts

    def shares(self) -> NDArray[np.float64]:
        """The share of samples at full scale, by frame and channel."""
        return self._counts / self._frame


def _check_whole(log: FfmpegLog, length: float) -> None:
    """Raises RecordingRejected if the file was cut off. A FLAC file declares its number of samples,
    so missing ones were cut off. In other formats less sound than declared proves nothing: see
    `container.py`."""
    declared = log.duration if log.is_flac else None
    if log.is_cut_off or (declared and length < declared - max(0.5, declared * 0.03)):
        raise incomplete()


def _why_nothing(log: FfmpegLog) -> RecordingRejected:
    if log.is_cut_off:
        return incomplete()
    if log.has("matches no streams"):
        return NoTrack()
    if log.has("Error opening input"):
        return unreadable()
    return Unheard(code="recording-unreadable", rank=-1)
