"""Which edit is made next, when, and how many in how long."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from bot.messages.editor import (
    DONE,
    MOST_AT_ONCE,
    MOST_EDITS,
    NOT_NEEDED,
    OLD_EDITS,
    OLD_SECONDS,
    OLD_WINDOW_SECONDS,
    RETRY,
    RETRY_SECONDS,
    WINDOW_SECONDS,
    EditResult,
    MessageEditor,
    PendingEdit,
    RateLimiter,
    Urgency,
    choose,
)
from mynah.testing.clocks import ManualClock, settle


async def done() -> EditResult:
    return DONE


def edit(job_id: int, urgency: Urgency, not_before: float) -> PendingEdit:
    return PendingEdit(
        key=("job", job_id), urgency=urgency, not_before=not_before, sent_at=0.0, make=done
    )


def wait_at(now: float) -> Callable[[PendingEdit], float]:
    return lambda edit: edit.not_before - now


def test_burst_is_free_and_then_edits_wait_for_the_window_to_pass() -> None:
    limiter = RateLimiter()
    for at in range(MOST_EDITS):
        assert limiter.wait(at) == 0.0
        limiter.spend(at)
    assert limiter.wait(MOST_EDITS) == WINDOW_SECONDS - MOST_EDITS
    assert limiter.wait(WINDOW_SECONDS) == 0.0


def test_no_stretch_of_time_holds_more_edits_than_the_window_allows() -> None:
    limiter, now, made = RateLimiter(), 0.0, []
    for step in (0.0, 0.3, 1.1, 0.0, 2.7, 0.1, 0.0, 4.9, 0.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.2):
        now += step
        now += limiter.wait(now)
        limiter.spend(now)
        made.append(now)
    for first, next_but in zip(made, made[MOST_EDITS:], strict=False):
        assert next_but - first >= WINDOW_SECONDS


def test_idle_channel_saves_up_no_more_than_a_window() -> None:
    limiter = RateLimiter()
    for _ in range(MOST_EDITS):
        limiter.spend(1000.0)
    assert limiter.wait(1000.0) == WINDOW_SECONDS


def test_edit_that_leaves_some_to_others_waits_earlier() -> None:
    limiter = RateLimiter()
    for at in range(MOST_EDITS - 1):
        assert limiter.wait(at, leaving=1) == 0.0
        limiter.spend(at)
    assert limiter.wait(3.0, leaving=1) == WINDOW_SECONDS - 3.0
    assert limiter.wait(3.0) == 0.0
    limiter.spend(3.0)
    assert limiter.wait(WINDOW_SECONDS, leaving=1) == 1.0
    assert limiter.wait(WINDOW_SECONDS) == 0.0


def test_outcomes_go_first_then_what_is_spoken_then_places() -> None:
    edits = [
        edit(1, Urgency.PLACE, 0.0),
        edit(2, Urgency.SPEAKING, 0.0),
        edit(3, Urgency.OUTCOME, 5.0),
    ]
    assert choose(edits, wait_at(1.0)) == (edits[1], 0.0)
    assert choose(edits, wait_at(5.0)) == (edits[2], 0.0)


def test_when_none_is_ripe_it_says_how_long_until_one_is() -> None:
    edits = [edit(1, Urgency.PLACE, 3.0), edit(2, Urgency.PLACE, 2.0)]
    assert choose(edits, wait_at(0.5)) == (None, 1.5)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def editor(clock: ManualClock) -> AsyncIterator[MessageEditor]:
    editor = MessageEditor(clock)
    yield editor
    await editor.close()


class Made:
    """Which edits were made, when. `results`: the result of each attempt; the last one repeats."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self.edits: list[tuple[int, float]] = []

    def edit(
        self,
        number: int,
        urgency: Urgency = Urgency.OUTCOME,
        *results: EditResult,
        sent_at: float | None = None,
    ) -> PendingEdit:
        coming = list(results) or [DONE]

        async def make() -> EditResult:
            self.edits.append((number, self._clock.monotonic() - self._began))
            return coming.pop(0) if len(coming) > 1 else coming[0]

        return PendingEdit(
            key=("job", number),
            urgency=urgency,
            not_before=0.0,
            sent_at=self._clock.time() if sent_at is None else sent_at,
            make=make,
        )


@pytest.fixture
def made(clock: ManualClock) -> Made:
    return Made(clock)


async def test_redactions_leave_one_edit_of_each_window_to_others(
    clock: ManualClock, editor: MessageEditor, made: Made
) -> None:
    for number in range(5):
        editor.submit(1, made.edit(number, Urgency.REDACTION))
    await settle()
    assert len(made.edits) == MOST_EDITS - 1
    editor.submit(1, made.edit(9, Urgency.PLACE))
    await settle()
    assert made.edits[-1] == (9, 0.0)
    await clock.advance(WINDOW_SECONDS)
    assert len(made.edits) == 6


async def test_redactions_of_old_messages_are_slower_and_others_do_not_wait_for_them(
    clock: ManualClock, editor: MessageEditor, made: Made
) -> None:
    old = clock.time() - OLD_SECONDS - 1
    for number in range(OLD_EDITS + 1):
        editor.submit(1, made.edit(number, Urgency.REDACTION, sent_at=old))
    await settle()
    await clock.advance(OLD_WINDOW_SECONDS - 1)
    assert len(made.edits) == OLD_EDITS
    editor.submit(1, made.edit(9, Urgency.REDACTION))
    await settle()
    assert made.edits[-1][0] == 9
    await clock.advance(1)
    assert made.edits[-1] == (OLD_EDITS, OLD_WINDOW_SECONDS)


async def test_edit_that_is_not_needed_costs_nothing(editor: MessageEditor, made: Made) -> None:
    for number in range(3 * MOST_EDITS):
        editor.submit(1, made.edit(number, Urgency.PLACE, NOT_NEEDED))
    await settle()
    assert len(made.edits) == 3 * MOST_EDITS


async def test_newer_edit_does_not_shorten_the_pause_after_a_failed_try(
    clock: ManualClock, editor: MessageEditor, made: Made
) -> None:
    editor.submit(1, made.edit(7, Urgency.PLACE, RETRY))
    await settle()
    editor.submit(1, made.edit(7, Urgency.OUTCOME))
    await settle()
    assert len(made.edits) == 1
    await clock.advance(RETRY_SECONDS[0])
    assert made.edits == [(7, 0.0), (7, RETRY_SECONDS[0])]


async def test_edit_that_raises_is_tried_again_and_stops_no_other(
    clock: ManualClock, editor: MessageEditor, made: Made
) -> None:
    async def fail() -> EditResult:
        raise ValueError

    editor.submit(1, replace(made.edit(1), make=fail))
    editor.submit(1, made.edit(2))
    await settle()
    assert [number for number, _ in made.edits] == [2]
    editor.submit(1, made.edit(1))
    await clock.advance(RETRY_SECONDS[0])
    assert [number for number, _ in made.edits] == [2, 1]


async def test_channel_makes_one_edit_at_a_time_and_channels_do_not_wait_for_each_other(
    editor: MessageEditor, made: Made
) -> None:
    done = asyncio.Event()

    async def slow() -> EditResult:
        await done.wait()
        return DONE

    editor.submit(1, replace(made.edit(1), make=slow))
    await settle()
    editor.submit(1, made.edit(2))
    editor.submit(2, made.edit(3))
    await settle()
    assert [number for number, _ in made.edits] == [3]
    done.set()
    await settle()
    assert [number for number, _ in made.edits] == [3, 2]


async def test_at_the_end_of_the_process_the_most_urgent_edits_are_made_and_no_redaction(
    editor: MessageEditor, made: Made
) -> None:
    for number in range(MOST_EDITS):
        editor.submit(1, made.edit(number))
    await settle()
    for number in range(10, 10 + MOST_AT_ONCE):
        editor.submit(1, made.edit(number, Urgency.PLACE))
    editor.submit(1, made.edit(20, Urgency.OUTCOME))
    editor.submit(1, made.edit(21, Urgency.REDACTION))
    await editor.flush()
    flushed = [number for number, _ in made.edits][MOST_EDITS:]
    assert flushed == [20, *range(10, 9 + MOST_AT_ONCE)]
