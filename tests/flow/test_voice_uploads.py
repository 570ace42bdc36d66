"""A recording becomes a voice: limits, and nothing of a refused one is kept."""

from typing import Any

import pytest

from engine.model.errors import BadName, NotAllowed, Refused, StorageFull, TooManyVoices, TooOften
from engine.model.voices import Action, Requester, Scope
from engine.voices.blocklist import block
from engine.voices.pending_deletions import PendingDeletions
from engine.voices.rate_limits import LimitedAction
from engine.voices.transactions import VoiceTransactions
from tests.flow.voices import ADA, ADMIN, BOB, Voices

HOUR = 3600


async def test_recording_is_kept_with_what_was_agreed_to(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    assert voices.recordings() == {voice.reference}
    assert voice.analysis == voices.analyzed("any").analysis
    (kept,) = await voices.speech.database.read(lambda tx: tx.voices.consents_of("ada"))
    assert (kept["voice_id"], kept["place"]) == (voice.id, "here")
    assert kept["words"] == "It is my voice."
    assert kept["given_at"] == voices.harness.clock.time()
    assert await registry.selection.get(voice.key) == voice


async def test_names_are_unique_for_an_owner(voices: Voices) -> None:
    registry = await voices.open()
    await voices.upload(ADA, "Ada")
    with pytest.raises(BadName):
        await registry.owners.check_upload(ADA, "ADA", roles=(), admin=False)
    with pytest.raises(BadName):
        await voices.upload(ADA, "ada", sound="another")
    assert len(voices.recordings()) == 1
    assert (await voices.upload(BOB, "Ada")).name == "Ada"


@pytest.mark.parametrize("name", ["../x", "\u202eevil", "**bold**", "", "@12", "x" * 33])
async def test_bad_names_leave_nothing_behind(voices: Voices, name: str) -> None:
    registry = await voices.open()
    with pytest.raises(BadName):
        await registry.owners.check_upload(ADA, name, roles=(), admin=False)
    with pytest.raises(BadName):
        await voices.upload(ADA, name)
    assert voices.recordings() == set()
    assert await registry.moderation.audit(None) == []


async def test_no_more_voices_than_the_settings_allow(voices: Voices) -> None:
    registry = await voices.open(mynah_max_voices=2)
    first = await voices.upload(ADA, "One")
    await voices.upload(ADA, "Two")
    await registry.owners.check_upload(BOB, "Three", roles=(), admin=False)
    for attempt in (
        registry.owners.check_upload(ADA, "Three", roles=(), admin=False),
        voices.upload(ADA, "Three"),
    ):
        with pytest.raises(TooManyVoices):
            await attempt
    assert len(voices.recordings()) == 2
    await registry.owners.delete(ADA, first.key)
    await voices.upload(ADA, "Three")


async def test_settings_may_allow_no_voices_at_all(voices: Voices) -> None:
    registry = await voices.open(mynah_max_voices=0)
    with pytest.raises(NotAllowed):
        await registry.owners.check_upload(ADA, "Ada", roles=(), admin=True)


async def test_no_more_uploads_an_hour_also_where_they_were_deleted(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=2)
    for name in ("One", "Two"):
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
        await registry.owners.delete(ADA, (await voices.upload(ADA, name)).key)
    with pytest.raises(TooOften):
        await registry.owners.check_upload(ADA, "Three", roles=(), admin=False)
    with pytest.raises(TooOften):
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.harness.pass_time(HOUR + 1, step=HOUR)
    await registry.owners.check_upload(ADA, "Three", roles=(), admin=False)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)


async def test_server_limits_who_may_upload(voices: Voices) -> None:
    registry = await voices.open()
    await registry.moderation.set_uploaders(ADMIN, "singers")
    await registry.owners.check_upload(ADA, "Ada", roles=["singers", "others"], admin=False)
    await registry.owners.check_upload(ADA, "Ada", roles=[], admin=True)
    await registry.owners.check_upload(
        Requester(member="ada", place="there"), "Ada", roles=[], admin=False
    )
    with pytest.raises(NotAllowed):
        await registry.owners.check_upload(ADA, "Ada", roles=["others"], admin=False)
    await registry.moderation.set_uploaders(ADMIN, None)
    await registry.owners.check_upload(ADA, "Ada", roles=[], admin=False)


async def test_recording_that_the_operator_has_blocked_is_refused(voices: Voices) -> None:
    registry = await voices.open()
    block(voices.data / "frozen", voices.analyzed("blocked").reference)
    await voices.harness.pass_time(1)
    with pytest.raises(NotAllowed):
        await voices.upload(ADA, sound="blocked")
    assert voices.recordings() == set()
    assert await registry.owners.own("ada") == []


async def test_disk_that_takes_no_recording_keeps_no_voice(voices: Voices) -> None:
    registry = await voices.open()
    voices.references.write_bytes(b"no folder")
    with pytest.raises(StorageFull):
        await voices.upload(ADA)
    assert await registry.owners.own("ada") == []


async def test_kill_between_file_and_row_leaves_no_recording(
    voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends when the file is stored, and the row is not."""

    async def kill(*arguments: Any, **options: Any) -> Any:
        raise Killing

    async def never(*arguments: Any) -> None:
        pass

    await voices.open()
    with monkeypatch.context() as patched:
        patched.setattr(VoiceTransactions, "act", kill)
        patched.setattr(PendingDeletions, "_purge_recording", never)
        with pytest.raises(Killing):
            await voices.upload(ADA)
    assert len(voices.recordings()) == 1
    await voices.restart()
    assert voices.recordings() == set()


class Killing(Exception):
    """The end of a process."""


async def test_acts_are_told_in_the_trail_without_names(voices: Voices) -> None:
    registry = await voices.open()
    await voices.harness.quiet()
    voice = await voices.upload(ADA, "A secret name")
    await registry.owners.rename(ADA, voice.key, "Another secret name")
    await registry.owners.share(ADA, voice.key, Scope.MEMBERS, add="bob")
    await registry.owners.share(ADA, voice.key, Scope.SERVER)
    await registry.owners.style(ADA, voice.key, {"temperature": 0.5, "top_k": None})
    await registry.moderation.report(BOB, voice.key, "it is mine")
    await registry.moderation.freeze(ADMIN, voice.key)
    await registry.moderation.release(ADMIN, voice.key)
    await registry.moderation.set_default(ADMIN, voice.key)
    await registry.moderation.remove(ADMIN, voice.key)
    await registry.moderation.set_uploaders(ADMIN, "singers")
    await registry.owners.delete(ADA, voice.key)
    audit_log = await registry.moderation.audit("here")
    assert [(each.actor, each.action, each.voice_id, each.detail) for each in audit_log[::-1]] == [
        ("ada", Action.UPLOAD, voice.id, "private"),
        ("ada", Action.RENAME, voice.id, ""),
        ("ada", Action.SHARE, voice.id, "members"),
        ("ada", Action.SHARE, voice.id, "server"),
        ("ada", Action.STYLE, voice.id, "temperature 0.5, top_k reset"),
        ("bob", Action.REPORT, voice.id, "it is mine"),
        ("admin", Action.FREEZE, voice.id, ""),
        ("admin", Action.RELEASE, voice.id, ""),
        ("admin", Action.DEFAULT, voice.id, ""),
        ("admin", Action.REMOVE, voice.id, ""),
        ("admin", Action.UPLOADERS, None, "singers"),
        ("ada", Action.DELETE, voice.id, ""),
    ]
    assert "secret" not in repr(audit_log)
    assert await registry.moderation.audit("there") == []
    assert [each.action for each in await registry.moderation.audit(None, actor="bob")] == [
        Action.REPORT
    ]
    assert len(await registry.moderation.audit("here", limit=3)) == 3


async def test_refused_act_leaves_no_entry(voices: Voices) -> None:
    registry = await voices.open()
    voice = await voices.upload(ADA)
    for act in (
        registry.owners.rename(ADA, voice.key, "a\0b"),
        registry.owners.style(ADA, voice.key, {"warmth": 1}),
        registry.moderation.freeze(ADMIN, voice.key),
        registry.moderation.report(BOB, voice.key, "who is this?"),
    ):
        with pytest.raises(Refused):
            await act
    assert [each.action for each in await registry.moderation.audit(None)] == [Action.UPLOAD]
