"""Texts in registered voices, on engines that can clone, cannot, or can do nothing else."""

from dataclasses import replace

import pytest

from engine.model.engine import SynthesisRequest
from engine.model.errors import Failure, UnknownVoice
from engine.model.jobs import JobState, Substitution
from mynah.testing.fake_engine import CLONING_CARD, REFERENCES_ONLY_CARD, FakeEngine
from tests.flow.house import ONE, House, Listener, rows

REFERENCE = "a" * 64
VOICE = {"voice": "@12", "reference": REFERENCE}


def cloning(house: House) -> FakeEngine:
    return FakeEngine(house.clock, info=CLONING_CARD)


class Late(FakeEngine):
    """Its host is not ready when Speech is."""

    async def start(self) -> None:
        pass


async def audio_voices(house: House) -> list[str]:
    await house.quiet()  # a sound is heard before it is written
    return [row["voice"] for row in rows(house.directory, "SELECT voice FROM audio")]


async def test_engine_that_clones_is_asked_for_the_reference(house: House) -> None:
    speech = await house.open(cloning(house))
    await house.quiet()
    await house.say(**VOICE, style={"temperature": 0.5, "top_k": 0, "warmth": 1})
    await Listener(speech.player("lane")).hear(1)
    (asked,) = house.engine.asked
    # top_k is out of this engine's range, warmth no setting of it.
    assert asked.request == SynthesisRequest(
        text=ONE, voice="@12", reference=REFERENCE, style={"temperature": 0.5}
    )
    assert await audio_voices(house) == ["@12"]


async def test_engine_that_finds_languages_is_told_the_text_around(house: House) -> None:
    info = replace(CLONING_CARD, finds_language=True, most_characters=30)
    speech = await house.open(FakeEngine(house.clock, info=info))
    await house.quiet()
    job = await house.say("Guten Morgen. " * 40, **VOICE)
    chunks = (await speech.view(job.id)).chunks
    await Listener(speech.player("lane")).hear(chunks)
    assert chunks > 2
    assert {asked.request.context for asked in house.engine.asked} == {job.text[:300]}


async def test_engine_that_cannot_speaks_in_its_own_voice(house: House) -> None:
    speech = await house.open()
    await house.quiet()
    job = await house.say(**VOICE, style={"temperature": 0.5, "rate": 1.5})
    await Listener(speech.player("lane")).hear(1)
    (asked,) = house.engine.asked
    assert asked.request == SynthesisRequest(text=ONE, voice="en", style={"rate": 1.5})
    done = (await speech.view(job.id)).job
    assert (done.voice, done.reference) == ("@12", REFERENCE)
    assert await audio_voices(house) == [""]


async def test_what_stood_in_is_known_also_under_a_later_engine(house: House) -> None:
    speech = await house.open()
    await house.quiet()
    spoken = await house.say(**VOICE)
    await Listener(speech.player("lane")).hear(1)
    waiting = await house.say(**VOICE)
    plain = await house.say()
    assert (await speech.view(plain.id)).job.substitution is None
    assert (await speech.view(waiting.id)).job.substitution is Substitution.OWN_VOICE
    speech = await house.restart(cloning(house))
    await house.quiet()
    assert (await speech.view(spoken.id)).job.substitution is Substitution.OWN_VOICE
    assert (await speech.view(waiting.id)).job.substitution is None
    await house.restart()
    await house.quiet()
    assert (await house.speech.view(waiting.id)).job.substitution is None  # the engine is as it was


async def test_style_that_the_engine_does_not_take_makes_no_other_sound(house: House) -> None:
    speech = await house.open()
    await house.quiet()
    await house.say(voice="en", style={"temperature": 0.5})
    await house.say(voice="en")
    await Listener(speech.player("lane")).hear(2)
    assert len(house.engine.asked) == 1


async def test_text_that_waits_is_spoken_in_its_voice_once_an_engine_clones(house: House) -> None:
    await house.open()
    await house.quiet()
    await house.speech.set_paused("lane", True)
    job = await house.say(**VOICE)
    speech = await house.restart(cloning(house))
    await house.quiet()
    await speech.set_paused("lane", False)
    speech.reachable("lane", True)
    await Listener(speech.player("lane")).hear(1)
    assert house.engine.asked[-1].request.reference == REFERENCE
    assert (await speech.view(job.id)).job.voice == "@12"
    assert await audio_voices(house) == ["@12"]


async def test_audio_found_after_a_kill_still_belongs_to_its_voice(house: House) -> None:
    await house.open(cloning(house))
    await house.quiet()
    await house.say(**VOICE)
    await house.quiet()
    await house.speech.database.write(lambda tx: tx.audio.drop(tx.audio.keys()))
    await house.restart(cloning(house))
    await house.quiet()
    assert await audio_voices(house) == ["@12"]
    assert house.engine.asked == []


async def test_engine_without_a_voice_of_its_own_needs_one(house: House) -> None:
    speech = await house.open(FakeEngine(house.clock, info=REFERENCES_ONLY_CARD))
    await house.quiet()
    for voice in ("", "en"):
        with pytest.raises(UnknownVoice) as refused:
            await house.say(voice=voice)
        assert refused.value.code == "no-own-voice"
    await house.say(**VOICE)
    assert await Listener(speech.player("lane")).hear_all() == [ONE]


async def test_texts_without_a_voice_fail_under_such_an_engine(house: House) -> None:
    await house.open()
    await house.quiet()
    await house.speech.set_paused("lane", True)
    own = await house.say(voice="de")
    usual = await house.say(voice="")
    cloned = await house.say(**VOICE)
    speech = await house.restart(FakeEngine(house.clock, info=REFERENCES_ONLY_CARD))
    await house.quiet()
    for job in (own, usual):
        failed = (await speech.view(job.id)).job
        assert failed.state is JobState.FAILED
        assert failed.error == Failure("no-own-voice")
    assert [view.job.id for view in await speech.queue("lane")] == [cloned.id]


async def test_before_any_card_is_known_texts_wait_for_it(house: House) -> None:
    engine = Late(house.clock, info=REFERENCES_ONLY_CARD)
    speech = await house.open(engine)
    job = await house.say(voice="")
    await house.quiet()
    assert (await speech.view(job.id)).job.state is JobState.QUEUED
    engine.come_up()
    await house.quiet()
    assert (await speech.view(job.id)).job.state is JobState.FAILED
