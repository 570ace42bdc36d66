"""Voices in the operator's folder: everyone's, under their file's name."""

from dataclasses import replace

import pytest

from engine.model.errors import BadName, UnknownVoice
from engine.model.jobs import EndReason, JobState
from engine.model.voices import OPERATOR, ClonePolicy, Requester, Scope, Voice
from engine.voices.recording_files import RecordingFiles
from mynah.testing.fake_engine import CLONING_INFO, FakeEngine
from tests.flow.harness import Listener
from tests.flow.voices import ADA, ADMIN, BOB, Voices


async def publish(voices: Voices, name: str, sound: str) -> Voice:
    """As the follower of the folder does it: the converted copy first."""
    analyzed = voices.analyzed(sound)
    RecordingFiles(voices.references, voices.data / "references").keep_converted(
        analyzed.wav, analyzed.reference
    )
    return await voices.registry.operator_voices.publish(name, analyzed)


async def test_everyone_may_use_it_everywhere_and_nobody_owns_it(voices: Voices) -> None:
    registry = await voices.open()
    voice = await publish(voices, "Narrator", "one")
    assert (voice.owner, voice.scope) == (OPERATOR, Scope.PUBLIC)
    for requester in (ADA, BOB, Requester(member="eve", place=None)):
        assert await registry.selection.usable(requester) == [voice]
    assert await registry.selection.shown_name(voice.key, "here") == "Narrator"
    assert await registry.operator_voices.published() == [voice]
    with pytest.raises(UnknownVoice):
        await registry.owners.delete(Requester(member=OPERATOR + "x", place="here"), voice.key)
    with pytest.raises(BadName):
        await publish(voices, "a\0b", "two")


async def test_server_may_forbid_and_freeze_it(voices: Voices) -> None:
    registry = await voices.open()
    voice = await publish(voices, "Narrator", "one")
    await registry.moderation.freeze(ADMIN, voice.key)
    assert await registry.selection.usable(ADA) == []
    await registry.moderation.release(ADMIN, voice.key)
    await registry.moderation.allow(ADMIN, ClonePolicy.NONE)
    assert await registry.selection.usable(ADA) == []


async def test_changed_recording_keeps_the_voice_and_what_was_made_of_the_old_goes(
    voices: Voices,
) -> None:
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    registry = await voices.open(engine)
    before = await publish(voices, "Narrator", "one")
    await registry.selection.choose(ADA, before.key, everywhere=True)
    listener = Listener(voices.speech.player("here"))
    await voices.say(ADA, before)
    await listener.hear(1)
    waiting = await voices.say(ADA, before, "This waits.")
    after = await publish(voices, "narrator", "two")
    assert (after.key, after.name) == (before.key, "narrator")
    assert after.reference != before.reference
    ended = (await voices.speech.view(waiting.id)).job
    assert (ended.state, ended.ended_by) == (JobState.CANCELLED, EndReason.VOICE_GONE)
    await voices.harness.quiet()
    assert voices.audio_files() == set()
    assert engine.forgotten == [before.reference]
    kept = {file.stem for file in (voices.data / "references").glob("*.wav")}
    assert kept == {after.reference}
    assert (await registry.selection.chosen(ADA, None)).reference == after.reference


async def test_published_again_unchanged_nothing_goes(voices: Voices) -> None:
    registry = await voices.open()
    voice = await publish(voices, "Narrator", "one")
    job = await voices.say(ADA, voice)
    assert await publish(voices, "Narrator", "one") == voice
    assert (await voices.speech.view(job.id)).job.state is JobState.QUEUED
    assert await registry.operator_voices.published() == [voice]


async def test_withdrawn_voice_is_gone_but_not_a_members_of_the_same_recording(
    voices: Voices,
) -> None:
    registry = await voices.open()
    public = await publish(voices, "Narrator", "the same")
    own = await voices.upload(ADA, "Narrator", sound="the same")
    job = await voices.say(BOB, public)
    await registry.operator_voices.unpublish("NARRATOR")
    await registry.operator_voices.unpublish("Never there")
    assert await registry.operator_voices.published() == []
    assert (await voices.speech.view(job.id)).job.ended_by is EndReason.VOICE_GONE
    assert voices.recordings() == {own.reference}
    assert await registry.selection.usable(ADA) == [own]
    assert replace(own, name="x") != public
