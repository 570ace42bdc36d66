"""Which edit goes out next, and how many in how long."""

from collections.abc import Callable

from bot.messages.editor import (
    DONE,
    MOST_EDITS,
    WINDOW_SECONDS,
    EditResult,
    PendingEdit,
    RateLimiter,
    Urgency,
    choose,
)


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
