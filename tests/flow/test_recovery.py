"""A start repairs what a kill left on disk, and speech continues where it was."""

from engine.model.jobs import ChunkState, EndReason, JobState
from mynah.testing.fake_engine import packet_of
from tests.flow.harness import ONE, TWO, Harness, Listener, soon, states, whole

THREE = f"{TWO} The third sentence follows after all of that, too."


async def test_job_being_spoken_goes_on_at_its_first_chunk_not_spoken(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(THREE)
    await harness.say(ONE)
    listener = Listener(speech.player("lane"))
    await listener.hear(1)
    second = await soon(listener.player.next())
    await listener.player.started(second)

    speech = await harness.killed()

    assert states(await speech.view(job.id)) == ("speaking", 1, 3)
    heard = await Listener(speech.player("lane")).hear_all()
    assert heard[0] == second.chunk.text
    assert len(heard) == 3


async def test_job_being_spoken_stays_before_one_of_higher_priority(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say(TWO)
    await Listener(speech.player("lane")).hear(1)
    await harness.say("urgent words", priority=5)
    speech = await harness.killed()
    assert (await speech.queue("lane"))[0].job.id == job.id


async def test_chunk_that_was_being_made_is_made_again(harness: Harness) -> None:
    harness.engine.hold()
    await harness.open()
    await harness.say(ONE)
    await harness.quiet()
    speech = await harness.killed()
    assert await Listener(speech.player("lane")).hear_all() == [ONE]


async def test_audio_whose_row_was_not_committed_is_adopted(harness: Harness) -> None:
    speech = await harness.open()
    await harness.say(ONE)
    await harness.quiet()
    files = {file: file.read_bytes() for file in (harness.directory / "audio").glob("*/*.ogg")}
    ((file, audio),) = files.items()
    await speech.clear("lane", by=EndReason.STOPPED, actor=None)
    # What a kill leaves between the file and its row: no row, a file, a chunk that waits.
    harness.engine.hold()
    file.unlink()
    await harness.say(ONE)
    item = await soon(speech.player("lane").next())
    await harness.quiet()
    assert not item.sound.complete
    file.write_bytes(audio)

    speech = await harness.killed()

    assert await Listener(speech.player("lane")).hear_all() == [ONE]
    assert harness.engine.asked == []


async def test_orphans_and_unfinished_files_are_swept(harness: Harness) -> None:
    await harness.open()
    await harness.close()
    audio = harness.directory / "audio" / "ab"
    audio.mkdir(parents=True)
    (audio / f"ab{'0' * 62}.ogg").write_bytes(b"nobody wants this")
    (audio / f"ab{'1' * 62}.part").write_bytes(b"nor this")
    await harness.open()
    assert list(audio.iterdir()) == []


async def test_ready_chunk_whose_file_is_gone_is_made_again(harness: Harness) -> None:
    await harness.open()
    await harness.say(ONE)
    await harness.quiet()
    await harness.close()
    for file in (harness.directory / "audio").glob("*/*.ogg"):
        file.unlink()
    speech = await harness.killed()
    (item,) = await Listener(speech.player("lane")).hear(1)
    assert item.sound.packets[0] == packet_of(ONE, 0)
    assert len(harness.engine.asked) == 1


async def test_completed_and_cancelled_jobs_stay_so(harness: Harness) -> None:
    speech = await harness.open()
    spoken = await harness.say(ONE)
    cancelled = await harness.say(TWO)
    await Listener(speech.player("lane")).hear(1)
    await speech.cancel(cancelled.id, by=EndReason.SKIPPED, actor="bob")
    before = [(await speech.view(job.id)).job for job in (spoken, cancelled)]
    speech = await harness.killed()
    assert [(await speech.view(job.id)).job for job in (spoken, cancelled)] == before
    assert await speech.queue("lane") == []


async def test_lanes_are_where_they_were(harness: Harness) -> None:
    speech = await harness.open()
    await speech.set_target("a", {"channel": "1"})
    await speech.set_target("b", {"channel": "2"})
    await speech.set_paused("b", True)
    await speech.set_target("c", {"channel": "3"})
    await speech.set_target("c", None)
    speech = await harness.killed()
    found = {lane.id: (lane.target, lane.paused) for lane in await speech.lanes()}
    assert found == {
        "a": ({"channel": "1"}, False),
        "b": ({"channel": "2"}, True),
        "c": (None, False),
    }


async def test_ends_that_were_not_shown_are_told_at_the_start(harness: Harness) -> None:
    speech = await harness.open()
    shown = await harness.say(ONE)
    half_shown = await harness.say(ONE)
    waiting = await harness.say(TWO)
    await Listener(speech.player("lane")).hear(2)
    await speech.mark_shown(shown.id, "completed")
    await speech.mark_shown(half_shown.id, "speaking 1/2")
    await speech.mark_shown(waiting.id, "queued at 1")
    speech = await harness.killed()
    (job,) = await speech.unshown()
    assert (job.id, job.shown, job.state) == (half_shown.id, "speaking 1/2", JobState.COMPLETED)


async def test_every_chunk_is_heard_over_a_kill_after_each_step(harness: Harness) -> None:
    """At each restart the listener continues; nothing is skipped, at most one chunk repeated."""
    await harness.open()
    for n in range(3):
        await harness.say(f"{TWO} {n}")
    expected = [chunk for n in range(3) for chunk in (TWO[:37], f"{TWO[38:]} {n}")]
    heard: list[str] = []
    for step in range(len(expected)):
        player = harness.speech.player("lane")
        item = await soon(player.next())
        await player.started(item)
        await whole(item)
        heard.append(item.chunk.text)
        if step % 2:
            await player.spoken(item)
        await harness.killed()
    heard += await Listener(harness.speech.player("lane")).hear_all()
    without_repeats = [text for n, text in enumerate(heard) if n == 0 or heard[n - 1] != text]
    assert without_repeats == expected


async def test_nothing_is_left_claimed(harness: Harness) -> None:
    harness.engine.hold()
    await harness.open()
    await harness.say(TWO)
    await harness.quiet()
    speech = await harness.killed()
    harness.engine.hold()
    await harness.quiet()
    player = speech.player("lane")
    items = [await soon(player.next()) for _ in range(2)]
    assert [item.chunk.state for item in items][1] is ChunkState.QUEUED
