"""Texts in registered voices, on engines that can clone, cannot, or can do nothing else."""

from dataclasses import replace

import pytest

from engine.model.engine import SynthesisRequest
from engine.model.errors import Failure, UnknownVoice
from engine.model.jobs import JobState, Substitution
from mynah.testing.fake_engine import CLONING_INFO, REFERENCES_ONLY_INFO, FakeEngine, LateEngine
from tests.flow.harness import ONE, Harness, Listener, rows

REFERENCE = "a" * 64
VOICE = {"voice": "@12", "reference": REFERENCE}


def cloning(harness: Harness) -> FakeEngine:
    return FakeEngine(harness.clock, info=CLONING_INFO)


async def audio_voices(harness: Harness) -> list[str]:
    await harness.quiet()  # a sound is heard before it is written
    return [row["voice"] for row in rows(harness.directory, "SELECT voice FROM audio")]


async def test_engine_that_clones_is_asked_for_the_reference(harness: Harness) -> None:
    speech = await harness.open(cloning(harness))
    await harness.quiet()
    await harness.say(**VOICE, style={"temperature": 0.5, "top_k": 0, "warmth": 1})
    await Listener(speech.player("lane")).hear(1)
    (asked,) = harness.engine.asked
    # top_k is out of this engine's range, and warmth is not one of its settings.
    assert asked.request == SynthesisRequest(
        text=ONE, voice="@12", reference=REFERENCE, style={"temperature": 0.5}
    )
    assert await audio_voices(harness) == ["@12"]


async def test_engine_that_finds_languages_is_told_the_text_around(harness: Harness) -> None:
    info = replace(CLONING_INFO, finds_language=True, most_characters=30)
    speech = await harness.open(FakeEngine(harness.clock, info=info))
    await harness.quiet()
    job = await harness.say("Guten Morgen. " * 40, **VOICE)
    chunks = (await speech.view(job.id)).chunks
    await Listener(speech.player("lane")).hear(chunks)
    assert chunks > 2
    assert {asked.request.context for asked in harness.engine.asked} == {job.text[:300]}


async def test_engine_that_cannot_speaks_in_its_own_voice(harness: Harness) -> None:
    speech = await harness.open()
    await harness.quiet()
    job = await harness.say(**VOICE, style={"temperature": 0.5, "rate": 1.5})
    await Listener(speech.player("lane")).hear(1)
    (asked,) = harness.engine.asked
    assert asked.request == SynthesisRequest(text=ONE, voice="en", style={"rate": 1.5})
    done = (await speech.view(job.id)).job
    assert (done.voice, done.reference) == ("@12", REFERENCE)
    assert await audio_voices(harness) == [""]


async def test_what_stood_in_is_known_also_under_a_later_engine(harness: Harness) -> None:
    speech = await harness.open()
    await harness.quiet()
    spoken = await harness.say(**VOICE)
    await Listener(speech.player("lane")).hear(1)
    waiting = await harness.say(**VOICE)
    plain = await harness.say()
    assert (await speech.view(plain.id)).job.substitution is None
    assert (await speech.view(waiting.id)).job.substitution is Substitution.OWN_VOICE
    speech = await harness.restart(cloning(harness))
    await harness.quiet()
    assert (await speech.view(spoken.id)).job.substitution is Substitution.OWN_VOICE
    assert (await speech.view(waiting.id)).job.substitution is None
    await harness.restart()
    await harness.quiet()
    assert (
        await harness.speech.view(waiting.id)
    ).job.substitution is None  # the engine is as it was


async def test_style_that_the_engine_does_not_take_makes_no_other_sound(harness: Harness) -> None:
    speech = await harness.open()
    await harness.quiet()
    await harness.say(voice="en", style={"temperature": 0.5})
    await harness.say(voice="en")
    await Listener(speech.player("lane")).hear(2)
    assert len(harness.engine.asked) == 1


async def test_text_that_waits_is_spoken_in_its_voice_once_an_engine_clones(
    harness: Harness,
) -> None:
    await harness.open()
    await harness.quiet()
    await harness.speech.set_paused("lane", True)
    job = await harness.say(**VOICE)
    speech = await harness.restart(cloning(harness))
    await harness.quiet()
    await speech.set_paused("lane", False)
    speech.reachable("lane", True)
    await Listener(speech.player("lane")).hear(1)
    assert harness.engine.asked[-1].request.reference == REFERENCE
    assert (await speech.view(job.id)).job.voice == "@12"
    assert await audio_voices(harness) == ["@12"]


async def test_audio_found_after_a_kill_still_belongs_to_its_voice(harness: Harness) -> None:
    await harness.open(cloning(harness))
    await harness.quiet()
    await harness.say(**VOICE)
    await harness.quiet()
    await harness.speech.database.write(lambda tx: tx.audio.drop(tx.audio.keys()))
    await harness.restart(cloning(harness))
    await harness.quiet()
    assert await audio_voices(harness) == ["@12"]
    assert harness.engine.asked == []


async def test_engine_without_a_voice_of_its_own_needs_one(harness: Harness) -> None:
    speech = await harness.open(FakeEngine(harness.clock, info=REFERENCES_ONLY_INFO))
    await harness.quiet()
    for voice in ("", "en"):
        with pytest.raises(UnknownVoice) as refused:
            await harness.say(voice=voice)
        assert refused.value.code == "no-own-voice"
    await harness.say(**VOICE)
    assert await Listener(speech.player("lane")).hear_all() == [ONE]


async def test_texts_without_a_voice_fail_under_such_an_engine(harness: Harness) -> None:
    await harness.open()
    await harness.quiet()
    await harness.speech.set_paused("lane", True)
    own = await harness.say(voice="de")
    usual = await harness.say(voice="")
    cloned = await harness.say(**VOICE)
    speech = await harness.restart(FakeEngine(harness.clock, info=REFERENCES_ONLY_INFO))
    await harness.quiet()
    for job in (own, usual):
        failed = (await speech.view(job.id)).job
        assert failed.state is JobState.FAILED
        assert failed.error == Failure("no-own-voice")
    assert [view.job.id for view in await speech.queue("lane")] == [cloned.id]


async def test_before_any_info_is_known_texts_wait_for_it(harness: Harness) -> None:
    engine = LateEngine(harness.clock, info=REFERENCES_ONLY_INFO)
    speech = await harness.open(engine)
    job = await harness.say(voice="")
    await harness.quiet()
    assert (await speech.view(job.id)).job.state is JobState.QUEUED
    engine.come_up()
    await harness.quiet()
    assert (await speech.view(job.id)).job.state is JobState.FAILED
