"""The beat: who gets it, how often, and that a fault of one is not the others'."""

import threading

from bot.voice.frame_clock import ManualFrameClock, ThreadFrameClock


def test_a_beat_goes_on_for_as_long_as_it_answers_true() -> None:
    frame_clock, beats = ThreadFrameClock(), 0
    done = threading.Event()

    def beat() -> bool:
        nonlocal beats
        beats += 1
        if beats == 3:
            done.set()
        return beats < 3

    frame_clock.start(beat)
    assert done.wait(5)
    frame_clock.close()
    assert beats == 3


def test_a_beat_started_again_as_it_ends_is_not_lost() -> None:
    frame_clock, again = ThreadFrameClock(), threading.Event()
    calls: list[None] = []

    def beat() -> bool:
        calls.append(None)
        if len(calls) == 1:
            frame_clock.start(beat)  # as another thread may, just before it answers False
        else:
            again.set()
        return False

    frame_clock.start(beat)
    assert again.wait(5)
    frame_clock.close()


def test_a_beat_that_fails_stops_alone() -> None:
    frame_clock, heard = ThreadFrameClock(), threading.Event()

    def broken() -> bool:
        raise RuntimeError("broken")

    def sound() -> bool:
        heard.set()
        return True

    frame_clock.start(broken)
    frame_clock.start(sound)
    assert heard.wait(5)
    frame_clock.close()


def test_the_cranked_one_beats_only_when_it_is_told_to() -> None:
    frame_clock = ManualFrameClock()
    beats: list[str] = []

    def beat() -> bool:
        beats.append("beat")
        return len(beats) < 3

    frame_clock.start(beat)
    assert not beats
    frame_clock.crank(2)
    assert len(beats) == 2
    frame_clock.crank(5)
    assert len(beats) == 3
