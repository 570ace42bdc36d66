"""Recordings that people send: usable ones are kept, the rest get a clear answer and leave
nothing."""

import asyncio
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from bot.locales.catalog import error_text
from engine.model.errors import BadRecording, Busy
from engine.tts.audio.ogg import OggReader
from engine.tts.audio.pcm import Pcm, decibels, loudness
from engine.voices.analysis import decode
from engine.voices.analysis.rejection import RecordingRejected
from engine.voices.analysis_process import NotAnalyzed, encode_preview
from engine.voices.recording_analyzer import (
    Advice,
    Analyzed,
    RecordingAnalyzer,
    RecordingLimits,
)
from tests.process import odd, recorded
from tests.process.recorded import converted, raw_wav, rf64, speech, wav

LIMITS = RecordingLimits(bytes=10 * 1024 * 1024, seconds=300)
SECRET = "/etc/hostname"


async def analyze(folder: Path, data: bytes, *, work_seconds: float = 60) -> Analyzed:
    """More time than members get: how busy this machine is says nothing about the code."""
    source = folder / "upload"
    source.write_bytes(data)
    return await RecordingAnalyzer(LIMITS, work_seconds=work_seconds).analyze(
        source, folder / "kept.wav"
    )


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def read(file: Path) -> Pcm:
    with wave.open(str(file)) as opened:
        assert (opened.getnchannels(), opened.getsampwidth()) == (1, 2)
        data = opened.readframes(opened.getnframes())
        samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32767)
        return Pcm(samples, opened.getframerate())


# ---- usable

FORMATS: dict[str, Callable[[], bytes]] = {
    "WAV": lambda: wav(speech()),
    "WAV of 24 bits, stereo": lambda: converted("wav", "-c:a", "pcm_s24le", "-ac", "2"),
    "WAV, one channel the reverse of the other": lambda: converted(
        "wav", "-af", "pan=stereo|c0=c0|c1=-1*c0"
    ),
    "WAV, sound in one channel alone": lambda: converted("wav", "-af", "pan=stereo|c0=0*c0|c1=c0"),
    "WAV of floats, eight channels": lambda: converted("wav", "-c:a", "pcm_f32le", "-ac", "8"),
    "MP3": lambda: converted("mp3"),
    "MP3 with a cover": lambda: converted(
        *("mp3", "-f", "lavfi", "-i", "color=red:s=64x64:d=0.04", "-map", "0", "-map", "1"),
        *("-c:v", "png", "-disposition:v", "attached_pic"),
    ),
    "Ogg Opus, as voice messages are": lambda: converted("ogg", "-c:a", "libopus"),
    "Ogg Vorbis": lambda: converted("ogg", "-c:a", "libvorbis"),
    "M4A, its index at the end": lambda: converted("m4a"),
    "M4A, its index in front": lambda: converted("m4a", "-movflags", "+faststart"),
    "M4A in fragments": lambda: converted("m4a", "-movflags", "frag_keyframe+empty_moov"),
    "FLAC": lambda: converted("flac"),
    "WebM": lambda: converted("webm"),
    "WebM as a browser streams it": lambda: converted("webm", "-live", "1"),
    "MP3 with a curious title": lambda: converted("mp3", "-metadata", "title=partial file\n[x]"),
    "AAC": lambda: converted("aac"),
    "WMA": lambda: converted("wma"),
    "MP4, a longer film with sound": lambda: converted("mp4", "-f", "lavfi", "-i", "testsrc=d=10"),
    "WebM, a film with sound": lambda: converted("webm", "-f", "lavfi", "-i", "testsrc=d=1"),
    "192 kHz": lambda: converted("flac", "-ar", "192000"),
    "8 kHz": lambda: converted("wav", "-ar", "8000"),
    "RF64, a WAV for large files": lambda: rf64(),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_any_common_format_serves(tmp_path: Path, name: str) -> None:
    analyzed = await analyze(tmp_path, FORMATS[name]())
    assert analyzed.analysis.speech == pytest.approx(8.2, abs=0.4)
    assert analyzed.wav == tmp_path / "kept.wav"
    assert names(tmp_path) == ["kept.ogg", "kept.wav", "upload"]


async def test_what_is_kept_is_mono_at_24_khz_levelled_and_known_by_its_hash(
    tmp_path: Path,
) -> None:
    around = recorded.silence(2)
    analyzed = await analyze(tmp_path, wav(np.concatenate((around, speech() * 0.1, around))))
    kept = read(analyzed.wav)
    assert kept.rate == 24_000
    assert kept.seconds == pytest.approx(analyzed.analysis.seconds, abs=0.01)
    assert kept.seconds == pytest.approx(8.3 + 0.2, abs=0.4)
    assert loudness(kept) - 10 * np.log10(2) == pytest.approx(-23, abs=0.5)
    assert decibels(float(np.abs(kept.samples).max())) <= -1
    assert analyzed.reference == hashlib.sha256(analyzed.wav.read_bytes()).hexdigest()
    assert analyzed.wav.stat().st_mode & 0o777 == 0o600
    assert analyzed.analysis.source == "pcm_s16le, 22050 Hz, mono, 12.3 s"


async def test_the_same_recording_gives_the_same_hash_and_another_another(tmp_path: Path) -> None:
    first = await analyze(tmp_path, wav(speech()))
    again = await analyze(tmp_path, converted("flac"))  # the same samples, packed otherwise
    other = await analyze(tmp_path, wav(speech(voice="gmw/en-GB-scotland")))
    assert first.reference == again.reference != other.reference


async def test_preview_is_a_whole_stream_of_opus(tmp_path: Path) -> None:
    analyzed = await analyze(tmp_path, wav(speech()))
    reader = OggReader()
    packets = reader.feed(analyzed.preview.read_bytes())
    assert reader.complete
    assert len(packets) * 0.02 == pytest.approx(analyzed.analysis.seconds, abs=0.2)
    assert await encode_preview(analyzed.wav) == analyzed.preview.read_bytes()
    assert (
        await RecordingAnalyzer(LIMITS).encode_preview(analyzed.wav)
        == analyzed.preview.read_bytes()
    )


async def test_a_long_recording_gives_its_best_twenty_seconds(tmp_path: Path) -> None:
    clipped = np.clip(speech() * 8, -1, 1)
    noisy = speech() * 0.3 + recorded.noise(len(speech()) / recorded.rate(), -25)
    pause = recorded.silence(3)
    clear = speech() * 0.5
    analyzed = await analyze(
        tmp_path, wav(np.concatenate((clipped, pause, noisy, pause, clear, pause, clipped)))
    )
    assert analyzed.analysis.seconds <= 20
    assert analyzed.analysis.clipping == 0
    assert read(analyzed.wav).seconds == pytest.approx(8.5, abs=0.5)


async def test_report_says_what_would_make_it_better(tmp_path: Path) -> None:
    short = await analyze(tmp_path, wav(speech()[: 3 * recorded.rate()]))
    assert short.advice[0].code == "advice-too-short"
    clipped = await analyze(tmp_path, wav(speech() * 8))
    assert "advice-clipped" in [each.code for each in clipped.advice]
    noisy = await analyze(
        tmp_path,
        wav(
            np.concatenate((recorded.silence(1), speech() * 0.5, recorded.silence(1)))
            + recorded.noise(len(speech()) / recorded.rate() + 2, -40)[: len(speech()) + 44_100]
        ),
    )
    assert "advice-noisy" in [each.code for each in noisy.advice]
    quiet = await analyze(tmp_path, wav(speech() * 0.02))
    assert "advice-quiet" in [each.code for each in quiet.advice]
    good = await analyze(tmp_path, wav(np.concatenate((speech(), speech()))))
    assert good.advice == (Advice("advice-good", {"speech": "16.5 s"}),)


# ---- refused


def half(data: bytes) -> bytes:
    return data[: len(data) * 3 // 4]


def samples_of_speech() -> bytes:
    return (speech() * 32767).astype("<i2").tobytes()


def lying(**head: int) -> bytes:
    return raw_wav(samples_of_speech(), rate=recorded.rate(), **head)


def floats(value: float) -> bytes:
    samples = speech().copy()
    samples[1000] = value
    return raw_wav(samples.astype("<f4").tobytes(), rate=recorded.rate(), bits=32, kind=3)


def film_without_sound() -> bytes:
    return converted("mp4", "-f", "lavfi", "-i", "testsrc=d=2", "-map", "1")


def ten_hours_of_silence() -> bytes:
    """A hundred streams of six minutes, one after another, as Ogg allows."""
    silence = ("-f", "lavfi", "-t", "360", "-i", "anullsrc=r=8000:cl=mono", "-map", "1")
    return 100 * converted(
        "ogg", *silence, "-c:a", "libopus", "-frame_duration", "120", "-b:a", "6k"
    )


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("voice.wav", wav(speech()))
    return buffer.getvalue()


def tarred(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        entry = tarfile.TarInfo("voice.wav")
        entry.size = len(wav(speech()))
        archive.addfile(entry, io.BytesIO(wav(speech())))
    return buffer.getvalue()


PLAYLISTS = {
    "M3U": "#EXTM3U\n#EXTINF:8,\n{place}\n",
    "HLS": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:8\n#EXTINF:8.0,\n{place}\n"
    "#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{place}'\n",
    "concat without a head": "file '{place}'\n",
    "PLS": "[playlist]\nFile1={place}\nNumberOfEntries=1\n",
    "SVG": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{place}"/></svg>',
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT8S"><Period><AdaptationSet mimeType="audio/mp4">'
    '<Representation id="1" bandwidth="1"><BaseURL>{place}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio 9 RTP/AVP 0\na=control:{place}\n",
}


def playlist(name: str, place: str) -> bytes:
    return PLAYLISTS[name].format(place=place).encode()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "one byte": (lambda: b"R", "text"),
    "zeros": (lambda: bytes(10_000), "not a readable sound file"),
    "random bytes": (lambda: np.random.default_rng(5).bytes(100_000), "not a readable sound file"),
    "text": (lambda: b"This is my voice, I swear.\n" * 100, "text"),
    "text with a head of WAV": (lambda: b"RIFF" + b"this is my voice, I swear\n" * 100, "text"),
    "MP3, cut off": (lambda: half(converted("mp3")), "incomplete"),
    "MP3 without an index, cut off": (
        lambda: half(converted("mp3", "-write_xing", "0")),
        "incomplete",
    ),
    "Ogg Opus, cut off": (lambda: half(converted("ogg", "-c:a", "libopus")), "incomplete"),
    "Ogg Vorbis, cut off": (lambda: half(converted("ogg", "-c:a", "libvorbis")), "incomplete"),
    "M4A, its index at the end, cut off": (lambda: half(converted("m4a")), "incomplete"),
    "M4A, its index in front, cut off": (
        lambda: half(converted("m4a", "-movflags", "+faststart")),
        "incomplete",
    ),
    "M4A, nothing but its index": (
        lambda: converted("m4a", "-movflags", "+faststart")[:4000],
        "incomplete",
    ),
    "FLAC, cut off": (lambda: half(converted("flac")), "incomplete"),
    "WebM, cut off": (lambda: half(converted("webm")), "incomplete"),
    "WAV, cut off": (lambda: half(wav(speech())), "incomplete"),
    "WAV, cut off in its head": (lambda: wav(speech())[:30], "incomplete"),
    "WAV that says it has 1 GiB": (lambda: lying(data_size=2**30), "incomplete"),
    "WAV that says it has 50 samples": (lambda: lying(data_size=100), "Nothing can be heard"),
    "RF64, cut off": (lambda: half(rf64()), "incomplete"),
    "RF64 that says it has an exabyte": (lambda: rf64(whole=2**60, sound=2**60), "incomplete"),
    "WAV with a NaN": (lambda: floats(float("nan")), "not numbers"),
    "WAV with an infinity": (lambda: floats(float("-inf")), "not numbers"),
    "WAV far beyond full scale": (lambda: floats(1e30), "full scale"),
    "1 Hz": (lambda: raw_wav(samples_of_speech(), rate=1), "1 Hz"),
    "0 Hz": (lambda: raw_wav(samples_of_speech(), rate=0), "0 Hz"),
    "768 kHz": (lambda: raw_wav(samples_of_speech(), rate=768_000), "768,000 Hz"),
    "768 kHz in CAF": (lambda: converted("caf", "-ar", "768000", "-t", "2"), "768,000 Hz"),
    "4 GHz": (lambda: raw_wav(samples_of_speech(), rate=2**32 - 1), "4,294,967,295 Hz"),
    "no channel": (lambda: raw_wav(samples_of_speech(), channels=0), "0 channels"),
    "32 channels": (lambda: raw_wav(bytes(64 * 48_000), channels=32), "32 channels"),
    "255 channels": (lambda: raw_wav(bytes(510 * 4800), channels=255), "255 channels"),
    "16 channels in CAF": (
        lambda: converted("caf", "-af", "pan=16c|" + "|".join(f"c{n}=c0" for n in range(16))),
        "16 channels",
    ),
    "ten hours of silence": (ten_hours_of_silence, "longer than 5 minutes"),
    "six minutes": (
        lambda: converted("flac", "-f", "lavfi", "-t", "360", "-i", "anullsrc", "-map", "1"),
        "longer than 5 minutes",
    ),
    "silence": (lambda: wav(recorded.silence(8)), "Nothing can be heard"),
    "noise": (lambda: wav(recorded.noise(8, -20)), "noise"),
    "half a second of speech": (lambda: wav(speech()[: recorded.rate() // 2]), "s of speech"),
    "ZIP": (zipped, "archive"),
    "tar": (lambda: tarred("w"), "archive"),
    "tar.gz": (lambda: tarred("w:gz"), "archive"),
    "picture": (lambda: converted("png", "-f", "lavfi", "-i", "color=d=0.04"), "picture"),
    "film of nine tracks": (lambda: odd.tracks(9), "in the first 8 tracks"),
    "film of 100 tracks": (lambda: odd.tracks(100), "not a readable sound file"),
    "film without sound": (film_without_sound, "no sound"),
    **{
        f"{name} that names {what}": (lambda name=name, place=place: playlist(name, place), "")  # type: ignore[misc]
        for name in PLAYLISTS
        for what, place in (("a file", SECRET), ("an address", "http://127.0.0.1:9/a.wav"))
    },
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_cannot_serve_gets_a_clear_word_and_leaves_nothing(
    tmp_path: Path, name: str
) -> None:
    make, word = HOSTILE[name]
    with pytest.raises(BadRecording) as raised:
        await analyze(tmp_path, make())
    assert not isinstance(raised.value, NotAnalyzed)
    told = error_text(raised.value)
    assert word in told
    assert "." in told  # it goes on to say what to do
    assert names(tmp_path) == ["upload"]


async def test_a_file_beyond_the_limit_is_not_even_read(tmp_path: Path) -> None:
    source = tmp_path / "upload"
    with source.open("wb") as file:
        file.truncate(LIMITS.bytes + 1)
    with pytest.raises(BadRecording, match="larger than 10 MiB"):
        await RecordingAnalyzer(LIMITS).analyze(source, tmp_path / "kept.wav")


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize(
    "scheme", ["http://{place}/a.wav", "tcp://{place}", "{file}", "file:{file}"]
)
def test_ffmpeg_opens_nothing_that_a_file_names(tmp_path: Path, name: str, scheme: str) -> None:
    """Also where nothing had looked at the file before ffmpeg does."""
    bait = tmp_path / "bait.wav"
    bait.write_bytes(wav(speech()))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        place = scheme.format(place=f"127.0.0.1:{server.getsockname()[1]}", file=bait)
        source = tmp_path / "upload.wav"
        source.write_bytes(playlist(name, place))
        with source.open("rb") as file, pytest.raises(RecordingRejected):
            decode.decode(file.fileno(), seconds=300)
        with pytest.raises(BlockingIOError):  # no call has come
            server.accept()


# ---- many at once, and those that never end


async def test_many_at_once_wait_in_line_and_the_rest_is_told_at_once(tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_bytes(wav(speech()))
    analyzer = RecordingAnalyzer(LIMITS, at_once=2, waiting=3, line_seconds=60, work_seconds=60)
    done = await asyncio.gather(
        *(analyzer.analyze(source, tmp_path / f"{each}.wav") for each in range(1000)),
        return_exceptions=True,
    )
    kept = [each for each in done if isinstance(each, Analyzed)]
    busy = [each for each in done if isinstance(each, Busy)]
    assert (len(kept), len(busy)) == (5, 995)
    assert {each.code for each in busy} == {"analyzer-busy"}
    assert sum(name.endswith(".wav") for name in names(tmp_path)) == 5
    # Afterwards there is space again.
    assert await analyzer.analyze(source, tmp_path / "later.wav")


async def test_who_waits_too_long_is_told_that_it_is_busy(tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_bytes(wav(speech()))
    analyzer = RecordingAnalyzer(LIMITS, at_once=1, line_seconds=0.001, work_seconds=60)
    done = await asyncio.gather(
        *(analyzer.analyze(source, tmp_path / f"{each}.wav") for each in range(2)),
        return_exceptions=True,
    )
    assert [type(each) for each in done] == [Analyzed, Busy]


async def test_what_takes_too_long_is_killed(tmp_path: Path) -> None:
    before = psutil.Process().children()  # other tests' hosts
    with pytest.raises(NotAnalyzed, match="too long"):
        await analyze(tmp_path, wav(speech()), work_seconds=0.01)
    assert psutil.Process().children() == before
    assert names(tmp_path) == ["upload"]


async def test_cancelling_kills_the_process_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "upload"
    source.write_bytes(wav(speech()))
    before = psutil.Process().children()
    task = asyncio.create_task(RecordingAnalyzer(LIMITS).analyze(source, tmp_path / "kept.wav"))
    while not (children := [each for each in psutil.Process().children() if each not in before]):
        assert not task.done()
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(each.is_running() for each in children)
    assert names(tmp_path) == ["upload"]


def test_process_dies_with_whoever_started_it() -> None:
    theirs, ours = os.pipe()
    command = [sys.executable, "-m", "engine.voices.analysis", "--encode"]
    child = subprocess.Popen(
        [*command, f"--lifeline={theirs}"],
        stdin=subprocess.PIPE,  # nothing ever comes: it waits for ever
        pass_fds=(theirs,),
        start_new_session=True,
    )
    os.close(theirs)
    assert child.poll() is None
    os.close(ours)
    assert child.wait() == -signal.SIGKILL
    assert child.stdin is not None
    child.stdin.close()


def test_process_lowers_its_own_limits_before_it_reads_anything() -> None:
    code = (
        "import json, resource, signal; "
        "from engine.voices.analysis import __main__ as process; process.limit(); "
        "print(json.dumps([resource.getrlimit(getattr(resource, f'RLIMIT_{each}'))[0] "
        "for each in ('AS', 'CPU', 'FSIZE', 'CORE')] + [signal.alarm(0)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    memory, processor, written, core, alarm = json.loads(done.stdout)
    assert 0 < memory <= 1024**3
    assert 0 < processor <= 8
    assert 0 < written <= 8 * 1024**2
    assert core == 0
    assert 0 < alarm <= 12


def test_lower_limits_of_the_operator_are_kept() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (5, 5)); "
        "from engine.voices.analysis import __main__ as process; process.limit(); "
        "print(resource.getrlimit(resource.RLIMIT_CPU))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"(5,", b"5)"]


async def test_a_fault_of_ours_is_not_laid_to_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    with pytest.raises(NotAnalyzed) as raised:
        await analyze(tmp_path, wav(speech()))
    assert raised.value.retryable
    assert raised.value.code == "analysis-failed"
