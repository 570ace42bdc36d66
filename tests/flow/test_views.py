"""What a front end sees: places, estimates, changes."""

import asyncio

import pytest

from engine.model.errors import UnknownJob
from engine.model.jobs import EndReason
from engine.queue import Changed
from tests.flow.harness import ONE, TWO, Harness, Listener, soon


async def test_unknown_job_is_unknown(harness: Harness) -> None:
    speech = await harness.open()
    with pytest.raises(UnknownJob) as refused:
        await speech.view(1)
    assert refused.value.code == "job-unknown"


async def test_places_count_from_the_job_being_spoken(harness: Harness) -> None:
    speech = await harness.open()
    for _ in range(3):
        await harness.say(TWO)
    assert [view.position for view in await speech.queue("lane")] == [1, 2, 3]
    player = speech.player("lane")
    await player.started(await soon(player.next()))
    assert [view.position for view in await speech.queue("lane")] == [0, 1, 2]


async def test_estimate_is_the_sound_that_lies_ahead(harness: Harness) -> None:
    speech = await harness.open()
    for n in range(3):
        await harness.say(f"{TWO} {n}")
    await harness.quiet()
    now = harness.clock.time()
    first, second, third = [view.eta for view in await speech.queue("lane")]
    assert first == now
    seconds = (len(TWO) + 1) * 0.06 + 0.3 + 0.25  # its sound, the split's pause, the gap
    assert second == pytest.approx(now + seconds, abs=0.1)
    assert third == pytest.approx(now + 2 * seconds, abs=0.1)

    player = speech.player("lane")
    await player.started(await soon(player.next()))
    await harness.pass_time(1.0)
    assert (await speech.queue("lane"))[1].eta == pytest.approx(second, abs=0.1)


async def test_estimate_is_unknown_while_it_cannot_be_known(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say()
    await harness.quiet()
    assert (await speech.view(job.id)).eta is not None
    speech.reachable("lane", False)
    assert (await speech.view(job.id)).eta is None
    speech.reachable("lane", True)
    await speech.set_paused("lane", True)
    view = await speech.view(job.id)
    assert (view.eta, view.lane_paused) == (None, True)
    await speech.set_paused("lane", False)
    harness.engine.go_down()
    assert (await speech.view(job.id)).eta is None


async def test_seconds_are_those_that_were_spoken(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    items = await Listener(speech.player("lane")).hear(1)
    assert (await speech.view(job.id)).seconds == pytest.approx(items[0].sound.seconds)
    items += await Listener(speech.player("lane")).hear(1)
    total = sum(item.sound.seconds for item in items)
    view = await speech.view(job.id)
    assert view.seconds == pytest.approx(total)
    assert (view.position, view.eta) == (0, view.job.started_at)


async def test_followers_are_told_of_every_job_that_changed(harness: Harness) -> None:
    speech = await harness.open()
    await harness.quiet()  # an engine that became ready only now would be reported too
    changes = speech.subscribe()
    job = await harness.say(ONE)
    assert await soon(anext(changes)) == Changed("lane", None)  # it can be heard
    assert await soon(anext(changes)) == Changed("lane", job.id)
    await speech.cancel(job.id, by=EndReason.SKIPPED, actor=None)
    assert await soon(anext(changes)) == Changed("lane", job.id)
    await speech.set_paused("lane", True)
    assert await soon(anext(changes)) == Changed("lane", None)


async def test_slow_follower_sees_each_change_once_and_misses_none(harness: Harness) -> None:
    speech = await harness.open()
    await harness.quiet()
    slow, quick = speech.subscribe(), speech.subscribe()
    jobs = [await harness.say(TWO) for _ in range(3)]
    await Listener(speech.player("lane")).hear_all()
    told = []
    while True:
        try:
            told.append(await soon(anext(slow), within=0.2))
        except TimeoutError:
            break
    assert told == [Changed("lane", None), *(Changed("lane", job.id) for job in jobs)]
    assert await soon(anext(quick)) == Changed("lane", None)


async def test_following_ends_when_speech_closes(harness: Harness) -> None:
    speech = await harness.open()
    changes = speech.subscribe()

    async def follow() -> list[Changed]:
        return [change async for change in changes]

    following = asyncio.ensure_future(follow())
    job = await harness.say()
    await harness.close()
    assert Changed("lane", job.id) in await soon(following)


async def test_a_change_is_told_after_it_can_be_seen(harness: Harness) -> None:
    speech = await harness.open()
    changes = speech.subscribe()
    job = await harness.say(ONE)
    listening = asyncio.ensure_future(Listener(speech.player("lane")).hear_all())
    seen: list[str] = []
    while not seen or seen[-1] != "completed":
        await soon(anext(changes))
        seen.append((await speech.view(job.id)).job.state.value)
    assert [state for n, state in enumerate(seen) if n == 0 or seen[n - 1] != state] == [
        "queued",
        "speaking",
        "completed",
    ]
    await listening


async def test_followers_are_told_when_the_engine_comes_and_goes(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(ONE)
    await harness.quiet()
    changes = speech.subscribe()
    harness.engine.die()
    await harness.say(ONE, lane="other", voice="de")  # finds the engine gone
    told = [await soon(anext(changes)) for _ in range(4)]
    assert Changed("lane", None) in told
    await harness.pass_time(2.0)
    assert await soon(anext(changes)) in told
    assert (await speech.view(job.id)).eta is not None


async def test_looking_at_a_lane_does_not_make_one(harness: Harness) -> None:
    speech = await harness.open()
    assert await speech.queue("nowhere") == []
    speech.reachable("elsewhere", True)
    assert await speech.lanes() == []
