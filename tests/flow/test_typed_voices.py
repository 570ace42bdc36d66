"""A voice that was named for a text before any engine has listed its voices: the text waits for the
list, and is then spoken in that voice, or refused by name."""

from dataclasses import replace

import pytest

from engine.model.errors import EngineUnknown, Failure, UnknownVoice
from engine.model.jobs import JobState, Substitution
from engine.model.voices import Requester
from engine.tts.client.fallback import FallbackEngine
from mynah.testing.fake_engine import INFO, REFERENCES_ONLY_INFO, LateEngine
from tests.flow.harness import ONE, TWO, Harness, Listener
from tests.flow.voices import ADA, Voices

PLAIN = replace(
    INFO, name="fallback", voices=(replace(INFO.voices[0], id="plain"),), default_voice="plain"
)


async def refused(harness: Harness, job_id: int, name: str) -> None:
    ended = (await harness.speech.view(job_id)).job
    assert (ended.state, ended.voice) == (JobState.FAILED, name)
    assert ended.error == Failure("no-voice-named", {"voice": name})


async def test_unknown_voice_waits_for_the_engine_and_is_refused_by_name(harness: Harness) -> None:
    engine = LateEngine(harness.clock)
    speech = await harness.open(engine)
    job = await harness.say(TWO, voice="Nobody", typed=True)
    behind = await harness.say(ONE, voice="")
    await harness.pass_time(5)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED

    engine.come_up()
    await harness.quiet()

    await refused(harness, job.id, "Nobody")
    assert await Listener(speech.player("lane")).hear_all() == [ONE]
    assert (await speech.view(behind.id)).job.state is JobState.COMPLETED
    assert [asked.text for asked in engine.asked] == [ONE]


@pytest.mark.parametrize("typed", ["de", "DE", "German", "german", "ＧＥＲＭＡＮ"])
async def test_voice_that_the_engine_has_is_spoken_in(harness: Harness, typed: str) -> None:
    engine = LateEngine(harness.clock)
    speech = await harness.open(engine)
    job = await harness.say(TWO, voice=typed, typed=True)
    engine.come_up()
    assert len(await Listener(speech.player("lane")).hear_all()) == 2
    done = (await speech.view(job.id)).job
    assert (done.state, done.voice, done.substitution) == (JobState.COMPLETED, "de", None)
    assert {asked.request.voice for asked in engine.asked} == {"de"}


async def test_kill_while_it_waits_changes_nothing(harness: Harness) -> None:
    await harness.open(LateEngine(harness.clock))
    unknown = await harness.say(ONE, voice="Nobody", typed=True)
    known = await harness.say(ONE, voice="German", typed=True)
    engine = LateEngine(harness.clock)
    speech = await harness.killed(engine)
    speech.reachable("lane", True)
    assert (await speech.view(unknown.id)).job.state is JobState.QUEUED

    engine.come_up()
    await harness.quiet()

    await refused(harness, unknown.id, "Nobody")
    assert await Listener(speech.player("lane")).hear_all() == [ONE]
    assert (await speech.view(known.id)).job.voice == "de"
    assert {asked.request.voice for asked in engine.asked} == {"de"}


async def test_kill_after_the_info_was_stored_and_before_it_was_asked(harness: Harness) -> None:
    speech = await harness.open(LateEngine(harness.clock))
    job = await harness.say(ONE, voice="Nobody", typed=True)
    await speech.database.write(lambda tx: tx.metadata.put("engine", INFO.to_json()))
    engine = LateEngine(harness.clock)
    speech = await harness.killed(engine)
    speech.reachable("lane", True)
    player = speech.player("lane")
    await harness.pass_time(5)
    assert engine.asked == []

    engine.come_up()
    await harness.quiet()

    await refused(harness, job.id, "Nobody")
    assert engine.asked == []
    player.close()


async def test_engine_without_voices_of_its_own_refuses_it_likewise(harness: Harness) -> None:
    engine = LateEngine(harness.clock, info=REFERENCES_ONLY_INFO)
    await harness.open(engine)
    job = await harness.say(ONE, voice="Nobody", typed=True)
    engine.come_up()
    await harness.quiet()
    await refused(harness, job.id, "Nobody")


async def test_spare_engine_that_comes_first_does_not_speak_in_place_of_a_word(
    harness: Harness,
) -> None:
    """It is unknown whether the word names a voice of the main engine."""
    main, fallback = LateEngine(harness.clock), LateEngine(harness.clock, info=PLAIN)
    main.loading = False
    speech = await harness.open(FallbackEngine(main, fallback, harness.clock))  # type: ignore[arg-type]
    job = await harness.say(ONE, voice="Nobody", typed=True)
    has = await harness.say(ONE, voice="plain", typed=True)
    fallback.come_up()
    await harness.pass_time(5)
    await refused(harness, job.id, "Nobody")
    assert await Listener(speech.player("lane")).hear_all() == [ONE]
    assert (await speech.view(has.id)).job.voice == "plain"


async def test_spare_engine_speaks_in_place_of_a_known_voice_until_the_main_one_is_back(
    harness: Harness,
) -> None:
    """As the message says meanwhile. The main engine speaks the rest as requested."""
    main, fallback = LateEngine(harness.clock), LateEngine(harness.clock, info=PLAIN)
    speech = await harness.open(FallbackEngine(main, fallback, harness.clock))  # type: ignore[arg-type]
    main.come_up()
    await harness.quiet()
    main.hold()
    fallback.hold()
    typed = await harness.say(ONE, voice="de", typed=True)
    chosen = await harness.say(TWO, voice="de")
    main.go_down()
    fallback.come_up()
    await harness.pass_time(5)
    for job in (typed, chosen):
        view = (await speech.view(job.id)).job
        assert (view.voice, view.substitution) == ("de", Substitution.FALLBACK)
    assert {asked.request.voice for asked in fallback.asked} == {"plain"}

    main.asked.clear()
    main.let_go()
    main.come_up()
    fallback.die()
    await harness.pass_time(5)

    assert len(await Listener(speech.player("lane")).hear_all()) == 3
    assert {asked.request.voice for asked in main.asked} == {"de"}
    for job in (typed, chosen):
        view = (await speech.view(job.id)).job
        assert (view.state, view.voice, view.substitution) == (JobState.COMPLETED, "de", None)


@pytest.mark.parametrize("word", ["x" * 101, "half \ud83d", "nul \0"])
async def test_word_that_can_be_no_name_is_refused_at_once(harness: Harness, word: str) -> None:
    await harness.open(LateEngine(harness.clock))
    with pytest.raises(UnknownVoice):
        await harness.say(voice=word, typed=True)


# ---- what is chosen for later, before any engine has listed its voices


async def test_choice_and_default_are_not_taken_before_it_is_known_whether_there_is_such_a_voice(
    voices: Voices,
) -> None:
    engine = LateEngine(voices.harness.clock)
    registry = await voices.open(engine)
    own = await voices.upload(ADA)
    admin = Requester(member="admin", place="here")
    with pytest.raises(EngineUnknown):
        await registry.selection.choose(ADA, "de", everywhere=True)
    with pytest.raises(EngineUnknown):
        await registry.moderation.set_default(admin, "de")
    await registry.selection.choose(ADA, own.key, everywhere=True)
    engine.come_up()
    await voices.harness.quiet()
    await registry.selection.choose(ADA, "de", everywhere=True)
    await registry.moderation.set_default(admin, "de")


async def test_number_of_no_voice_does_not_wait(voices: Voices) -> None:
    registry = await voices.open(LateEngine(voices.harness.clock))
    for typed in ("@99", "@9223372036854775808", "@x"):
        with pytest.raises(UnknownVoice):
            await registry.selection.chosen(ADA, typed)
