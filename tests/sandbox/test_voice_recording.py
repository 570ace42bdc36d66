"""What a recording makes of frames: time line, gaps, speech, and waiting for them."""

import asyncio
import time
import wave
from pathlib import Path

import numpy
import pytest

from sandbox.protocol.voice import HeardFrame, Recording
from tests.sandbox.voice_sound import SILENCE, tone

ANNE, BOT, OTHER = 11, 900, 901
FRAME = 0.02
RATE = 48_000


def recording(*arrivals: tuple[float, bytes], speaker: int = BOT) -> Recording:
    """Frames that came at these times."""
    heard = Recording(ANNE)
    add(heard, *arrivals, speaker=speaker)
    return heard


def add(heard: Recording, *arrivals: tuple[float, bytes], speaker: int = BOT) -> None:
    for number, (at, opus) in enumerate(arrivals):
        heard.add(HeardFrame(at, number, number * 960, opus, speaker, opus == SILENCE))


def steady(packets: list[bytes], begin: float = 100.0) -> list[tuple[float, bytes]]:
    return [(begin + number * FRAME, packet) for number, packet in enumerate(packets)]


def test_frames_in_time_make_unbroken_sound() -> None:
    """Jitter within the client's buffer leaves no seam."""
    jittered = [
        (at + 0.03 * (number % 2), packet) for number, (at, packet) in enumerate(steady(tone(1.0)))
    ]
    heard = recording(*jittered)
    assert heard.samples().shape == (RATE, 2)
    assert heard.longest_gap() == heard.longest_dropout() == 0.0
    assert (
        numpy.abs(numpy.diff(heard.samples()[2000:, 0].astype(int))).max() < 700
    )  # a sine's slope


def test_late_frames_leave_silence_of_their_lateness() -> None:
    """Half a second without frames is half a second of silence."""
    packets = tone(0.4)
    first, second = steady(packets[:10], 100.0), steady(packets[10:], 100.7)
    heard = recording(*first, *second)
    assert heard.longest_dropout() == pytest.approx(0.5)
    assert heard.longest_gap() == pytest.approx(0.5)
    assert len(heard.samples()) == pytest.approx(0.9 * RATE)
    assert not heard.samples()[round(0.25 * RATE) : round(0.65 * RATE)].any()


def test_silence_frames_are_a_gap_in_speech_but_no_dropout() -> None:
    """The network delivered everything; the speaker said nothing."""
    packets = tone(0.2)
    heard = recording(*steady([*packets, *[SILENCE] * 25, *packets]))
    assert heard.longest_dropout() == 0.0
    assert heard.longest_gap() == pytest.approx(0.5, abs=2 * FRAME)  # the codec rings a little
    assert heard.packets() == [*packets, *packets]


def test_a_burst_is_played_in_order_without_loss() -> None:
    """Frames that come all at once are heard one after the other."""
    heard = recording(*((100.0, packet) for packet in tone(0.5)))
    assert len(heard.samples()) == 0.5 * RATE


def test_speech_spans_join_short_silences() -> None:
    """`join` decides where one pause ends a span."""
    word, pause = tone(0.2), [SILENCE] * 25
    heard = recording(*steady([*pause, *word, *pause, *word, *pause]))
    assert len(heard.speech_spans()) == 2
    assert len(heard.speech_spans(join=0.6)) == 1
    (start, _), (_, end) = heard.speech_spans()
    assert start == pytest.approx(100.5, abs=FRAME)
    assert end == heard.last_sound == pytest.approx(101.4, abs=2 * FRAME)
    assert heard.first_sound == pytest.approx(100.5, abs=FRAME)


def test_a_whisper_below_the_threshold_is_no_sound() -> None:
    """`first_sound` waits for something audible."""
    heard = recording(*steady([*tone(0.2, volume=0.002), *tone(0.2)]))
    assert heard.first_sound == pytest.approx(100.2, abs=FRAME)
    assert heard.speech_spans(threshold=0.0005)[0][0] == pytest.approx(100.0, abs=FRAME)


def test_nothing_heard_is_nothing() -> None:
    """An empty recording has no sound, no gaps, no samples."""
    heard = Recording(ANNE)
    assert (heard.first_sound, heard.last_sound, heard.speech_spans()) == (None, None, [])
    assert (heard.longest_gap(), heard.longest_dropout(), heard.pcm()) == (0.0, 0.0, b"")


def test_speakers_are_mixed_or_told_apart() -> None:
    """Two speakers at once are the sum of each."""
    low, high = tone(0.2, hertz=220), tone(0.2, hertz=1760)
    heard = recording(*steady(low))
    add(heard, *steady(high), speaker=OTHER)
    assert heard.packets(BOT) == low
    assert heard.packets(OTHER) == high
    both = heard.samples(BOT).astype(int) + heard.samples(OTHER).astype(int)
    assert (heard.samples() == both).all()


def test_a_recording_is_saved_as_wav(tmp_path: Path) -> None:
    """48 kHz, stereo, 16 bits, the samples as heard."""
    heard = recording(*steady(tone(0.2)))
    heard.save(tmp_path / "heard.wav")
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 2, 2)
        assert file.readframes(RATE) == heard.pcm()


async def test_waiting_ends_with_the_frame_that_was_waited_for() -> None:
    """`wait_for` and `until_sound` return on the frame, and raise when it does not come."""
    heard = Recording(ANNE)
    waiting = asyncio.create_task(heard.wait_for(lambda it: len(it.frames) >= 2, 5))
    sounding = asyncio.create_task(heard.until_sound(5))
    await asyncio.sleep(0)
    add(heard, (1.0, SILENCE), *steady(tone(0.1), 2.0))
    await waiting
    assert await sounding == pytest.approx(2.0, abs=FRAME)
    assert await heard.until_sound(5, after=2.05) > 2.05
    with pytest.raises(TimeoutError, match="sound for 11"):
        await heard.until_sound(0.01, after=50.0)


async def test_silence_is_waited_for_from_the_last_sound_on() -> None:
    """`until_silent` returns when the last sounding frame came, silence frames notwithstanding."""
    heard = Recording(ANNE)
    word, pause = tone(0.1), [SILENCE] * 5
    add(heard, *steady([*word, *pause, *word, *pause], time.monotonic() - 0.5))
    last = await heard.until_silent(0.1, 5)
    assert heard.frames[14].time <= last < heard.frames[19].time
