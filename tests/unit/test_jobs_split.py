"""A job's text becomes chunks for an engine; the split does not touch what a player has."""

from dataclasses import replace

from engine.model.jobs import ChunkState
from engine.queue.audio_stream import PacketStream
from engine.queue.chunking import ActiveEngine
from engine.queue.state import LiveJob
from mynah.testing.fake_engine import INFO
from tests.unit.test_jobs_order import job, mirrored

TEXT = (
    "This is the first sentence of it all. And here is the second one, a little longer. "
    "The third sentence follows after all of that, too. And the fourth one ends it."
)
SHORT = ActiveEngine(INFO)
LONG = ActiveEngine(replace(INFO, version="2", most_characters=300))


def test_new_job_is_cut_whole() -> None:
    cut = SHORT.cut(job(1, TEXT).job)
    assert cut.since == 0
    assert " ".join(chunk.text for chunk, _ in cut.chunks) == TEXT
    assert [chunk.position for chunk, _ in cut.chunks] == list(range(len(cut.chunks)))


def test_what_is_spoken_or_taken_stays_and_the_rest_is_cut_anew() -> None:
    live = cut_short()
    mirrored(live.chunks[0], state=ChunkState.SPOKEN)
    live.chunks[1].sound = PacketStream()
    cut = LONG.cut(live.job, live.chunks)
    assert cut.since == 2
    assert cut.chunks[0][0].position == 2
    kept = [each.chunk.text for each in live.chunks[:2]]
    assert " ".join([*kept, *(chunk.text for chunk, _ in cut.chunks)]) == TEXT


def test_chunk_that_failed_under_the_old_engine_gets_another_chance() -> None:
    live = cut_short()
    mirrored(live.chunks[0], state=ChunkState.SPOKEN)
    mirrored(live.chunks[1], state=ChunkState.FAILED)
    assert LONG.cut(live.job, live.chunks).since == 1


def test_key_differs_by_all_that_shapes_the_sound() -> None:
    live = job(1, "hello").job
    keys = {
        SHORT.key(live, "hello"),
        SHORT.key(live, "hello."),
        SHORT.key(replace(live, voice="de"), "hello"),
        SHORT.key(replace(live, style={"rate": 2}), "hello"),
        LONG.key(live, "hello"),
        ActiveEngine(replace(INFO, name="other")).key(live, "hello"),
    }
    assert len(keys) == 6
    assert SHORT.key(replace(live, voice=INFO.default_voice), "hello") in keys


def test_info_with_more_slots_cuts_the_same_and_one_with_another_range_does_not() -> None:
    assert ActiveEngine(replace(INFO, slots=9)).id == SHORT.id
    assert ActiveEngine(replace(INFO, most_characters=81)).id != SHORT.id
    assert ActiveEngine(replace(INFO, default_voice="de")).id != SHORT.id


def cut_short() -> LiveJob:
    value = job(1, TEXT).job
    return LiveJob(value, SHORT.cut(value).chunks)
