"""Voices that the operator dropped in: everyone's, under their file's name."""

from dataclasses import replace

import pytest

from engine.errors import BadName, UnknownVoice
from engine.speech.jobs import EndedBy, JobState
from engine.speech.scripted import CLONING_CARD, ScriptedEngine
from engine.voices.shelf import Shelf
from engine.voices.voice import OPERATOR, Asker, Cloned, Scope, Voice
from tests.flow.house import Listener
from tests.flow.voices import ADA, ADMIN, BOB, Voices


async def publish(voices: Voices, name: str, sound: str) -> Voice:
    """As the folder's follower does: the converted copy first."""
    examined = voices.examined(sound)
    Shelf(voices.references, voices.data / "references").keep_converted(
        examined.wav, examined.reference
    )
    return await voices.library.publish(name, examined)


async def test_everyone_may_use_it_everywhere_and_nobody_owns_it(voices: Voices) -> None:
    library = await voices.open()
    voice = await publish(voices, "Narrator", "one")
    assert (voice.owner, voice.scope) == (OPERATOR, Scope.PUBLIC)
    for asker in (ADA, BOB, Asker(member="eve", lane=None)):
        assert await library.usable(asker) == [voice]
    assert await library.shown_name(voice.key, "here") == "Narrator"
    assert await library.published() == [voice]
    with pytest.raises(UnknownVoice):
        await library.delete(Asker(member=OPERATOR + "x", lane="here"), voice.key)
    with pytest.raises(BadName):
        await publish(voices, "a\0b", "two")


async def test_server_may_forbid_and_freeze_it(voices: Voices) -> None:
    library = await voices.open()
    voice = await publish(voices, "Narrator", "one")
    await library.freeze(ADMIN, voice.key)
    assert await library.usable(ADA) == []
    await library.release(ADMIN, voice.key)
    await library.allow(ADMIN, Cloned.NONE)
    assert await library.usable(ADA) == []


async def test_changed_recording_keeps_the_voice_and_what_was_made_of_the_old_goes(
    voices: Voices,
) -> None:
    engine = ScriptedEngine(voices.house.clock, card=CLONING_CARD)
    library = await voices.open(engine)
    before = await publish(voices, "Narrator", "one")
    await library.choose(ADA, before.key, everywhere=True)
    listener = Listener(voices.speech.player("here"))
    await voices.say(ADA, before)
    await listener.hear(1)
    waiting = await voices.say(ADA, before, "This waits.")
    after = await publish(voices, "narrator", "two")
    assert (after.key, after.name) == (before.key, "narrator")
    assert after.reference != before.reference
    ended = (await voices.speech.view(waiting.id)).job
    assert (ended.state, ended.ended_by) == (JobState.CANCELLED, EndedBy.VOICE_GONE)
    await voices.house.quiet()
    assert voices.audio_files() == set()
    assert engine.forgotten == [before.reference]
    kept = {file.stem for file in (voices.data / "references").glob("*.wav")}
    assert kept == {after.reference}
    assert (await library.chosen(ADA, None)).reference == after.reference


async def test_published_again_unchanged_nothing_goes(voices: Voices) -> None:
    library = await voices.open()
    voice = await publish(voices, "Narrator", "one")
    job = await voices.say(ADA, voice)
    assert await publish(voices, "Narrator", "one") == voice
    assert (await voices.speech.view(job.id)).job.state is JobState.QUEUED
    assert await library.published() == [voice]


async def test_withdrawn_voice_is_gone_but_not_a_members_of_the_same_recording(
    voices: Voices,
) -> None:
    library = await voices.open()
    public = await publish(voices, "Narrator", "the same")
    own = await voices.upload(ADA, "Narrator", sound="the same")
    job = await voices.say(BOB, public)
    await library.unpublish("NARRATOR")
    await library.unpublish("Never there")
    assert await library.published() == []
    assert (await voices.speech.view(job.id)).job.ended_by is EndedBy.VOICE_GONE
    assert voices.recordings() == {own.reference}
    assert await library.usable(ADA) == [own]
    assert replace(own, name="x") != public
