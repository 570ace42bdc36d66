"""When the next attempt to enter a voice channel may begin."""

import pytest

from bot.voice.requests import HURRIED_SECONDS, RETRY_SECONDS, STEADY_SECONDS, Retries


def test_first_try_may_begin_at_once() -> None:
    assert Retries().wait(100.0) == 0


def test_pauses_grow_with_each_failure_and_stay_at_the_longest() -> None:
    retries, now, pauses = Retries(), 100.0, []
    for _ in range(len(RETRY_SECONDS) + 2):
        retries.begin(now)
        retries.failed(now)
        pauses.append(retries.wait(now))
        now += pauses[-1]
    assert pauses == [*RETRY_SECONDS, RETRY_SECONDS[-1], RETRY_SECONDS[-1]]


def test_minute_of_failures_has_few_tries() -> None:
    retries, now, tries = Retries(), 0.0, 0
    while now < 60.0:
        retries.begin(now)
        retries.failed(now)
        tries += 1
        now += retries.wait(now)
    assert tries <= 10


def test_failure_can_ask_for_a_longer_pause() -> None:
    retries = Retries()
    retries.failed(0.0, at_least=60.0)
    assert retries.wait(10.0) == 50.0


def test_what_is_lost_after_a_long_life_is_made_again_at_once() -> None:
    retries, now = Retries(), 0.0
    for _ in range(20):
        retries.begin(now)
        now += STEADY_SECONDS + 1
        retries.disconnected(now)
        assert retries.wait(now) == 0
    assert not retries.keeps_failing


def test_what_is_lost_again_and_again_soon_after_it_was_made_is_made_less_and_less_often() -> None:
    retries, now, tries = Retries(), 0.0, 0
    while now < 60.0:
        retries.begin(now)
        tries += 1
        now += 0.1
        retries.disconnected(now)
        now += retries.wait(now)
    assert tries <= 11


def test_failures_are_forgotten_after_a_quiet_time() -> None:
    retries = Retries()
    for _ in range(5):
        retries.failed(0.0)
    until = retries.wait(0.0)
    retries.failed(until + STEADY_SECONDS + 1)
    assert retries.wait(until + STEADY_SECONDS + 1) == RETRY_SECONDS[0]


def test_failures_are_remembered_while_a_try_waits_for_its_turn() -> None:
    retries = Retries()
    for _ in range(3):
        retries.failed(0.0)
    begun = retries.wait(0.0) + STEADY_SECONDS - 1
    retries.begin(begun)
    retries.failed(begun + 6.0)
    assert retries.wait(begun + 6.0) == RETRY_SECONDS[3]


def test_command_shortens_the_wait_by_one_try() -> None:
    retries = Retries()
    for _ in range(len(RETRY_SECONDS)):
        retries.begin(0.0)
        retries.failed(0.0)
    retries.hurry(10.0)
    assert retries.wait(10.0) == 0
    retries.begin(10.0)
    retries.failed(10.5)
    assert retries.wait(10.5) == RETRY_SECONDS[-1]


@pytest.mark.parametrize("at_least", [0.0, 60.0])
def test_many_commands_cause_few_tries(at_least: float) -> None:
    """One that comes every tenth of a second, for a minute."""
    retries, tries = Retries(), 0
    for tenth in range(600):
        now = tenth / 10
        retries.hurry(now)
        if retries.wait(now) == 0:
            retries.begin(now)
            retries.failed(now, at_least=at_least)
            tries += 1
    assert tries <= 60 / HURRIED_SECONDS + 4


def test_command_never_makes_a_wait_longer() -> None:
    retries = Retries()
    retries.begin(0.0)
    retries.failed(0.0)
    retries.hurry(0.0)
    assert retries.wait(0.0) == RETRY_SECONDS[0]
