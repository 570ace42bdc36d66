"""Another engine between two starts, or while running: what is not yet spoken is split again."""

from dataclasses import replace

from engine.model.engine import BuiltinVoice
from engine.model.errors import Failure
from engine.model.jobs import JobState, Substitution
from mynah.testing.fake_engine import INFO, FakeEngine, LateEngine
from tests.flow.harness import ONE, TWO, Harness, Listener, soon, states

LONG = f"{TWO} The third sentence follows after all of that, too. " + " ".join(
    f"And sentence number {n} goes on for a while." for n in range(4, 9)
)
OTHER = replace(
    INFO,
    name="another",
    voices=(BuiltinVoice(id="fr", name="French", language="fr"),),
    default_voice="fr",
    most_characters=400,
    least_characters=20,
    slots=1,
)


async def test_text_not_yet_spoken_is_cut_as_the_new_info_asks(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(LONG)
    untouched = await harness.say(LONG)
    (first,) = await Listener(speech.player("lane")).hear(1)
    before = (await speech.view(job.id)).chunks

    speech = await harness.restart(FakeEngine(harness.clock, info=OTHER))
    await harness.quiet()

    view = await speech.view(job.id)
    assert view.chunks < before
    assert view.spoken == 1
    heard = await Listener(speech.player("lane")).hear_all()
    assert " ".join([first.chunk.text, *heard]) == f"{LONG} {LONG}"
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED
    assert (await speech.view(untouched.id)).job.state is JobState.COMPLETED


async def test_chosen_voice_that_the_new_engine_lacks_is_spoken_in_its_own_and_says_so(
    harness: Harness,
) -> None:
    await harness.open()
    job = await harness.say(ONE, voice="de")
    chosen = await harness.say(ONE, voice="")
    speech = await harness.restart(FakeEngine(harness.clock, info=OTHER))
    await harness.quiet()
    view = (await speech.view(job.id)).job
    assert (view.voice, view.substitution) == ("de", Substitution.LACKING)
    own = (await speech.view(chosen.id)).job
    assert (own.voice, own.substitution) == ("", None)
    assert {asked.request.voice for asked in harness.engine.asked} == {"fr"}


async def test_chosen_voice_is_spoken_in_again_by_an_engine_that_has_it(harness: Harness) -> None:
    await harness.open()
    job = await harness.say(ONE, voice="de")
    other = FakeEngine(harness.clock, info=OTHER)
    other.hold()
    await harness.restart(other)
    await harness.quiet()
    speech = await harness.restart(FakeEngine(harness.clock))
    await harness.quiet()
    view = (await speech.view(job.id)).job
    assert (view.voice, view.substitution) == ("de", None)
    assert {asked.request.voice for asked in harness.engine.asked} == {"de"}


async def test_typed_voice_that_the_new_engine_lacks_is_refused_by_name(harness: Harness) -> None:
    await harness.open()
    job = await harness.say(TWO, voice="de", typed=True)
    speech = await harness.restart(FakeEngine(harness.clock, info=OTHER))
    await harness.quiet()
    ended = (await speech.view(job.id)).job
    assert ended.state is JobState.FAILED
    assert ended.error == Failure("no-voice-named", {"voice": "German"})
    assert harness.engine.asked == []


async def test_typed_voice_of_which_the_player_has_all_is_heard_to_its_end(
    harness: Harness,
) -> None:
    speech = await harness.open()
    job = await harness.say(ONE, voice="de", typed=True)
    player = speech.player("lane")
    item = await soon(player.next())
    await harness.quiet()
    await player.started(item)
    harness.engine.described = OTHER
    harness.engine.die()
    await harness.say("asks the engine", lane="other", voice="")  # and finds it gone
    await harness.pass_time(3)
    assert speech.info == OTHER
    await player.spoken(item)
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED


async def test_audio_of_another_engine_is_not_used_for_the_new_one(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(ONE)
    await Listener(speech.player("lane")).hear(1)
    speech = await harness.restart(FakeEngine(harness.clock, info=replace(INFO, version="2")))
    await harness.quiet()
    await harness.say(ONE)
    await Listener(speech.player("lane")).hear(1)
    assert [asked.text for asked in harness.engine.asked] == [ONE]


async def test_info_is_known_before_the_engine_is_there(harness: Harness) -> None:
    await harness.open()
    await harness.quiet()
    await harness.close()
    engine = LateEngine(harness.clock, info=replace(INFO, slots=1))
    speech = await harness.open(engine)
    assert speech.info == replace(INFO, slots=1)
    job = await harness.say(TWO)
    assert (await speech.view(job.id)).chunks == 2
    engine.come_up()
    assert len(await Listener(speech.player("lane")).hear_all()) == 2


async def test_jobs_submitted_under_the_stored_info_are_cut_anew_when_another_engine_comes(
    harness: Harness,
) -> None:
    await harness.open()
    await harness.quiet()
    await harness.close()
    engine = LateEngine(harness.clock, info=OTHER)
    speech = await harness.open(engine)
    job = await harness.say(LONG)
    before = (await speech.view(job.id)).chunks
    engine.come_up()
    await harness.quiet()
    assert (await speech.view(job.id)).chunks < before
    assert " ".join(await Listener(speech.player("lane")).hear_all()) == LONG


async def test_engine_replaced_while_running_keeps_what_the_player_holds(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(LONG)
    player = speech.player("lane")
    first, second = await soon(player.next()), await soon(player.next())
    await player.started(first)
    harness.engine.hold()

    harness.engine.described = OTHER
    harness.engine.die()
    harness.engine.let_go()
    await harness.say("asks the engine", lane="other")  # and finds it gone
    await harness.pass_time(3)
    for item in (first, second):
        await player.spoken(item)
    heard = await Listener(player).hear_all()

    assert " ".join([first.chunk.text, second.chunk.text, *heard]) == LONG
    assert states(await speech.view(job.id))[0] == "completed"
    assert speech.info == OTHER


async def test_many_jobs_are_cut_anew(harness: Harness) -> None:
    await harness.open(mynah_max_queue=100, mynah_max_queue_member=100)
    for n in range(45):
        await harness.say(f"{LONG} {n}")
    speech = await harness.restart(FakeEngine(harness.clock, info=OTHER))
    await harness.quiet()
    assert {view.chunks for view in await speech.queue("lane")} == {2}
