"""The cache is bounded, and never drops audio for which a job waits."""

from pathlib import Path

from engine.base.settings import MEBIBYTE
from engine.model.jobs import EndReason, JobState
from tests.flow.harness import Harness, Listener

#: Seconds of sound that fill just less than a third of a mebibyte: each packet has 33 bytes, and a
#: page of its own around it.
THIRD = MEBIBYTE / 3 / 62 * 0.02


def cached(harness: Harness) -> int:
    return sum(file.stat().st_size for file in files(harness))


def files(harness: Harness) -> list[Path]:
    return list((harness.directory / "audio").glob("*/*.ogg"))


async def test_least_recently_used_audio_goes_first(harness: Harness) -> None:
    harness.engine = harness.engine_like(seconds=lambda text: THIRD)
    speech = await harness.open(mynah_cache_size=1)
    listener = Listener(speech.player("lane"))
    for text in ("text one", "text two", "text three", "text one", "text four"):
        await harness.say(text)
        await listener.hear(1)
        await harness.pass_time(1)
    assert cached(harness) <= MEBIBYTE
    for text in ("text one", "text three", "text four", "text two"):
        await harness.say(text)
        await listener.hear(1)
    asked = [asked.text for asked in harness.engine.asked]
    assert asked == ["text one", "text two", "text three", "text four", "text two"]


async def test_what_waits_to_be_spoken_is_never_evicted(harness: Harness) -> None:
    harness.engine = harness.engine_like(seconds=lambda text: THIRD)
    speech = await harness.open(mynah_cache_size=1)
    jobs = [await harness.say(f"text number {n}", lane=str(n)) for n in range(6)]
    await harness.pass_time(3)
    assert len(files(harness)) == 6  # over the bound, and all of it waited for
    for n, job in enumerate(jobs):
        await Listener(speech.player(str(n))).hear(1)
        assert (await speech.view(job.id)).job.state is JobState.COMPLETED
    assert len(harness.engine.asked) == 6
    await harness.say("one more text")
    await harness.pass_time(3)
    assert cached(harness) <= MEBIBYTE


async def test_bound_holds_over_a_restart(harness: Harness) -> None:
    harness.engine = harness.engine_like(seconds=lambda text: THIRD)
    speech = await harness.open(mynah_cache_size=100)
    for n in range(6):
        await harness.say(f"text number {n}")
    await Listener(speech.player("lane")).hear(6)
    await harness.restart(mynah_cache_size=1)
    await harness.pass_time(2)
    assert 0 < cached(harness) <= MEBIBYTE


async def test_cancelled_jobs_audio_may_go(harness: Harness) -> None:
    harness.engine = harness.engine_like(seconds=lambda text: THIRD)
    speech = await harness.open(mynah_cache_size=1)
    for n in range(6):
        await harness.say(f"text number {n}", lane=str(n))
    await harness.pass_time(3)
    for n in range(6):
        await speech.clear(str(n), by=EndReason.STOPPED, actor=None)
    await harness.say("one more text")
    await harness.pass_time(3)
    assert cached(harness) <= MEBIBYTE
