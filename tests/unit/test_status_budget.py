"""Which edit goes out next, and how many in how long."""

from bot.messages.rate_limit import (
    MOST_EDITS,
    WINDOW_SECONDS,
    PendingEdit,
    RateLimiter,
    Urgency,
    choose,
)


def test_burst_is_free_and_then_edits_wait_for_the_window_to_pass() -> None:
    budget = RateLimiter()
    for at in range(MOST_EDITS):
        assert budget.wait(at) == 0.0
        budget.spend(at)
    assert budget.wait(MOST_EDITS) == WINDOW_SECONDS - MOST_EDITS
    assert budget.wait(WINDOW_SECONDS) == 0.0


def test_no_stretch_of_time_holds_more_edits_than_the_window_allows() -> None:
    budget, now, made = RateLimiter(), 0.0, []
    for step in (0.0, 0.3, 1.1, 0.0, 2.7, 0.1, 0.0, 4.9, 0.0, 0.0, 0.0, 0.0, 6.0, 0.0, 0.2):
        now += step
        now += budget.wait(now)
        budget.spend(now)
        made.append(now)
    for first, next_but in zip(made, made[MOST_EDITS:], strict=False):
        assert next_but - first >= WINDOW_SECONDS


def test_idle_channel_saves_up_no_more_than_a_window() -> None:
    budget = RateLimiter()
    for _ in range(MOST_EDITS):
        budget.spend(1000.0)
    assert budget.wait(1000.0) == WINDOW_SECONDS


def test_who_leaves_edits_to_others_waits_earlier() -> None:
    budget = RateLimiter()
    for at in range(MOST_EDITS - 1):
        assert budget.wait(at, leaving=1) == 0.0
        budget.spend(at)
    assert budget.wait(3.0, leaving=1) == WINDOW_SECONDS - 3.0
    assert budget.wait(3.0) == 0.0
    budget.spend(3.0)
    assert budget.wait(WINDOW_SECONDS, leaving=1) == 1.0
    assert budget.wait(WINDOW_SECONDS) == 0.0


def test_outcomes_go_first_then_what_is_spoken_then_places() -> None:
    wishes = [
        PendingEdit(1, Urgency.PLACE, 0.0),
        PendingEdit(2, Urgency.SPEAKING, 0.0),
        PendingEdit(3, Urgency.OUTCOME, 5.0),
    ]
    assert choose(wishes, now=1.0) == (wishes[1], 0.0)
    assert choose(wishes, now=5.0) == (wishes[2], 0.0)


def test_when_none_is_ripe_it_says_how_long_until_one_is() -> None:
    assert choose(
        [PendingEdit(1, Urgency.PLACE, 3.0), PendingEdit(2, Urgency.PLACE, 2.0)], now=0.5
    ) == (
        None,
        1.5,
    )
