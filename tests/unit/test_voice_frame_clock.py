"""Which sender gets the ticks of the frame clock, how often, and that a fault of one affects no
other."""

import threading

from bot.voice.frame_clock import ManualFrameClock, ThreadFrameClock


def test_a_tick_goes_on_for_as_long_as_it_returns_true() -> None:
    frame_clock, ticks = ThreadFrameClock(), 0
    done = threading.Event()

    def tick() -> bool:
        nonlocal ticks
        ticks += 1
        if ticks == 3:
            done.set()
        return ticks < 3

    frame_clock.start(tick)
    assert done.wait(5)
    frame_clock.close()
    assert ticks == 3


def test_a_tick_started_again_as_it_ends_is_not_lost() -> None:
    frame_clock, again = ThreadFrameClock(), threading.Event()
    calls: list[None] = []

    def tick() -> bool:
        calls.append(None)
        if len(calls) == 1:
            frame_clock.start(tick)  # as another thread may, just before it returns False
        else:
            again.set()
        return False

    frame_clock.start(tick)
    assert again.wait(5)
    frame_clock.close()


def test_a_tick_that_fails_stops_alone() -> None:
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


def test_the_cranked_one_ticks_only_when_it_is_told_to() -> None:
    frame_clock = ManualFrameClock()
    ticks: list[str] = []

    def tick() -> bool:
        ticks.append("tick")
        return len(ticks) < 3

    frame_clock.start(tick)
    assert not ticks
    frame_clock.crank(2)
    assert len(ticks) == 2
    frame_clock.crank(5)
    assert len(ticks) == 3
