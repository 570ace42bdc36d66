"""Jobs expire by time in which their lane could not be spoken, and by no other."""

from engine.model.jobs import JobState
from mynah.testing.fake_engine import FakeEngine
from tests.flow.harness import ONE, TWO, Harness, Listener, soon, until

EXPIRY = 600.0


async def test_job_of_a_lane_that_cannot_be_heard_expires(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say()
    speech.reachable("lane", False)
    await harness.pass_time(EXPIRY - 2, step=100)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED
    await harness.pass_time(4)
    view = await speech.view(job.id)
    assert view.job.state is JobState.EXPIRED
    assert view.job in await speech.unshown()


async def test_time_behind_other_jobs_does_not_count(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(TWO)
    job = await harness.say()
    await harness.pass_time(3 * EXPIRY, step=100)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED


async def test_time_in_a_pause_does_not_count_even_out_of_reach(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say()
    await speech.set_paused("lane", True)
    speech.reachable("lane", False)
    await harness.pass_time(3 * EXPIRY, step=100)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED
    await speech.set_paused("lane", False)
    await harness.pass_time(EXPIRY + 2, step=100)
    assert (await speech.view(job.id)).job.state is JobState.EXPIRED


async def test_stalled_times_add_up_and_time_in_reach_does_not(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say()
    for _ in range(3):
        speech.reachable("lane", False)
        await harness.pass_time(EXPIRY * 0.3, step=60)
        speech.reachable("lane", True)
        await harness.pass_time(EXPIRY, step=100)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED
    speech.reachable("lane", False)
    await harness.pass_time(EXPIRY * 0.1 + 2, step=10)
    assert (await speech.view(job.id)).job.state is JobState.EXPIRED


async def test_job_is_charged_only_for_what_came_after_its_submission(harness: Harness) -> None:
    speech = await harness.open()
    old = await harness.say()
    speech.reachable("lane", False)
    await harness.pass_time(EXPIRY / 2, step=100)
    young = await harness.say()
    speech.reachable("lane", False)
    await harness.pass_time(EXPIRY / 2 + 2, step=100)
    assert (await speech.view(old.id)).job.state is JobState.EXPIRED
    assert (await speech.view(young.id)).job.state is JobState.QUEUED


async def test_job_being_spoken_expires_too_and_its_sound_is_dropped(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say()
    player = speech.player("lane")
    item = await soon(player.next())
    await player.started(item)
    await until(lambda: item.sound.complete)
    speech.reachable("lane", False)
    await harness.pass_time(EXPIRY + 2, step=100)
    assert item.sound.dropped
    assert (await speech.view(job.id)).job.state is JobState.EXPIRED


async def test_time_while_the_bot_was_down_counts(harness: Harness) -> None:
    await harness.open()
    job = await harness.say()
    speech = await harness.killed(after=EXPIRY + 2)
    await harness.pass_time(2)
    assert (await speech.view(job.id)).job.state is JobState.EXPIRED


async def test_time_down_counts_from_the_last_sign_of_life(harness: Harness) -> None:
    await harness.open()
    job = await harness.say()
    await harness.pass_time(3 * EXPIRY, step=10)  # can be heard, and nothing plays it
    speech = await harness.killed(after=EXPIRY - 60)
    await harness.pass_time(2)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED
    await harness.pass_time(60)
    assert (await speech.view(job.id)).job.state is JobState.EXPIRED


async def test_job_submitted_long_after_the_last_sign_of_life_is_not_charged_for_it(
    harness: Harness,
) -> None:
    await harness.open()
    await harness.pass_time(10 * EXPIRY, step=1000)  # nothing waits, so no heartbeat is written
    await harness.close()
    await harness.clock.advance(10 * EXPIRY)
    await harness.open(FakeEngine(harness.clock))
    job = await harness.say()
    speech = await harness.killed(after=10)
    await harness.pass_time(2)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED


async def test_time_down_in_a_pause_does_not_count(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say()
    await speech.set_paused("lane", True)
    speech = await harness.killed(after=5 * EXPIRY)
    await harness.pass_time(2)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED


async def test_orderly_restart_counts_the_time_between_too(harness: Harness) -> None:
    await harness.open()
    job = await harness.say()
    await harness.close()
    await harness.clock.advance(EXPIRY + 1)
    speech = await harness.open(FakeEngine(harness.clock))
    await harness.pass_time(2)
    assert (await speech.view(job.id)).job.state is JobState.EXPIRED


async def test_stalled_time_is_told_by_the_lane(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say()
    speech.reachable("lane", False)
    await harness.pass_time(40, step=10)
    speech.reachable("lane", True)
    (lane,) = await speech.lanes()
    assert 39 <= lane.stalled_seconds <= 41


async def test_job_that_is_spoken_in_time_never_expires(harness: Harness) -> None:
    speech = await harness.open()
    speech.reachable("lane", False)
    job = await harness.say(ONE)
    await Listener(speech.player("lane")).hear_all()
    await harness.pass_time(2 * EXPIRY, step=100)
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED
