"""A voice that is taken away is not heard any more, from that moment on."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from engine.model.errors import UnknownVoice
from engine.model.jobs import EndReason, JobState
from engine.model.voices import ClonePolicy, Requester, Scope, Voice
from engine.voices.blocklist import block, unblock
from engine.voices.registry import VoiceRegistry
from mynah.testing.fake_engine import CLONING_INFO, FakeEngine
from tests.flow.harness import ONE, TWO, Listener, soon, until
from tests.flow.voices import ADA, ADMIN, BOB, EVE, Voices

Act = Callable[[VoiceRegistry, Voice], Awaitable[object]]


TAKEN_AWAY: dict[str, Act] = {
    "unshared": lambda registry, voice: registry.owners.share(ADA, voice.key, Scope.PRIVATE),
    "shared with another server": lambda registry, voice: registry.owners.share(
        Requester(member="ada", place="there"), voice.key, Scope.SERVER
    ),
    "shared with others": lambda registry, voice: registry.owners.share(
        ADA, voice.key, Scope.MEMBERS, add="eve"
    ),
    "removed": lambda registry, voice: registry.moderation.remove(ADMIN, voice.key),
    "frozen": lambda registry, voice: registry.moderation.freeze(ADMIN, voice.key),
    "forbidden": lambda registry, voice: registry.moderation.allow(ADMIN, ClonePolicy.NONE),
    "deleted": lambda registry, voice: registry.owners.delete(ADA, voice.key),
    "erased": lambda registry, voice: registry.erasure.erase("ada"),
}


@pytest.mark.parametrize("how", TAKEN_AWAY)
async def test_jobs_of_those_who_may_not_use_it_any_more_end(voices: Voices, how: str) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    other = await voices.upload(BOB, "Other")
    listener = Listener(voices.speech.player("here"))
    speaking = await voices.say(BOB, voice, TWO)
    waiting = await voices.say(BOB, voice)
    untouched = [await voices.say(BOB, other), await voices.harness.say(lane="here")]
    await listener.hear(1)
    await TAKEN_AWAY[how](registry, voice)
    for job in (speaking, waiting):
        ended = (await voices.speech.view(job.id)).job
        assert (ended.state, ended.ended_by) == (JobState.CANCELLED, EndReason.VOICE_GONE)
    left = [each.job.id for each in await voices.speech.queue("here")]
    forbids = how == "forbidden"
    assert left == [untouched[1].id] if forbids else [job.id for job in untouched]
    assert not await registry.selection.may_use(BOB, voice.key)


async def test_jobs_of_those_who_still_may_go_on(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    own, listed = await voices.say(ADA, voice), await voices.say(EVE, voice)
    gone = await voices.say(BOB, voice)
    await registry.owners.share(ADA, voice.key, Scope.MEMBERS, add="eve")
    left = [each.job.id for each in await voices.speech.queue("here")]
    assert left == [own.id, listed.id]
    assert (await voices.speech.view(gone.id)).job.state is JobState.CANCELLED


async def test_freeze_ends_jobs_on_that_server_only(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    here = await voices.say(ADA, voice)
    there = await voices.say(Requester(member="ada", place="there"), voice)
    await registry.moderation.freeze(ADMIN, voice.key)
    assert (await voices.speech.view(here.id)).job.ended_by is EndReason.VOICE_GONE
    assert (await voices.speech.view(there.id)).job.state is JobState.QUEUED


async def test_operators_freeze_is_seen_within_a_second(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    twin = await voices.upload(BOB, "Twin", sound="ada Ada")
    assert twin.reference == voice.reference
    jobs = [await voices.say(ADA, voice), await voices.say(BOB, twin)]
    block(voices.data / "frozen", voice.reference)
    await voices.harness.pass_time(1)
    for job in jobs:
        assert (await voices.speech.view(job.id)).job.ended_by is EndReason.VOICE_GONE
    assert not await registry.selection.may_use(ADA, voice.key)
    await voices.restart()
    assert not await voices.registry.selection.may_use(BOB, twin.key)
    unblock(voices.data / "frozen", voice.reference)
    await voices.harness.pass_time(1)
    assert await voices.registry.selection.may_use(ADA, voice.key)


async def test_text_in_a_voice_that_is_gone_since_it_was_chosen_is_refused(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    await registry.owners.share(ADA, voice.key, Scope.PRIVATE)
    with pytest.raises(UnknownVoice):
        await voices.say(BOB, voice)
    await registry.owners.delete(ADA, voice.key)
    with pytest.raises(UnknownVoice):
        await voices.say(ADA, voice)
    assert await voices.speech.queue("here") == []


async def test_voice_and_reference_must_belong_together(voices: Voices) -> None:
    await voices.open()
    own = await voices.upload(ADA)
    other = await voices.upload(BOB)
    for voice, reference in (
        (own.key, other.reference),
        (own.key, None),
        ("en", own.reference),
        ("@99", own.reference),
    ):
        with pytest.raises(UnknownVoice):
            await voices.harness.say(lane="here", requester="ada", voice=voice, reference=reference)


@pytest.mark.parametrize("closed", [False, True])
async def test_what_a_lost_connection_would_repeat_is_not_heard_again(
    voices: Voices, closed: bool
) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    player = voices.speech.player("here")
    job = await voices.say(ADA, voice)
    (past,) = await Listener(player).hear(1)
    await voices.harness.say("And this one stays.", lane="here")
    await player.rewind(past)  # of a job that has completed, and may not have been heard
    if closed:
        player.close()
    await registry.moderation.freeze(ADMIN, voice.key)
    assert (await voices.speech.view(job.id)).job.state is JobState.COMPLETED
    again = voices.speech.player("here")
    assert await Listener(again).hear_all() == ["And this one stays."]


async def test_what_is_being_repeated_falls_silent(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    player = voices.speech.player("here")
    await voices.say(ADA, voice)
    (past,) = await Listener(player).hear(1)
    await player.rewind(past)
    item = await soon(player.next())
    assert item.sound.complete
    assert not item.sound.dropped
    await registry.owners.delete(ADA, voice.key)
    assert item.sound.dropped


async def test_kill_before_the_jobs_ended_is_made_good_at_the_start(voices: Voices) -> None:
    await voices.open()
    voice = await voices.upload(ADA)
    job = await voices.say(ADA, voice)
    # The action's own transaction, without what follows from it.
    await voices.speech.database.write(lambda tx: tx.freezes.freeze("here", voice))
    await voices.restart()
    ended = (await voices.speech.view(job.id)).job
    assert (ended.state, ended.ended_by) == (JobState.CANCELLED, EndReason.VOICE_GONE)


async def test_audio_of_a_deleted_voice_goes_and_other_audio_stays(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    listener = Listener(voices.speech.player("here"))
    job = await voices.say(ADA, voice)
    await voices.harness.say(lane="here")
    await listener.hear(2)
    await voices.harness.quiet()  # a sound is heard before it is written
    assert len(voices.audio_files()) == 2
    await registry.owners.delete(ADA, voice.key)
    assert len(voices.audio_files()) == 1
    assert await voices.speech.audio(job.id) is None
    assert voices.recordings() == set()


async def test_audio_that_is_being_made_is_not_kept_once_its_voice_is_gone(voices: Voices) -> None:
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    registry = await voices.open(engine)
    voice = await voices.upload(ADA)
    engine.hold()
    await voices.say(ADA, voice)
    await voices.harness.quiet()
    assert engine.in_work == [ONE]
    await registry.owners.delete(ADA, voice.key)
    engine.let_go()
    await voices.harness.quiet()
    assert engine.abandoned == [ONE]
    assert voices.audio_files() == set()


@pytest.mark.parametrize("erased", [False, True])
async def test_audio_that_is_being_written_is_not_kept_once_its_voice_is_gone(
    voices: Voices, erased: bool
) -> None:
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    registry = await voices.open(engine)
    voice = await voices.upload(ADA)
    engine.hold()
    job = await voices.say(ADA, voice)
    await voices.harness.quiet()
    # The one thread for files is busy: the audio is made, and waits to be written.
    free = threading.Event()
    busy = asyncio.create_task(asyncio.to_thread(free.wait))
    engine.let_go()
    await until(lambda: not engine.in_work)
    taking = registry.erasure.erase("ada") if erased else registry.owners.delete(ADA, voice.key)
    over = asyncio.create_task(_over(voices, job.id))
    taken = asyncio.create_task(taking)
    await soon(over)
    free.set()
    await asyncio.gather(busy, taken)
    await voices.harness.quiet()
    assert engine.abandoned == []
    assert voices.audio_files() == set()
    assert await voices.speech.database.read(lambda tx: tx.audio.keys()) == set()


async def test_state_of_a_deleted_voice_is_forgotten_by_the_engine(voices: Voices) -> None:
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    registry = await voices.open(engine)
    voice = await voices.upload(ADA)
    state = voices.state_of(voice)
    await registry.owners.delete(ADA, voice.key)
    assert engine.forgotten == [voice.reference]
    assert not state.exists()


async def test_engine_that_is_away_forgets_when_it_is_back(voices: Voices) -> None:
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    registry = await voices.open(engine)
    voice = await voices.upload(ADA)
    state = voices.state_of(voice)
    engine.go_down()
    await registry.owners.delete(ADA, voice.key)
    assert voices.recordings() == set()
    assert not state.exists()
    assert engine.forgotten == []
    state.write_bytes(b"written by an engine that was on its way out")
    engine.come_up()
    await voices.harness.pass_time(11, step=0.5)
    assert engine.forgotten == [voice.reference]
    assert not state.exists()


async def test_engine_that_is_away_until_the_next_start_forgets_then(voices: Voices) -> None:
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    registry = await voices.open(engine)
    voice = await voices.upload(ADA)
    engine.go_down()
    await registry.owners.delete(ADA, voice.key)
    again = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    await voices.restart(again)
    assert again.forgotten == [voice.reference]
    await voices.restart(later := FakeEngine(voices.harness.clock, info=CLONING_INFO))
    assert later.forgotten == []


async def test_two_members_with_one_recording_share_no_more_than_its_bytes(voices: Voices) -> None:
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    registry = await voices.open(engine)
    one = await voices.upload(ADA, sound="the same")
    two = await voices.upload(BOB, "Bob", sound="the same")
    assert one.key != two.key
    assert voices.recordings() == {one.reference} == {two.reference}
    state = voices.state_of(one)
    listener = Listener(voices.speech.player("here"))
    await voices.say(ADA, one)
    job = await voices.say(BOB, two)
    await listener.hear(2)
    await voices.harness.quiet()
    assert len(voices.audio_files()) == 2  # the same text in the same sound, and yet each their own
    await registry.owners.delete(ADA, one.key)
    assert voices.recordings() == {two.reference}
    assert state.exists()
    assert engine.forgotten == []
    assert len(voices.audio_files()) == 1
    assert await voices.speech.audio(job.id) is not None
    assert await registry.selection.may_use(BOB, two.key)
    await registry.owners.delete(BOB, two.key)
    assert voices.recordings() == set()
    assert not state.exists()
    assert engine.forgotten == [two.reference]


async def test_recording_that_comes_back_while_it_goes_is_there(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, sound="the same")
    deleting = asyncio.create_task(registry.owners.delete(ADA, voice.key))
    uploading = asyncio.create_task(voices.upload(BOB, "Bob", sound="the same"))
    _, other = await asyncio.gather(deleting, uploading)
    await voices.harness.quiet()
    assert voices.recordings() == {other.reference}


async def _over(voices: Voices, job_id: int) -> None:
    async for _ in voices.speech.subscribe():
        if all(view.job.id != job_id for view in await voices.speech.queue("here")):
            return
