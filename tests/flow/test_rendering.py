"""Jobs whose sound is only fetched: made without a player, without delay for listeners, never
starved."""

from dataclasses import replace

import pytest

from engine.model.jobs import EndReason, Job, JobRequest, JobState, Urgency
from engine.queue.changes import SLACK
from engine.queue.rendering import MARGIN, SHARE, Turns
from engine.tts.audio.ogg import OggReader
from mynah.testing.fake_engine import INFO, FakeEngine, packet_of
from tests.flow.harness import ONE, TWO, Harness, Listener, rows

LATER = 1000.0


async def render(
    harness: Harness, text: str, urgency: Urgency = Urgency.NOW, **other: object
) -> Job:
    asked = {"lane": "files", "requester": "zoe", "text": text, "voice": "en", **other}
    return await harness.speech.submit(JobRequest(urgency=urgency, **asked))  # type: ignore[arg-type]


async def test_it_is_made_without_a_player_and_completes_with_its_audio(harness: Harness) -> None:
    speech = await harness.open()
    job = await render(harness, TWO)
    await harness.quiet()
    view = await speech.view(job.id)
    assert (view.job.state, view.spoken, view.failed) == (JobState.COMPLETED, 0, 0)
    reader = OggReader()
    sound = await speech.audio(job.id)
    assert sound is not None
    packets = reader.feed(sound)
    first = harness.engine.asked[0].request.text
    assert packets[0] == packet_of(first, 0)
    assert reader.complete


async def test_it_is_made_whole_however_long_also_in_a_lane_that_is_paused(
    harness: Harness,
) -> None:
    speech = await harness.open(mynah_max_text=20_000)
    await speech.set_paused("files", True)
    speech.reachable("files", False)
    job = await render(harness, " ".join(f"{TWO} Number {n}." for n in range(40)))
    await harness.pass_time(2)
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED


async def test_it_is_in_nobodys_line(harness: Harness) -> None:
    harness.engine.pace = 1.0
    speech = await harness.open()
    batch = await render(harness, TWO, lane="lane")
    spoken = await harness.say(ONE)
    assert [view.job.id for view in await speech.queue("lane")] == [spoken.id]
    assert (await speech.view(batch.id)).eta is None
    ended = await speech.clear("lane", by=EndReason.STOPPED, actor=None)
    assert {job.id for job in ended} == {spoken.id, batch.id}


async def test_what_is_in_the_cache_is_complete_at_once(harness: Harness) -> None:
    speech = await harness.open()
    await render(harness, ONE)
    await harness.quiet()
    again = await render(harness, ONE)
    assert (await speech.view(again.id)).job.state is JobState.COMPLETED
    assert len(harness.engine.asked) == 1


async def test_parts_that_cannot_be_made_are_left_out_and_none_at_all_is_a_failure(
    harness: Harness,
) -> None:
    speech = await harness.open(FakeEngine(harness.clock, info=replace(INFO, slots=1)))
    harness.engine.refuses = {"second"}
    part, none = await render(harness, TWO), await render(harness, "The second one alone.")
    await harness.quiet()
    view = await speech.view(part.id)
    assert (view.job.state, view.failed) == (JobState.COMPLETED, 1)
    assert (await speech.view(none.id)).job.state is JobState.FAILED


async def test_after_a_kill_it_goes_on_and_has_aged(harness: Harness) -> None:
    harness.engine.pace = LATER
    await harness.open()
    job = await render(harness, TWO, Urgency.BATCH)
    await harness.quiet()
    speech = await harness.killed(
        FakeEngine(harness.clock, info=replace(INFO, slots=1)), after=SLACK[Urgency.BATCH]
    )
    await harness.quiet()
    assert harness.engine.asked[0].deadline_in <= 0.0
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED
    assert rows(harness.directory, "SELECT urgency FROM jobs")[0]["urgency"] == "batch"


async def test_listener_waits_for_the_chunk_in_the_engine_only(harness: Harness) -> None:
    """Under a full load of jobs that are only fetched, all long overdue."""
    harness.engine.pace = 1.0
    speech = await harness.open(mynah_max_queue=100, mynah_max_queue_member=100)
    for n in range(50):
        await render(harness, f"Batch number {n}.", Urgency.NOW)
    await harness.quiet()
    asked = len(harness.engine.asked)
    await harness.say(ONE)
    player = Listener(speech.player("lane"))
    await harness.pass_time(20)
    assert harness.engine.asked[asked].request.text == ONE
    assert await player.hear_all() == [ONE]


async def test_it_does_not_starve_beside_listeners_who_always_wait(harness: Harness) -> None:
    harness.engine.pace = 1.0
    speech = await harness.open(mynah_max_queue=100, mynah_max_queue_member=100)
    for n in range(3 * SHARE):
        speech.reachable(f"lane {n}", True)
        await harness.say(f"Listener number {n}.", lane=f"lane {n}")
    job = await render(harness, "To be fetched.", Urgency.NOW)
    await harness.pass_time(300, step=1.0)
    texts = [asked.request.text for asked in harness.engine.asked]
    assert texts.index("To be fetched.") <= SHARE + 1
    assert (await speech.view(job.id)).job.state is JobState.COMPLETED


# ---- listeners or rendering


def test_nobody_listens_and_it_is_made_however_early() -> None:
    assert Turns().renders(None, LATER, 0.0)


@pytest.mark.parametrize(
    ("listeners_due", "rendering_due", "renders"),
    [
        (0.0, -LATER, False),  # a listener waits, however overdue the other job is
        (MARGIN, -LATER, False),  # and here is about to
        (MARGIN + 1, 0.0, True),
        (MARGIN + 1, MARGIN + 2, False),
        (LATER, MARGIN + 2, True),
    ],
)
def test_listeners_come_first(listeners_due: float, rendering_due: float, renders: bool) -> None:
    assert Turns().renders(listeners_due, rendering_due, 0.0) is renders


def test_overdue_it_has_a_turn_in_nine() -> None:
    turns = Turns()
    taken = []
    for _ in range(3 * (SHARE + 1)):
        taken.append(turns.renders(0.0, -1.0, 0.0))
        turns.took(rendering=taken[-1], overdue=True)
    assert taken == 3 * [*SHARE * [False], True]
