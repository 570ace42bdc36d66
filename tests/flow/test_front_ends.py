"""Two front ends on a queue: each sees, settles, restores, shows and expires its own jobs only."""

import pytest

from engine.model.errors import UnknownJob, UnknownVoice
from engine.model.jobs import EndReason, JobRequest, JobState
from engine.queue import FrontEndQueue
from tests.flow.harness import ONE, TWO, Harness, Listener, job_for, soon
from tests.flow.voices import ADA, ADMIN, Voices
from tests.second_front_end import LANE, NAME, SecondFrontEnd

EXPIRY = 600.0


class Beside:
    """A second front end on the same queue, and the events that it reported."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def start(self, harness: Harness) -> SecondFrontEnd:
        self.told.clear()
        second = SecondFrontEnd(
            harness.queue.for_frontend(NAME), lambda what, of: self.told.append((what, of))
        )
        await second.start()
        return second


def other(harness: Harness) -> FrontEndQueue:
    return harness.queue.for_frontend(NAME)


def request(text: str = ONE, **values: object) -> JobRequest:
    asked = {"lane": "lane", "requester": "zoe", "text": text, "voice": "en"}
    return JobRequest(**{**asked, **values})  # type: ignore[arg-type]


async def test_each_sees_its_own_jobs_also_in_lanes_and_with_keys_of_the_same_name(
    harness: Harness,
) -> None:
    speech = await harness.open()
    mine = await harness.say(ONE, key="key")
    theirs = await other(harness).submit(request("Another text.", key="key"))
    assert mine.id != theirs.id
    assert [view.job.id for view in await speech.queue("lane")] == [mine.id]
    assert [view.job.id for view in await other(harness).queue("lane")] == [theirs.id]
    for queue, own, foreign in ((speech, mine, theirs), (other(harness), theirs, mine)):
        assert await job_for(queue, "key") == (await queue.view(own.id)).job
        with pytest.raises(UnknownJob):
            await queue.view(foreign.id)
        with pytest.raises(UnknownJob):
            await queue.note(foreign.id, word=1)
        assert await queue.cancel(foreign.id, by=EndReason.SKIPPED, actor="eve") is None
        assert await queue.audio(foreign.id) is None
    await speech.clear("lane", by=EndReason.STOPPED, actor=None)
    assert [view.job.id for view in await other(harness).queue("lane")] == [theirs.id]


async def test_each_is_told_of_its_own_changes(harness: Harness) -> None:
    speech = await harness.open()
    changes, their_changes = speech.subscribe(), other(harness).subscribe()
    theirs = await other(harness).submit(request())
    assert (await soon(anext(their_changes))).job_id == theirs.id
    mine = await harness.say(ONE, lane="mine")
    seen = [await soon(anext(changes)) for _ in range(2)]
    assert {change.lane for change in seen} == {"mine"}
    assert mine.id in [change.job_id for change in seen]


async def test_each_settles_and_shows_its_own(harness: Harness) -> None:
    speech = await harness.open()
    mine = await harness.say(ONE, pending=True)
    theirs = await other(harness).submit(request(pending=True))
    assert [job.id for job in await speech.pending()] == [mine.id]
    assert [job.id for job in await other(harness).pending()] == [theirs.id]
    await speech.confirm(theirs.id)  # not its own
    await speech.abort(theirs.id)
    await speech.mark_shown(theirs.id, "queued")
    job = (await other(harness).view(theirs.id)).job
    assert (job.pending, job.state, job.shown) == (True, JobState.QUEUED, None)
    await other(harness).cancel(theirs.id, by=EndReason.STOPPED, actor=None)
    assert await speech.unshown() == []
    assert [job.id for job in await other(harness).unshown()] == [theirs.id]


async def test_each_restores_its_own_lanes_after_a_kill(harness: Harness) -> None:
    beside = Beside()
    speech = await harness.open()
    second = await beside.start(harness)
    await speech.set_target("7", {"channel": 3})
    mine = await harness.say(TWO, lane="7")
    await second.queue.submit(request("It stays pending.", lane=LANE, key="late", pending=True))
    await second.say("This one is spoken.")
    await harness.quiet()
    await second.stop()

    speech = await harness.killed()
    second = await beside.start(harness)
    assert [lane.id for lane in await speech.lanes()] == ["7"]
    assert [view.job.id for view in await speech.queue("7")] == [mine.id]
    await harness.pass_time(1)
    assert ("settled", "It stays pending.") in beside.told
    assert ("restored", LANE) in beside.told
    heard = [of for what, of in beside.told if what == "heard"]
    assert "It stays pending." in heard
    assert not [of for _, of in beside.told if of in TWO]
    speech.reachable("7", True)
    assert " ".join(await Listener(speech.player("7")).hear_all()) == TWO
    await second.stop()


async def test_each_expires_by_its_own_lane(harness: Harness) -> None:
    speech = await harness.open()
    mine = await harness.say(ONE)
    speech.reachable("lane", True)
    theirs = await other(harness).submit(request())
    other(harness).reachable("lane", False)
    await harness.pass_time(EXPIRY + 2, step=100)
    assert (await speech.view(mine.id)).job.state is JobState.QUEUED
    assert (await other(harness).view(theirs.id)).job.state is JobState.EXPIRED
    assert await speech.unshown() == []


# ---- rules hold by place, whatever the lane


async def test_frozen_voice_is_silent_in_both(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    mine = await voices.say(ADA, voice)
    spoken = {"requester": "ada", "voice": voice.key, "reference": voice.reference}
    second = other(voices.harness)
    there = await second.submit(request(lane=LANE, place="here", **spoken))
    elsewhere = await second.submit(request(lane=LANE, place="there", **spoken))
    await voices.harness.quiet()
    await registry.moderation.freeze(ADMIN, voice.key)
    assert (await voices.speech.view(mine.id)).job.ended_by is EndReason.VOICE_GONE
    assert (await second.view(there.id)).job.ended_by is EndReason.VOICE_GONE
    assert not (await second.view(elsewhere.id)).job.state.final
    with pytest.raises(UnknownVoice):
        await second.submit(request(lane=LANE, place="here", **spoken))
    second.reachable(LANE, True)
    assert await Listener(second.player(LANE)).hear_all() == [ONE]


async def test_place_and_not_lane_says_where_a_voice_was_heard(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    spoken = {"requester": "ada", "voice": voice.key, "reference": voice.reference}
    second = other(voices.harness)
    await second.submit(request(lane="here", place=None, **spoken))
    await second.submit(request(lane=LANE, place="there", **spoken))
    second.reachable(LANE, True)
    await Listener(second.player(LANE)).hear_all()
    assert await registry.moderation.seen("here") == []
    assert await registry.moderation.seen("there") == [voice]
    assert await registry.moderation.speakers("there") == {voice.key: "ada"}


async def test_messages_to_redact_are_handed_to_their_own_front_end(voices: Voices) -> None:
    registry = await voices.open()
    await voices.harness.say(requester="zoe", note={"message": 1})
    await other(voices.harness).submit(request(note={"address": "there"}))
    await registry.erasure.erase("zoe")
    (mine,) = await registry.erasure.pending_redactions("zoe", frontend="discord")
    (theirs,) = await registry.erasure.pending_redactions(None, frontend=NAME)
    assert (mine.note, theirs.note) == ({"message": 1}, {"address": "there"})
