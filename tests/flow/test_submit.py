"""What is acknowledged is on disk; what cannot be done is refused, and says what to do."""

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
from tests.flow.house import ONE, TWO, House, Listener, job_for


async def test_acknowledged_job_is_there_after_a_kill(house: House) -> None:
    await house.open()
    house.engine.hold()
    job = await house.say(TWO, note={"channel": "7"}, style={"rate": 1.5})

    speech = await house.killed()

    view = await speech.view(job.id)
    assert view.job == job
    assert view.chunks == 2


async def test_submit_does_not_wait_for_an_engine_that_never_was_there(house: House) -> None:
    engine = house.engine
    await house.open()
    engine.go_down()
    job = await house.say(TWO)
    assert (await house.speech.view(job.id)).job.state is JobState.QUEUED


async def test_first_job_of_all_is_split_when_the_first_card_arrives(house: House) -> None:
    class Slow(type(house.engine)):  # type: ignore[misc]
        async def start(self) -> None:
            """Stays down until `come_up`."""

    engine = Slow(house.clock)
    speech = await house.open(engine)
    job = await house.say(TWO, voice="chosen under an engine that is gone")
    assert speech.info is None
    assert (await speech.view(job.id)).chunks == 0

    engine.come_up()
    await house.quiet()

    view = await speech.view(job.id)
    assert view.chunks == 2
    assert view.job.substitution is Substitution.LACKING
    assert {asked.request.voice for asked in engine.asked} == {"en"}  # the engine's default


async def test_second_submit_with_the_same_key_returns_the_first_job(house: House) -> None:
    speech = await house.open(mynah_max_queue=1)
    first = await house.say(key="interaction 1")
    assert (await house.say(key="interaction 1")).id == first.id

    await speech.cancel(first.id, by=EndReason.SKIPPED, actor=None)
    assert (await house.say(key="interaction 1")).id == first.id
    assert (await job_for(speech, "interaction 1")) == (await speech.view(first.id)).job
    assert await job_for(speech, "interaction 2") is None


async def test_same_key_at_the_same_moment_makes_one_job(house: House) -> None:
    speech = await house.open()
    jobs = await asyncio.gather(*(house.say(key="interaction 1") for _ in range(20)))
    assert len({job.id for job in jobs}) == 1
    assert len(await speech.queue("lane")) == 1


async def test_ids_are_never_used_again(house: House) -> None:
    speech = await house.open(mynah_keep_jobs=0.001)
    first = await house.say()
    await speech.cancel(first.id, by=EndReason.SKIPPED, actor=None)
    await house.pass_time(3 * 3600, step=3600)
    with pytest.raises(UnknownJob):
        await speech.view(first.id)
    assert (await house.say()).id > first.id


async def test_text_without_words_is_refused(house: House) -> None:
    await house.open()
    for text in ("", "   ", "!!! ...", "\u200b"):
        with pytest.raises(NothingToSpeak, match="nothing speakable") as refused:
            await house.say(text)
        assert refused.value.code == "nothing-to-speak"


async def test_text_of_any_characters_is_kept_and_spoken(house: House) -> None:
    speech = await house.open()
    texts = [
        "half \ud83d a character",
        "nothing \x00 at all",
        "\u202eright to left",
        "a\u0301" * 900,
    ]
    for text in texts:
        await house.say(text)
    speech = await house.killed()
    kept = [view.job.text for view in await speech.queue("lane")]
    assert kept == ["half  a character", "nothing  at all", *texts[2:]]
    assert len(await Listener(speech.player("lane")).hear_all()) >= len(texts)


async def test_text_over_the_limit_is_refused(house: House) -> None:
    await house.open(mynah_max_text=20)
    await house.say("x" * 20)
    with pytest.raises(TextTooLong) as refused:
        await house.say("x" * 21)
    assert refused.value.failure == Failure("text-too-long", {"characters": 21, "most": 20})


async def test_voice_that_the_engine_does_not_have_is_refused(house: House) -> None:
    await house.open()
    await house.quiet()
    with pytest.raises(UnknownVoice):
        await house.say(voice="nobody")
    assert (await house.say(voice="")).voice == ""


async def test_full_lane_refuses_and_another_lane_does_not(house: House) -> None:
    await house.open(mynah_max_queue=3)
    for member in range(3):
        await house.say(requester=str(member))
    with pytest.raises(QueueFull) as refused:
        await house.say(requester="3")
    assert (refused.value.code, refused.value.fields) == ("queue-full", {"waiting": 3})
    await house.say(lane="other")


async def test_member_with_too_many_jobs_waiting_is_refused_and_others_are_not(
    house: House,
) -> None:
    await house.open(mynah_max_queue_member=2)
    await house.say()
    await house.say()
    with pytest.raises(QueueFull, match="requester"):
        await house.say()
    await house.say(requester="bob")


async def test_limits_hold_when_all_submit_at_once(house: House) -> None:
    speech = await house.open(mynah_max_queue=5, mynah_max_queue_member=100)
    results = await asyncio.gather(*(house.say() for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(result, QueueFull) for result in results) == 15
    assert len(await speech.queue("lane")) == 5


async def test_below_the_disk_reserve_new_jobs_are_refused_and_none_is_lost(house: House) -> None:
    await house.open()
    job = await house.say()
    free = shutil.disk_usage(house.directory).free // 2**20
    speech = await house.restart(mynah_disk_reserve=2 * free)
    with pytest.raises(StorageFull) as refused:
        await house.say()
    assert refused.value.code == "disk-almost-full"
    assert (await speech.view(job.id)).job.state is JobState.QUEUED


async def test_full_disk_refuses_and_what_was_promised_is_spoken_when_there_is_room(
    house: House,
) -> None:
    speech = await house.open()
    job = await house.say(TWO)
    await house.quiet()
    await speech.database.vacuum()  # no free pages
    await limit_pages(speech, 1)  # SQLite takes the least that it can: what there is
    with pytest.raises(StorageFull, match="not committed"):
        await house.say(ONE * 150)
    await limit_pages(speech, 1_000_000)
    assert len(await Listener(speech.player("lane")).hear_all()) == 2
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED
    await house.say(ONE)


async def limit_pages(speech: FrontEndQueue, pages: int) -> None:
    """Make the database's disk as large as so many pages."""
    await speech.database.read(
        lambda tx: tx.jobs._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").close()
    )


async def test_three_hundred_at_once_are_all_whole_and_in_order(house: House) -> None:
    speech = await house.open(mynah_max_queue=300, mynah_max_queue_member=300)
    jobs = await asyncio.gather(*(house.say(f"{ONE} {n}") for n in range(300)))
    queue = await speech.queue("lane")
    assert [view.job.id for view in queue] == sorted(job.id for job in jobs)
    assert all(view.chunks == 1 for view in queue)


async def test_cancelled_callers_job_is_either_whole_or_absent(house: House) -> None:
    speech = await house.open(mynah_max_queue=200, mynah_max_queue_member=200)
    speech.reachable("lane", True)
    for turns in range(60):
        say = JobRequest(lane="lane", requester="ada", text=TWO, voice="en", key=str(turns))
        caller = asyncio.ensure_future(speech.submit(say))
        for _ in range(turns):
            await asyncio.sleep(0)
        caller.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await caller
    await house.quiet()
    shown = {view.job.id: view.chunks for view in await speech.queue("lane")}
    assert set(shown.values()) <= {2}

    speech = await house.killed()

    assert {view.job.id: view.chunks for view in await speech.queue("lane")} == shown


async def test_what_a_front_end_notes_is_merged_and_kept(house: House) -> None:
    speech = await house.open()
    job = await house.say(note={"interaction": "1"})
    await speech.note(job.id, message="2")
    speech = await house.killed()
    assert (await speech.view(job.id)).job.note == {"interaction": "1", "message": "2"}
    with pytest.raises(UnknownJob):
        await speech.note(999, message="2")
