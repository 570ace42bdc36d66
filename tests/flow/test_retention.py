"""Finished jobs and their texts are kept for a set time, and no longer."""

import sqlite3
from contextlib import closing

import pytest

from engine.model.errors import UnknownJob
from engine.model.jobs import JobState
from tests.flow.harness import ONE, Harness, Listener

DAY = 86_400
HOUR = 3600


async def test_shown_job_is_forgotten_after_its_days_with_its_text(harness: Harness) -> None:
    speech = await harness.open(mynah_keep_jobs=2)
    job = await harness.say("a secret that is told once")
    await Listener(speech.player("lane")).hear(1)
    await speech.mark_shown(job.id, "completed")
    await harness.pass_time(2 * DAY - HOUR, step=HOUR)
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED
    await harness.pass_time(3 * HOUR, step=HOUR)
    with pytest.raises(UnknownJob):
        await speech.view(job.id)
    await harness.close()
    with closing(sqlite3.connect(harness.directory / "mynah.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert connection.execute("SELECT count(*) FROM chunks").fetchone() == (0,)
    assert b"secret" not in (harness.directory / "mynah.db").read_bytes()


async def test_sound_goes_with_the_last_job_that_has_it(harness: Harness) -> None:
    speech = await harness.open(mynah_keep_jobs=2)
    listener = Listener(speech.player("lane"))

    async def spoken(text: str) -> None:
        job = await harness.say(text)
        await listener.hear(1)
        await speech.mark_shown(job.id, "completed")

    await spoken("told once")
    await spoken("told again")
    await harness.pass_time(DAY, step=HOUR)
    await spoken("told again")
    assert len(sounds(harness)) == 2
    await harness.pass_time(DAY + 2 * HOUR, step=HOUR)
    assert len(sounds(harness)) == 1
    await harness.pass_time(DAY, step=HOUR)
    assert sounds(harness) == set()
    assert [asked.text for asked in harness.engine.asked] == ["told once", "told again"]


async def test_sound_that_is_waited_for_stays_when_others_forget_it(harness: Harness) -> None:
    speech = await harness.open(mynah_keep_jobs=1)
    job = await harness.say(ONE)
    await Listener(speech.player("lane")).hear(1)
    await speech.mark_shown(job.id, "completed")
    await speech.set_paused("other", True)
    await harness.say(ONE, lane="other")
    await harness.pass_time(2 * DAY, step=HOUR)
    await speech.set_paused("other", False)
    await Listener(speech.player("other")).hear(1)
    assert len(harness.engine.asked) == 1


async def test_job_whose_end_was_never_shown_is_kept_twice_as_long(harness: Harness) -> None:
    speech = await harness.open(mynah_keep_jobs=2)
    job = await harness.say(ONE)
    await Listener(speech.player("lane")).hear(1)
    await speech.mark_shown(job.id, "speaking 0/1")
    await harness.pass_time(3 * DAY, step=HOUR)
    assert job.id in [each.id for each in await speech.unshown()]
    await harness.pass_time(DAY + 2 * HOUR, step=HOUR)
    assert await speech.unshown() == []


async def test_job_that_waits_is_never_forgotten(harness: Harness) -> None:
    speech = await harness.open(mynah_keep_jobs=1)
    job = await harness.say(ONE)
    await speech.set_paused("lane", True)
    await speech.mark_shown(job.id, "queued")
    await harness.pass_time(3 * DAY, step=HOUR)
    assert (await speech.view(job.id)).job.state is JobState.QUEUED


def sounds(harness: Harness) -> set[str]:
    return {file.stem for file in (harness.directory / "audio").glob("*/*.ogg")}
