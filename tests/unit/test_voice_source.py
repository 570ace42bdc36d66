"""What a listener gets, frame by frame, as items come, pause, stop growing and are dropped."""

from collections.abc import Iterator

import pytest

from bot.voice.frame_source import (
    PATIENCE_FRAMES,
    Finished,
    FrameSource,
    Idle,
    SourceEvent,
    Started,
)
from engine.model.audio_format import CLOSING_SILENCE_FRAMES, SILENCE
from engine.model.jobs import Chunk, ChunkState
from engine.queue.audio_stream import PacketStream, PlaybackItem
from mynah.testing.fake_engine import fake_job

LEAD = 0.2  # 10 frames
PAUSE_LEAD = 0.1  # 5 frames


def item(
    name: str, packets: int = 3, *, complete: bool = True, pause_after: float = 0.0
) -> PlaybackItem:
    """An item with packets named after it: b"a0", b"a1", …"""
    sound = PacketStream()
    sound.grow([f"{name}{n}".encode() for n in range(packets)])
    if complete:
        sound.finish()
    job = fake_job(ord(name), text=name)
    chunk = Chunk(
        job_id=job.id,
        position=0,
        text=name,
        state=ChunkState.READY,
        attempts=1,
        audio=None,
        seconds=None,
        pause_after=pause_after,
    )
    return PlaybackItem(job, chunk, sound, pause_after)


class Listener:
    """Reads a source as the frame clock does."""

    def __init__(self) -> None:
        self.events: list[SourceEvent] = []
        self.source = FrameSource(self.events.append, first_lead_in=LEAD, lead_in=PAUSE_LEAD)

    def hear(self, frames: int) -> list[bytes | None]:
        return [self.source.read() for _ in range(frames)]

    def rest(self, limit: int = 1000) -> list[bytes]:
        """All frames until there is nothing to send."""
        return list(self._until_nothing(limit))

    def words(self) -> list[bytes]:
        """The rest without silence."""
        return [frame for frame in self.rest() if frame != SILENCE]

    def _until_nothing(self, limit: int) -> Iterator[bytes]:
        for _ in range(limit):
            frame = self.source.read()
            if frame is None:
                return
            yield frame
        pytest.fail("the source never came to an end")


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_the_first_sound_comes_after_the_lead_and_ends_with_the_closing_silence(
    listener: Listener,
) -> None:
    listener.source.push(item("a"))
    expected = [SILENCE] * 10 + [b"a0", b"a1", b"a2"] + [SILENCE] * CLOSING_SILENCE_FRAMES
    assert listener.rest() == expected


def test_the_lead_runs_while_the_first_packet_is_still_being_made(listener: Listener) -> None:
    listener.source.expect()
    assert listener.hear(8) == [SILENCE] * 8
    listener.source.push(item("a"))
    assert listener.hear(3) == [SILENCE, SILENCE, b"a0"]


def test_a_first_packet_that_is_late_is_waited_for_in_silence_but_not_for_ever(
    listener: Listener,
) -> None:
    listener.source.expect()
    assert listener.rest() == [SILENCE] * (10 + PATIENCE_FRAMES)
    listener.source.push(item("a"))
    assert listener.rest()[:6] == [SILENCE] * 5 + [b"a0"]


def test_chunks_follow_each_other_with_no_more_than_their_own_pause(listener: Listener) -> None:
    listener.source.push(item("a", pause_after=0.06))
    listener.source.push(item("b"))
    listener.hear(10)
    heard = [b"a0", b"a1", b"a2", SILENCE, SILENCE, SILENCE, b"b0", b"b1", b"b2"]
    assert listener.hear(9) == heard


def test_an_engine_that_does_not_keep_up_gives_silence_and_then_no_burst(
    listener: Listener,
) -> None:
    slow = item("a", packets=1, complete=False)
    listener.source.push(slow)
    assert listener.hear(14)[10:] == [b"a0", SILENCE, SILENCE, SILENCE]
    slow.sound.grow([b"a1", b"a2"])
    slow.sound.finish()
    assert listener.hear(2) == [b"a1", b"a2"]


def test_a_dropped_item_ends_at_the_next_frame_and_the_next_one_follows(
    listener: Listener,
) -> None:
    first = item("a", packets=50)
    listener.source.push(first)
    listener.source.push(item("b"))
    listener.hear(12)
    first.sound.drop()
    assert listener.hear(6) == [SILENCE] * CLOSING_SILENCE_FRAMES + [b"b0"]


def test_an_item_dropped_while_it_waits_is_never_heard(listener: Listener) -> None:
    second = item("b")
    listener.source.push(item("a"))
    listener.source.push(second)
    listener.source.push(item("c"))
    second.sound.drop()
    assert listener.words() == [b"a0", b"a1", b"a2", b"c0", b"c1", b"c2"]


def test_a_failed_item_is_passed_over(listener: Listener) -> None:
    failed = item("a", packets=0, complete=False)
    failed.sound.fail()
    listener.source.push(failed)
    listener.source.push(item("b"))
    assert listener.words() == [b"b0", b"b1", b"b2"]


def test_a_pause_goes_on_at_the_very_frame_where_it_stopped(listener: Listener) -> None:
    listener.source.push(item("a", packets=4))
    assert listener.hear(12)[10:] == [b"a0", b"a1"]
    listener.source.hold()
    assert listener.hear(7) == [SILENCE] * CLOSING_SILENCE_FRAMES + [None, None]
    listener.source.release()
    assert listener.hear(7) == [SILENCE] * 5 + [b"a2", b"a3"]


def test_nothing_leaves_after_a_stop(listener: Listener) -> None:
    listener.source.push(item("a", packets=50))
    listener.hear(15)
    listener.source.stop()
    assert listener.hear(3) == [None, None, None]


def test_events_tell_when_an_item_begins_and_ends_and_when_all_is_sent(
    listener: Listener,
) -> None:
    first, second = item("a"), item("b")
    listener.source.push(first)
    listener.source.push(second)
    listener.hear(13)
    assert listener.events == [Started(first), Finished(first)]
    listener.rest()
    assert listener.events[2:] == [Started(second), Finished(second), Idle()]


def test_an_empty_item_ends_without_a_sound(listener: Listener) -> None:
    empty = item("a", packets=0)
    listener.source.push(empty)
    assert listener.words() == []
    assert listener.events == [Finished(empty), Idle()]
