"""A member's attempts of the last hour are counted: across an erasure and a restart, for an hour,
and without a name in the count."""

import asyncio
from typing import Any

import pytest
import structlog

from engine.model.errors import StorageFull, TooOften
from engine.voices.rate_limits import MOST_PREVIEWS, MOST_REPORTS, LimitedAction
from mynah.testing.clocks import ManualClock
from tests.flow.harness import rows
from tests.flow.voices import ADA, Voices

HOUR = 3600.0


async def counted(voices: Voices) -> list[Any]:
    return rows(voices.data, "SELECT * FROM attempts ORDER BY id")


async def marks(voices: Voices) -> list[str]:
    return [each["mark"] for each in await counted(voices)]


async def exhaust(voices: Voices, kind: LimitedAction, most: int, member: str = "ada") -> None:
    for _ in range(most):
        await voices.registry.rate_limits.attempt(member, kind)
    with pytest.raises(TooOften):
        await voices.registry.rate_limits.attempt(member, kind)


async def test_each_kind_has_a_limit_of_its_own_for_each_member(voices: Voices) -> None:
    await voices.open(mynah_max_uploads=3)
    for member in ("ada", "bob"):
        await exhaust(voices, LimitedAction.UPLOAD, 3, member)
        await exhaust(voices, LimitedAction.PREVIEW, MOST_PREVIEWS, member)
        await exhaust(voices, LimitedAction.REPORT, MOST_REPORTS, member)
    assert len(await counted(voices)) == 2 * (3 + MOST_PREVIEWS + MOST_REPORTS)  # no refused one


async def test_count_outlives_an_erasure_and_a_restart(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=2)
    await exhaust(voices, LimitedAction.REPORT, MOST_REPORTS)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.upload(ADA)
    await registry.erasure.erase("ada")
    registry = await voices.restart()
    with pytest.raises(TooOften):
        await registry.rate_limits.attempt("ada", LimitedAction.REPORT)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await registry.erasure.erase("ada")
    with pytest.raises(TooOften):
        await registry.owners.check_upload(ADA, "Ada", roles=(), admin=True)


async def test_those_that_come_at_once_are_not_counted_as_one(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=5)
    done = await asyncio.gather(
        *(registry.rate_limits.attempt("ada", LimitedAction.UPLOAD) for _ in range(40)),
        return_exceptions=True,
    )
    assert sum(each is None for each in done) == 5
    assert sum(isinstance(each, TooOften) for each in done) == 35


async def test_refusal_says_when_the_next_one_is_free(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=2)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.harness.pass_time(1200, step=600)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    with pytest.raises(TooOften) as refused:
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    assert (refused.value.code, refused.value.fields) == (
        "too-often-upload",
        {"most": 2, "minutes": 40},
    )
    await voices.harness.pass_time(2399, step=600)
    with pytest.raises(TooOften, match="within an hour") as refused:
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    assert refused.value.fields["minutes"] == 1
    await voices.harness.pass_time(2)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)


async def test_it_names_nobody_and_is_gone_after_an_hour(voices: Voices) -> None:
    registry = await voices.open()
    key = voices.data / "attempts.json"
    member = "someone"  # no hash contains these letters
    assert not key.exists()
    await registry.rate_limits.attempt(member, LimitedAction.UPLOAD)
    await voices.harness.pass_time(1800, step=600)
    await registry.rate_limits.attempt(member, LimitedAction.UPLOAD)
    await registry.rate_limits.attempt(member, LimitedAction.REPORT)
    first, second, report = await counted(voices)
    assert first["mark"] == second["mark"] != report["mark"]
    assert member not in repr([first, second, report])
    assert key.stat().st_mode & 0o777 == 0o600
    assert member not in key.read_text()
    await voices.harness.pass_time(1802, step=600)
    assert await marks(voices) == [second["mark"], report["mark"]]
    await voices.harness.pass_time(1800, step=600)
    assert await counted(voices) == []
    assert not key.exists()
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    assert first["mark"] not in await marks(voices)  # the key is another


async def test_no_key_is_kept_beyond_two_hours_by_those_who_never_pause(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=10)
    seen: set[str] = set()
    first = ""
    for _ in range(18):  # six hours
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
        await voices.harness.pass_time(1200, step=600)
        first = first or (voices.data / "attempts.json").read_text()
        seen.update(await marks(voices))
        assert len(await counted(voices)) <= 4
    assert len(seen) >= 5
    key = first.split('"key": "')[1][:64]
    assert key not in (voices.data / "attempts.json").read_text()


async def test_limit_holds_while_the_key_changes(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=4)
    await registry.rate_limits.attempt("bob", LimitedAction.UPLOAD)
    await voices.harness.pass_time(3590, step=600)
    for _ in range(3):
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.harness.pass_time(20, step=10)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    assert len(set(await marks(voices))) == 2  # ada's, under two keys
    with pytest.raises(TooOften):
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)


async def test_what_lay_there_while_the_bot_was_down_goes_at_the_start(voices: Voices) -> None:
    registry = await voices.open()
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.close()
    await voices.harness.close()
    await voices.harness.clock.advance(HOUR + 1)
    await voices.open()
    assert await counted(voices) == []
    assert not (voices.data / "attempts.json").exists()


async def test_clock_that_is_set_back_does_not_lock_anybody_out(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=1)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.harness.pass_time(HOUR * 24, step=HOUR * 24)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.close()
    await voices.harness.close()
    voices.harness.clock = ManualClock()
    registry = await voices.open()
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)


async def test_key_that_cannot_be_read_is_told_and_made_again(voices: Voices) -> None:
    registry = await voices.open(mynah_max_uploads=1)
    await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    await voices.close()
    (voices.data / "attempts.json").write_text('[{"since": 1')
    with structlog.testing.capture_logs() as logged:
        registry = await voices.restart()
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    assert any("keys of attempts cannot be read" in each["event"] for each in logged)
    with pytest.raises(TooOften):
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)


async def test_disk_that_takes_no_key_is_told_so(voices: Voices) -> None:
    registry = await voices.open()
    (voices.data / "attempts.json").mkdir()
    with pytest.raises(StorageFull, match="key of attempts"):
        await registry.rate_limits.attempt("ada", LimitedAction.UPLOAD)
    assert await counted(voices) == []
