"""Which states may follow which."""

import pytest

from engine.model.jobs import CHUNK_TRANSITIONS, JOB_TRANSITIONS, ChunkState, JobState


def test_every_state_says_what_may_follow() -> None:
    assert set(JOB_TRANSITIONS) == set(JobState)
    assert set(CHUNK_TRANSITIONS) == set(ChunkState)


@pytest.mark.parametrize("state", JobState)
def test_a_final_state_is_one_that_nothing_follows(state: JobState) -> None:
    assert state.final == (not JOB_TRANSITIONS[state])


@pytest.mark.parametrize("state", JobState)
def test_no_states_name_begins_with_anothers(state: JobState) -> None:
    """`Job.shown` begins with the state that was shown, and is compared so."""
    assert [other for other in JobState if other.value.startswith(state.value)] == [state]


def test_every_job_can_end() -> None:
    for state in JobState:
        reached = {state}
        for _ in JobState:
            reached |= {after for each in reached for after in JOB_TRANSITIONS[each]}
        assert any(each.final for each in reached)
