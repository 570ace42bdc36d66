"""A member has all their data deleted: nothing of it is left, and other members' data is
untouched."""

import random
from dataclasses import replace
from typing import Any

import pytest

from engine.model.errors import StorageFull, UnknownJob
from engine.model.jobs import EndReason, JobRequest, JobState
from engine.model.voices import Action, Scope
from engine.store.transaction import Transaction
from engine.voices.pending_deletions import PendingDeletions
from mynah.testing.fake_engine import CLONING_INFO, FakeEngine
from tests.flow.harness import ONE, Listener
from tests.flow.voices import ADA, ADMIN, BOB, Voices

#: A word of ada's that no file may contain afterwards.
WORD = "zyzzyva"


def files_with(voices: Voices, *words: str) -> list[str]:
    """The files, of all below the data directory and the references, that contain one of these."""
    files = [*voices.data.rglob("*"), *voices.references.rglob("*")]
    return [
        file.name
        for file in files
        if file.is_file() and any(word.encode() in file.read_bytes() for word in words)
    ]


async def live_through(voices: Voices) -> None:
    """Ada uploads, speaks, chooses, and others share with her; others speak too."""
    registry = voices.registry
    voice = await voices.upload(ADA, f"{WORD} one", Scope.SERVER, sound=f"{WORD} sound")
    voices.state_of(voice).write_bytes(f"{WORD} state".encode())
    others = await voices.upload(BOB, "Bob")
    await registry.owners.share(BOB, others.key, Scope.MEMBERS, add="ada")
    await registry.selection.choose(ADA, voice.key, everywhere=True)
    await registry.selection.choose(BOB, voice.key, everywhere=False)
    await registry.moderation.set_default(ADMIN, voice.key)
    await registry.moderation.report(ADA, voice.key, f"{WORD} words")
    await registry.moderation.report(BOB, voice.key, f"{WORD} about it")
    listener = Listener(voices.speech.player("here"))
    await voices.say(ADA, voice, f"A {WORD} was spoken.", note={"message": WORD})
    await voices.harness.say(f"Another {WORD} was too.", lane="here", requester="ada")
    await voices.harness.say("This is Bob's own text.", lane="here", requester="bob")
    await listener.hear(3)
    await voices.harness.quiet()  # a sound is heard before it is written


async def test_no_byte_of_a_members_data_is_left(voices: Voices) -> None:
    registry = await voices.open()
    await live_through(voices)
    waiting = await voices.harness.say(f"A {WORD} waits.", lane="here", requester="ada")
    (voice,) = await registry.owners.own("ada")
    assert "mynah.db" in " ".join(files_with(voices, WORD))
    await registry.erasure.erase("ada")
    (erasure,) = await registry.erasure.pending_redactions("ada", frontend="discord")
    assert erasure.note == {"message": WORD}
    assert files_with(voices, voice.reference) == []
    await registry.erasure.redaction_done(erasure.id)  # until then it says where that message is
    assert files_with(voices, WORD) == []
    with pytest.raises(UnknownJob):
        await voices.speech.view(waiting.id)
    assert await registry.owners.own("ada") == []
    assert await registry.selection.choices("ada") == {}
    assert await registry.selection.choices("bob") == {}
    assert (await registry.moderation.rules("here")).default_voice is None
    (others,) = await registry.owners.own("bob")
    assert others.members == frozenset()


async def test_no_byte_is_left_of_many_texts_either(voices: Voices) -> None:
    """SQLite moves rows between pages; a deletion does not overwrite what it leaves there."""
    registry = await voices.open()
    chance = random.Random(1)

    def write(tx: Transaction) -> None:
        for _ in range(3000):
            member = chance.choice(["ada", "bob", "eve"])
            text = f"{WORD if member == 'ada' else 'plain'} " + "x" * chance.randint(0, 900)
            request = JobRequest(lane="here", requester=member, text=text, voice="")
            job = tx.jobs.insert(request, created_at=0.0, stalled_before=0.0)
            noted = chance.randint(max(1, job.id - 20), job.id)
            tx.jobs.update([noted], state="completed", shown="o" * chance.randint(0, 400))

    await voices.speech.database.write(write)
    await registry.erasure.erase("ada")
    assert files_with(voices, WORD) == []
    assert files_with(voices, "plain") != []


async def test_what_is_others_stays(voices: Voices) -> None:
    registry = await voices.open()
    await live_through(voices)
    waiting = await voices.harness.say("Bob's next.", lane="here", requester="bob")
    await registry.erasure.erase("ada")
    (view,) = await voices.speech.queue("here")
    assert view.job == waiting
    (voice,) = await registry.owners.own("bob")
    assert voices.recordings() == {voice.reference}
    assert len(voices.audio_files()) == 2
    assert await Listener(voices.speech.player("here")).hear_all() == ["Bob's next."]


async def test_live_jobs_end_and_say_why(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER)
    own = await voices.say(ADA, voice)
    borrowed = await voices.say(BOB, voice)
    feed = voices.speech.subscribe()
    await registry.erasure.erase("ada")
    ended = (await voices.speech.view(borrowed.id)).job
    assert (ended.state, ended.ended_by) == (JobState.CANCELLED, EndReason.VOICE_GONE)
    assert {change.job_id for change in [await anext(feed), await anext(feed)]} == {
        own.id,
        borrowed.id,
    }
    assert await voices.speech.queue("here") == []


async def test_the_same_words_of_another_are_still_spoken(voices: Voices) -> None:
    registry = await voices.open()
    await voices.speech.set_paused("other", True)
    await voices.harness.say(ONE, lane="here", requester="ada")
    await Listener(voices.speech.player("here")).hear(1)
    await voices.harness.quiet()
    job = await voices.harness.say(ONE, lane="other", requester="bob")
    assert len(voices.audio_files()) == 1
    await registry.erasure.erase("ada")
    assert len(voices.audio_files()) == 1
    await voices.speech.set_paused("other", False)
    await Listener(voices.speech.player("other")).hear(1)
    assert (await voices.speech.view(job.id)).job.state is JobState.COMPLETED
    assert len(voices.harness.engine.asked) == 1


async def test_sound_of_an_earlier_engine_goes_too(voices: Voices) -> None:
    """Split again for another engine, the text's row no longer knows the first one's sound."""
    await voices.open()
    await voices.harness.say(ONE, lane="here", requester="ada")
    await voices.harness.pass_time(3)
    (before,) = voices.audio_files()
    later = FakeEngine(voices.harness.clock, info=replace(CLONING_INFO, version="2"))
    registry = await voices.restart(later)
    await voices.harness.pass_time(3)
    assert before in voices.audio_files()
    await registry.erasure.erase("ada")
    assert voices.audio_files() == set()


async def test_trail_stays_without_the_member(voices: Voices) -> None:
    registry = await voices.open()
    await live_through(voices)
    assert await registry.moderation.audit(None, actor="ada") != []
    await registry.erasure.erase("ada", place="here")
    assert await registry.moderation.audit(None, actor="ada") == []
    audit_log = await registry.moderation.audit("here")
    assert (audit_log[0].action, audit_log[0].actor) == (Action.ERASE, "-")
    assert WORD not in repr(audit_log)
    assert {each.actor for each in audit_log} == {"-", "bob", "admin"}


async def test_messages_are_listed_until_each_is_blanked(voices: Voices) -> None:
    registry = await voices.open()
    for number in range(3):
        await voices.harness.say(lane="here", requester="ada", note={"number": number})
    await voices.harness.say(lane="here", requester="ada")  # never got a message
    await voices.harness.say(lane="here", requester="bob", note={"number": 9})
    await registry.erasure.erase("ada")
    registry = await voices.restart()
    rows = await registry.erasure.pending_redactions(None, frontend="discord")
    assert [row.note for row in rows] == [{"number": number} for number in range(3)]
    await registry.erasure.redaction_done(rows[0].id)
    await registry.erasure.redaction_failed(rows[1].id, "I may not see its channel")
    left = await registry.erasure.pending_redactions("ada", frontend="discord")
    assert [row.failure for row in left] == ["I may not see its channel", None]
    assert await registry.erasure.pending_redactions("bob", frontend="discord") == []


async def test_who_skipped_others_texts_is_forgotten_too(voices: Voices) -> None:
    registry = await voices.open()
    job = await voices.harness.say(lane="here", requester="bob")
    await voices.speech.cancel(job.id, by=EndReason.SKIPPED, actor="ada")
    await registry.erasure.erase("ada")
    assert (await voices.speech.view(job.id)).job.ended_actor is None


async def test_member_begins_anew(voices: Voices) -> None:
    registry = await voices.open()
    await live_through(voices)
    await registry.erasure.erase("ada")
    await voices.upload(ADA, f"{WORD} one", sound=f"{WORD} sound")
    await voices.harness.say(lane="here", requester="ada")
    assert await Listener(voices.speech.player("here")).hear_all() == [ONE]


async def test_nothing_to_erase_is_no_error(voices: Voices) -> None:
    registry = await voices.open()
    await registry.erasure.erase("nobody")
    assert await registry.erasure.pending_redactions("nobody", frontend="discord") == []


async def never(*arguments: object) -> None:
    """In place of a method: the process is killed before it."""


async def test_kill_before_the_files_are_gone_is_made_good_at_the_start(
    voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PendingDeletions, "purge", never)
    registry = await voices.open()
    await live_through(voices)
    (voice,) = await registry.owners.own("ada")
    await registry.erasure.erase("ada")
    for erasure in await registry.erasure.pending_redactions(None, frontend="discord"):
        await registry.erasure.redaction_done(erasure.id)
    assert voice.reference in voices.recordings()
    assert len(files_with(voices, WORD)) > 1
    monkeypatch.undo()
    engine = FakeEngine(voices.harness.clock, info=CLONING_INFO)
    await voices.restart(engine)
    assert files_with(voices, WORD, voice.reference) == []
    assert engine.forgotten == [voice.reference]


async def test_database_that_cannot_be_written_anew_is_so_later(
    voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = await voices.open()
    await live_through(voices)

    async def full() -> Any:
        raise StorageFull("no room for a second copy")

    with monkeypatch.context() as patched:
        patched.setattr(voices.speech.database, "vacuum", full)
        await registry.erasure.erase("ada")
    pending = await voices.speech.database.read(lambda tx: tx.deletions.all())
    assert any(pending.values())
    await voices.harness.pass_time(11, step=0.5)
    pending = await voices.speech.database.read(lambda tx: tx.deletions.all())
    assert not any(pending.values())
