"""The deadline queue returns the lane whose listeners run out of sound first."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from engine.queue.deadlines import DeadlineQueue

LANES = st.sampled_from("abcdef")
DUE = st.integers(0, 20).map(float)


def test_empty_schedule_has_nobody() -> None:
    assert DeadlineQueue().earliest() is None


def test_earliest_deadline_is_first() -> None:
    schedule: DeadlineQueue[str] = DeadlineQueue()
    schedule.put("late", 9.0)
    schedule.put("early", 1.0)
    assert schedule.earliest() == ("early", 1.0)


def test_at_equal_deadlines_the_first_to_come_is_first() -> None:
    schedule: DeadlineQueue[str] = DeadlineQueue()
    for lane in ("zoe", "adam", "mia"):
        schedule.put(lane, 5.0)
    assert schedule.earliest() == ("zoe", 5.0)


def test_looking_takes_nothing_out() -> None:
    schedule: DeadlineQueue[str] = DeadlineQueue()
    schedule.put("a", 1.0)
    assert schedule.earliest() == schedule.earliest() == ("a", 1.0)


def test_new_deadline_replaces_the_old_one_in_either_direction() -> None:
    schedule: DeadlineQueue[str] = DeadlineQueue()
    schedule.put("a", 5.0)
    schedule.put("b", 6.0)
    schedule.put("a", 9.0)
    assert schedule.earliest() == ("b", 6.0)
    schedule.put("a", 1.0)
    assert schedule.earliest() == ("a", 1.0)


def test_removed_lane_does_not_come_up_and_may_return() -> None:
    schedule: DeadlineQueue[str] = DeadlineQueue()
    schedule.put("a", 1.0)
    schedule.remove("a")
    assert schedule.earliest() is None
    schedule.put("a", 1.0)
    assert schedule.earliest() == ("a", 1.0)


@given(st.lists(st.tuples(LANES, st.none() | DUE), max_size=400))
def test_it_agrees_with_a_plain_search_after_every_event(
    events: list[tuple[str, float | None]],
) -> None:
    schedule: DeadlineQueue[str] = DeadlineQueue()
    due: dict[str, float] = {}
    for lane, at in events:
        if at is None:
            schedule.remove(lane)
            due.pop(lane, None)
        else:
            schedule.put(lane, at)
            due[lane] = at
        found = schedule.earliest()
        assert (None if found is None else found[1]) == min(due.values(), default=None)
        assert found is None or due[found[0]] == found[1]
        assert len(schedule) == len(due)


def test_what_was_superseded_does_not_pile_up() -> None:
    schedule: DeadlineQueue[str] = DeadlineQueue()
    for n in range(100_000):
        schedule.put("a", float(n % 7))
    assert len(pickle.dumps(schedule)) < 4000
