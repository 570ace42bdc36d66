"""A freeze holds for a recording, whichever member uploads it, however it was changed, whenever it
came."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soxr
from alembic import command
from sqlalchemy import create_engine

from engine.model.errors import NotAllowed, SetupError
from engine.model.jobs import EndReason
from engine.model.voices import Action, Requester, Scope, Voice
from engine.store.integrity import upgrade
from engine.store.migrate import config_for
from engine.store.transaction import MOST_PRINTS, Transaction
from engine.tts.audio.pcm import Pcm, Samples
from engine.voices.analysis.output import to_wav
from engine.voices.analysis_process import NotAnalyzed
from engine.voices.blocklist import block, blocked_in, print_in, unblock
from engine.voices.freezes import Freezes
from mynah.voices import freeze, release
from tests.flow.harness import soon
from tests.flow.voices import ADA, ADMIN, BOB, EVE, Voices
from tests.prints import print_named
from tests.process.recorded import rate, speech

THERE = "there"
ELSEWHERE = Requester(member="bob", place=THERE)


async def may(voices: Voices, voice: Voice, lane: str = "here") -> bool:
    return await voices.registry.selection.may_use(
        Requester(member=voice.owner, place=lane), voice.key
    )


async def becomes(voices: Voices, voice: Voice, allowed: bool, lane: str = "here") -> None:
    """Wait until the voice may, or may not, be used: a comparison goes on in the background."""

    async def look() -> None:
        while await may(voices, voice, lane) != allowed:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)

    await soon(look(), within=30)


# ---- frozen by an admin


async def test_changed_copy_is_recognized_whoever_gives_it(voices: Voices) -> None:
    await voices.open()
    first = await voices.upload(ADA, scope=Scope.SERVER, sound="harm")
    await voices.registry.moderation.freeze(ADMIN, first.key)
    for requester in (ADA, BOB):
        copy = await voices.upload(requester, "Copy", sound=f"by {requester.member}", like="harm")
        assert copy.reference != first.reference
        assert not await may(voices, copy)
        assert await may(voices, copy, THERE)
    other = await voices.upload(EVE, "Eve", sound="another recording")
    assert await may(voices, other)


async def test_voices_that_were_there_before_the_freeze_fall_under_it(voices: Voices) -> None:
    await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER, sound="harm")
    copy = await voices.upload(BOB, "Copy", sound="copy", like="harm")
    other = await voices.upload(EVE, "Eve", sound="another recording")
    waits, stays = await voices.say(BOB, copy), await voices.say(EVE, other)
    await voices.registry.moderation.freeze(ADMIN, voice.key)
    await becomes(voices, copy, False)
    assert (await voices.speech.view(waits.id)).job.ended_by is EndReason.VOICE_GONE
    assert not (await voices.speech.view(stays.id)).job.state.final
    assert await may(voices, copy, THERE)
    assert await may(voices, other)


async def test_freeze_that_a_kill_left_uncompared_is_compared_at_the_start(
    voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(freezes: Freezes) -> None:
        """Before anything is compared."""

    monkeypatch.setattr(Freezes, "_compare", killed)
    await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER, sound="harm")
    copy = await voices.upload(BOB, "Copy", sound="copy", like="harm")
    await voices.registry.moderation.freeze(ADMIN, voice.key)
    assert await may(voices, copy)
    monkeypatch.undo()
    await voices.restart()
    await becomes(voices, copy, False)


async def test_freeze_holds_after_all_voices_and_their_owner_are_gone(voices: Voices) -> None:
    await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER, sound="harm")
    await voices.registry.moderation.freeze(ADMIN, voice.key)
    await voices.registry.owners.delete(ADA, voice.key)
    await voices.registry.erasure.erase("ada")
    await voices.restart()
    copy = await voices.upload(BOB, "Copy", sound="copy", like="harm")
    assert not await may(voices, copy)


async def test_release_frees_the_recording_in_every_voice(voices: Voices) -> None:
    await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER, sound="harm")
    await voices.registry.moderation.freeze(ADMIN, voice.key)
    copies = [
        await voices.upload(each, "Copy", sound=f"copy of {each.member}", like="harm")
        for each in (BOB, EVE)
    ]
    await voices.registry.moderation.release(ADMIN, copies[0].key)
    for each in (voice, *copies):
        assert await may(voices, each)
    again = await voices.upload(BOB, "Again", sound="again", like="harm")
    assert await may(voices, again)


async def test_upload_that_cannot_be_compared_does_not_come_in(
    voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    await voices.open()
    voice = await voices.upload(ADA, scope=Scope.SERVER, sound="harm")
    await voices.registry.moderation.freeze(ADMIN, voice.key)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(NotAnalyzed):
        await voices.upload(BOB, "Copy", sound="copy", like="harm")
    assert await voices.registry.owners.own("bob") == []
    assert len(voices.recordings()) == 1


async def test_server_that_freezes_without_end_makes_nobody_wait(voices: Voices) -> None:
    """Only the newest of its freezes are compared by sound; the bytes of all are known."""
    await voices.open()

    def write(tx: Transaction) -> None:
        for number in range(MOST_PRINTS + 1):
            tx.freezes.put(
                "here",
                reference=voices.analyzed(f"harm {number}").reference,
                owner="ada",
                made=print_named(f"harm {number}"),
            )

    await voices.speech.database.write(write)
    oldest = await voices.upload(BOB, "Oldest", sound="copy", like="harm 0")
    newest = await voices.upload(BOB, "Newest", sound="copy 2", like=f"harm {MOST_PRINTS}")
    same_bytes = await voices.upload(BOB, "Same", sound="harm 0")
    assert await may(voices, oldest)
    assert not await may(voices, newest)
    assert not await may(voices, same_bytes)


# ---- blocked by the operator


async def in_a_thread(act: Callable[[str], int], reference: str) -> None:
    """The command runs an event loop of its own."""
    assert await asyncio.to_thread(act, reference) == 0


async def test_blocked_recording_is_recognized_everywhere(
    running: Voices, capsys: pytest.CaptureFixture[str]
) -> None:
    voice = await running.upload(ADA, sound="harm")
    copy = await running.upload(BOB, "Copy", sound="copy", like="harm")
    other = await running.upload(EVE, "Eve", sound="another recording")
    await in_a_thread(freeze, voice.reference)
    assert "recognized by its sound" in capsys.readouterr().out
    assert print_in(running.data / "frozen", voice.reference) == print_named("harm")
    await running.harness.pass_time(1)
    for lane in ("here", THERE):
        assert not await may(running, voice, lane)
        await becomes(running, copy, False, lane)
        assert await may(running, other, lane)
    with pytest.raises(NotAllowed, match="blocked"):
        await running.upload(EVE, "Copy", sound="another copy", like="harm")

    # A release names the hash of the copy itself, and also ends what the copy was recognized as.
    await in_a_thread(release, copy.reference)
    assert blocked_in(running.data / "frozen") == frozenset()
    await running.harness.pass_time(1)
    for each in (voice, copy):
        assert await may(running, each)
    await running.upload(EVE, "Copy", sound="another copy", like="harm")
    with pytest.raises(SetupError, match="is not frozen"):
        await in_a_thread(release, copy.reference)


async def test_block_of_an_earlier_version_gains_its_fingerprint(voices: Voices) -> None:
    """An empty file: known by its bytes, until the recording is there."""
    await voices.open()
    voice = await voices.upload(ADA, sound="harm")
    copy = await voices.upload(BOB, "Copy", sound="copy", like="harm")
    block(voices.data / "frozen", voice.reference)
    await voices.harness.pass_time(1)
    await becomes(voices, copy, False)
    assert print_in(voices.data / "frozen", voice.reference) == print_named("harm")
    # So it also holds when no member has the recording any more.
    await voices.registry.erasure.erase("ada")
    await voices.registry.erasure.erase("bob")
    await voices.restart()
    with pytest.raises(NotAllowed):
        await voices.upload(EVE, "Copy", sound="copy 3", like="harm")


async def test_block_of_a_recording_that_is_not_here_works_by_its_bytes(
    running: Voices, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = running.analyzed("harm").reference
    await in_a_thread(freeze, reference)
    assert "only exact copies are recognized" in capsys.readouterr().out
    await running.harness.pass_time(1)
    with pytest.raises(NotAllowed):
        await running.upload(ADA, sound="harm")
    copy = await running.upload(ADA, "Copy", sound="copy", like="harm")
    assert await may(running, copy)
    unblock(running.data / "frozen", reference)
    await running.harness.pass_time(1)
    await running.upload(ADA, sound="harm")


# ---- a database of the previous version


async def test_voices_and_freezes_of_an_earlier_version_are_recognized_too(voices: Voices) -> None:
    """Their fingerprints are computed from the recordings that are kept."""

    def kept(samples: Samples) -> str:
        data = to_wav(Pcm(soxr.resample(samples, rate(), 24_000), 24_000))
        reference = hashlib.sha256(data).hexdigest()
        voices.references.mkdir(exist_ok=True)
        (voices.references / f"{reference}.wav").write_bytes(data)
        return reference

    sound = speech()
    touched = np.array(sound)
    touched[1000] += 0.01
    references = [kept(sound), kept(touched), kept(speech(voice="gmw/de"))]
    assert len({*references}) == 3
    file = voices.data / "mynah.db"
    file.unlink()
    _database_of_0003(file, references)
    upgrade(file)
    registry = await voices.open()
    ada, bob, eve = [(await registry.owners.own(each))[0] for each in ("ada", "bob", "eve")]
    assert not await may(voices, ada)  # as before the upgrade
    await becomes(voices, bob, False)
    assert await may(voices, eve)
    assert await may(voices, bob, THERE)


def _database_of_0003(file: Path, references: list[str]) -> None:
    """Three members have a voice each; Ada's is frozen on "here"."""
    engine = create_engine(f"sqlite:///{file}")
    config = config_for(file)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.commit()
    engine.dispose()
    report = (
        '{"seconds": 8.0, "speech": 7.0, "noise": -60.0, "snr": 40.0, "loudness": -23.0, '
        '"clipping": 0.0, "source": "wav"}'
    )
    with closing(sqlite3.connect(file)) as plain:
        for member, reference in zip(("ada", "bob", "eve"), references, strict=True):
            plain.execute(
                "INSERT INTO voices (owner, name, name_key, reference, scope, style, report, "
                "created_at) VALUES (?, ?, ?, ?, 'private', '{}', ?, 0)",
                (member, member, member, reference, report),
            )
        plain.execute(
            "INSERT INTO freezes (lane, voice_id, owner, reference) VALUES ('here', 1, 'ada', ?)",
            (references[0],),
        )
        plain.commit()


# ---- blocked members


async def test_blocked_member_adds_no_voices_there(voices: Voices) -> None:
    registry = await voices.open()
    shared = await voices.upload(ADA, "Shared", Scope.SERVER)
    private = await voices.upload(ADA, "Private")
    jobs = [await voices.say(BOB, shared), await voices.say(ADA, private)]
    await registry.moderation.block_member(ADMIN, "ada")
    for job in jobs:
        assert (await voices.speech.view(job.id)).job.ended_by is EndReason.VOICE_GONE
    for requester, voice in ((BOB, shared), (ADA, shared), (ADA, private)):
        assert not await registry.selection.may_use(requester, voice.key)
    for act in (
        registry.owners.check_upload(ADA, "New", roles=(), admin=True),
        voices.upload(ADA, "New"),
        registry.owners.check_sharing(ADA, roles=(), admin=True),
        registry.owners.share(ADA, private.key, Scope.SERVER),
    ):
        with pytest.raises(NotAllowed) as refused:
            await act
        assert refused.value.code == "member-blocked"
    # Elsewhere nothing has changed; nor for other members, nor for voices that others upload.
    there = Requester(member="ada", place=THERE)
    assert await registry.selection.may_use(there, private.key)
    await registry.owners.share(there, private.key, Scope.SERVER)
    bobs = await voices.upload(BOB, scope=Scope.SERVER)
    assert await registry.selection.may_use(ADA, bobs.key)

    await registry.moderation.unblock_member(ADMIN, "ada")
    assert await registry.selection.may_use(ADA, private.key)
    await voices.upload(ADA, "New", Scope.SERVER)
    with pytest.raises(NotAllowed, match="not blocked"):
        await registry.moderation.unblock_member(ADMIN, "ada")
    audit_log = [
        (each.action, each.detail)
        for each in await registry.moderation.audit("here", actor="admin")
    ]
    assert audit_log == [(Action.UNBAR, "ada"), (Action.BAR, "ada")]


async def test_bar_outlives_an_erasure_and_the_trail_forgets_who_it_was(voices: Voices) -> None:
    registry = await voices.open()
    await registry.moderation.block_member(ADMIN, "ada")
    await registry.erasure.erase("ada")
    with pytest.raises(NotAllowed):
        await voices.upload(ADA)
    assert await registry.moderation.blocked_members("here") == {"ada"}
    (blocked,) = await registry.moderation.audit("here", actor="admin")
    assert (blocked.action, blocked.detail) == (Action.BAR, "-")
