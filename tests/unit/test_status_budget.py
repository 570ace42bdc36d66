"""Which edit goes out next, and how many in how long."""

import pytest

from bot.status.budget import BURST, REFILL_SECONDS, Budget, Urgency, Wish, choose


def test_a_burst_is_free_and_then_edits_wait_for_their_turn() -> None:
    budget = Budget(now=0.0)
    for _ in range(BURST):
        assert budget.wait(0.0) == 0.0
        budget.spend(0.0)
    assert budget.wait(0.0) == pytest.approx(REFILL_SECONDS)
    assert budget.wait(REFILL_SECONDS) == pytest.approx(0.0)


def test_an_idle_channel_saves_up_no_more_than_a_burst() -> None:
    budget = Budget(now=0.0)
    for _ in range(BURST):
        budget.spend(1000.0)
    assert budget.wait(1000.0) > 0.0


def test_outcomes_go_first_then_what_is_spoken_then_places() -> None:
    wishes = [
        Wish(1, Urgency.PLACE, 0.0),
        Wish(2, Urgency.SPEAKING, 0.0),
        Wish(3, Urgency.OUTCOME, 5.0),
    ]
    assert choose(wishes, now=1.0) == (wishes[1], 0.0)
    assert choose(wishes, now=5.0) == (wishes[2], 0.0)


def test_when_none_is_ripe_it_says_how_long_until_one_is() -> None:
    assert choose([Wish(1, Urgency.PLACE, 3.0), Wish(2, Urgency.PLACE, 2.0)], now=0.5) == (
        None,
        1.5,
    )
