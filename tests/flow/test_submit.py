"""An acknowledged job is on disk; a refusal says what to do."""

import asyncio
import contextlib
import shutil

import pytest

from engine.model.errors import (
    Failure,
    NothingToSpeak,
    QueueFull,
    StorageFull,
    TextTooLong,
    UnknownJob,
    UnknownVoice,
)
from engine.model.jobs import EndReason, JobRequest, JobState, Substitution
from engine.queue import FrontEndQueue
from mynah.testing.fake_engine import LateEngine
from tests.flow.harness import ONE, TWO, Harness, Listener, job_for


async def test_acknowledged_job_is_there_after_a_kill(harness: Harness) -> None:
    await harness.open()
    harness.engine.hold()
    job = await harness.say(TWO, note={"channel": "7"}, style={"rate": 1.5})

    speech = await harness.killed()

    view = await speech.view(job.id)
    assert view.job == job
    assert view.chunks == 2


async def test_submit_does_not_wait_for_an_engine_that_never_was_there(harness: Harness) -> None:
    engine = harness.engine
    await harness.open()
    engine.go_down()
    job = await harness.say(TWO)
    assert (await harness.speech.view(job.id)).job.state is JobState.QUEUED


async def test_first_job_of_all_is_split_when_the_first_info_arrives(harness: Harness) -> None:
    engine = LateEngine(harness.clock)
    speech = await harness.open(engine)
    job = await harness.say(TWO, voice="chosen under an engine that is gone")
    assert speech.info is None
    assert (await speech.view(job.id)).chunks == 0

    engine.come_up()
    await harness.quiet()

    view = await speech.view(job.id)
    assert view.chunks == 2
    assert view.job.substitution is Substitution.LACKING
    assert {asked.request.voice for asked in engine.asked} == {"en"}  # the engine's default


async def test_second_submit_with_the_same_key_returns_the_first_job(harness: Harness) -> None:
    speech = await harness.open(mynah_max_queue=1)
    first = await harness.say(key="interaction 1")
    assert (await harness.say(key="interaction 1")).id == first.id

    await speech.cancel(first.id, by=EndReason.SKIPPED, actor=None)
    assert (await harness.say(key="interaction 1")).id == first.id
    assert (await job_for(speech, "interaction 1")) == (await speech.view(first.id)).job
    assert await job_for(speech, "interaction 2") is None


async def test_same_key_at_the_same_moment_makes_one_job(harness: Harness) -> None:
    speech = await harness.open()
    jobs = await asyncio.gather(*(harness.say(key="interaction 1") for _ in range(20)))
    assert len({job.id for job in jobs}) == 1
    assert len(await speech.queue("lane")) == 1


async def test_ids_are_never_used_again(harness: Harness) -> None:
    speech = await harness.open(mynah_keep_jobs=0.001)
    first = await harness.say()
    await speech.cancel(first.id, by=EndReason.SKIPPED, actor=None)
    await harness.pass_time(3 * 3600, step=3600)
    with pytest.raises(UnknownJob):
        await speech.view(first.id)
    assert (await harness.say()).id > first.id


async def test_text_without_words_is_refused(harness: Harness) -> None:
    await harness.open()
    for text in ("", "   ", "!!! ...", "\u200b"):
        with pytest.raises(NothingToSpeak, match="nothing speakable") as refused:
            await harness.say(text)
        assert refused.value.code == "nothing-to-speak"


async def test_text_of_any_characters_is_kept_and_spoken(harness: Harness) -> None:
    speech = await harness.open()
    texts = [
        "half \ud83d a character",
        "nothing \x00 at all",
        "\u202eright to left",
        "a\u0301" * 900,
    ]
    for text in texts:
        await harness.say(text)
    speech = await harness.killed()
    kept = [view.job.text for view in await speech.queue("lane")]
    assert kept == ["half  a character", "nothing  at all", *texts[2:]]
    assert len(await Listener(speech.player("lane")).hear_all()) >= len(texts)


async def test_text_over_the_limit_is_refused(harness: Harness) -> None:
    await harness.open(mynah_max_text=20)
    await harness.say("x" * 20)
    with pytest.raises(TextTooLong) as refused:
        await harness.say("x" * 21)
    assert refused.value.failure == Failure("text-too-long", {"characters": 21, "most": 20})


async def test_voice_that_the_engine_does_not_have_is_refused(harness: Harness) -> None:
    await harness.open()
    await harness.quiet()
    with pytest.raises(UnknownVoice):
        await harness.say(voice="nobody")
    assert (await harness.say(voice="")).voice == ""


async def test_full_lane_refuses_and_another_lane_does_not(harness: Harness) -> None:
    await harness.open(mynah_max_queue=3)
    for member in range(3):
        await harness.say(requester=str(member))
    with pytest.raises(QueueFull) as refused:
        await harness.say(requester="3")
    assert (refused.value.code, refused.value.fields) == ("queue-full", {"waiting": 3})
    await harness.say(lane="other")


async def test_member_with_too_many_jobs_waiting_is_refused_and_others_are_not(
    harness: Harness,
) -> None:
    await harness.open(mynah_max_queue_member=2)
    await harness.say()
    await harness.say()
    with pytest.raises(QueueFull, match="requester"):
        await harness.say()
    await harness.say(requester="bob")


async def test_limits_hold_when_all_submit_at_once(harness: Harness) -> None:
    speech = await harness.open(mynah_max_queue=5, mynah_max_queue_member=100)
    results = await asyncio.gather(*(harness.say() for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(result, QueueFull) for result in results) == 15
    assert len(await speech.queue("lane")) == 5


async def test_below_the_disk_reserve_new_jobs_are_refused_and_none_is_lost(
    harness: Harness,
) -> None:
    await harness.open()
    job = await harness.say()
    free = shutil.disk_usage(harness.directory).free // 2**20
    speech = await harness.restart(mynah_disk_reserve=2 * free)
    with pytest.raises(StorageFull) as refused:
        await harness.say()
    assert refused.value.code == "disk-almost-full"
    assert (await speech.view(job.id)).job.state is JobState.QUEUED


async def test_full_disk_refuses_and_what_was_promised_is_spoken_when_there_is_room(
    harness: Harness,
) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    await harness.quiet()
    await speech.database.vacuum()  # no free pages
    await limit_pages(speech, 1)  # SQLite takes the least that it can: what exists
    with pytest.raises(StorageFull, match="not committed"):
        await harness.say(ONE * 150)
    await limit_pages(speech, 1_000_000)
    assert len(await Listener(speech.player("lane")).hear_all()) == 2
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED
    await harness.say(ONE)


async def limit_pages(speech: FrontEndQueue, pages: int) -> None:
    """Limit the database's disk to so many pages."""
    await speech.database.read(
        lambda tx: tx.jobs._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").close()
    )


async def test_three_hundred_at_once_are_all_whole_and_in_order(harness: Harness) -> None:
    speech = await harness.open(mynah_max_queue=300, mynah_max_queue_member=300)
    jobs = await asyncio.gather(*(harness.say(f"{ONE} {n}") for n in range(300)))
    queue = await speech.queue("lane")
    assert [view.job.id for view in queue] == sorted(job.id for job in jobs)
    assert all(view.chunks == 1 for view in queue)


async def test_cancelled_callers_job_is_either_whole_or_absent(harness: Harness) -> None:
    speech = await harness.open(mynah_max_queue=200, mynah_max_queue_member=200)
    speech.reachable("lane", True)
    for turns in range(60):
        say = JobRequest(lane="lane", requester="ada", text=TWO, voice="en", key=str(turns))
        caller = asyncio.ensure_future(speech.submit(say))
        for _ in range(turns):
            await asyncio.sleep(0)
        caller.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await caller
    await harness.quiet()
    shown = {view.job.id: view.chunks for view in await speech.queue("lane")}
    assert set(shown.values()) <= {2}

    speech = await harness.killed()

    assert {view.job.id: view.chunks for view in await speech.queue("lane")} == shown


async def test_what_a_front_end_notes_is_merged_and_kept(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(note={"interaction": "1"})
    await speech.note(job.id, message="2")
    speech = await harness.killed()
    assert (await speech.view(job.id)).job.note == {"interaction": "1", "message": "2"}
    with pytest.raises(UnknownJob):
        await speech.note(999, message="2")
