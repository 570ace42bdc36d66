"""Only `Queue.apply` changes jobs, chunks and lanes: checked, on disk, then in memory."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from engine.model.jobs import ChunkState, JobState
from engine.queue.changes import Change, IllegalTransition, Queue, chunk_change, job_change
from tests.flow.harness import TWO, Harness, rows

QUEUE: Final = Path(__file__).resolve().parents[2] / "engine" / "queue"
#: What the mirror keeps of the disk: private, and read through properties.
DURABLE: Final = {"_job", "_chunks", "_chunk", "_key", "_lane", "_stored"}
#: What writes a job, chunk or lane. (Rows of new jobs are inserted where the request is validated.)
WRITES: Final = {
    "jobs.update": "changes.py",
    "jobs.insert": "frontend.py",
    "chunks.insert": "changes.py",
    "chunks.update": "changes.py",
    "chunks.delete": "changes.py",
    "lanes.put": "changes.py",
}


def sources() -> Iterator[tuple[str, ast.AST]]:
    for file in sorted(QUEUE.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield file.name, node


def targets(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Assign | ast.Delete):
        found = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For):
        found = [node.target]
    else:
        return
    for each in found:
        yield from (part for part in ast.walk(each) if isinstance(part, ast.expr))


def test_only_the_writer_sets_what_is_on_disk() -> None:
    """Elsewhere an object sets only its own private fields."""
    wrong = [
        f"{name}:{target.lineno} {ast.unparse(target)}"
        for name, node in sources()
        if name != "changes.py"
        for target in targets(node)
        if isinstance(target, ast.Attribute) and target.attr in DURABLE
        if not (isinstance(target.value, ast.Name) and target.value.id == "self")
    ]
    assert wrong == []


def test_only_the_writer_reaches_behind_the_properties() -> None:
    wrong = [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, node in sources()
        if name != "changes.py"
        and isinstance(node, ast.Attribute)
        and node.attr in DURABLE
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    ]
    assert wrong == []


def test_only_the_writer_writes_jobs_chunks_and_lanes() -> None:
    found = {
        (call, name)
        for name, node in sources()
        if isinstance(node, ast.Call)
        for call in WRITES
        if ast.unparse(node.func).endswith(f"tx.{call}")
    }
    assert found == set(WRITES.items())


async def test_what_is_on_disk_cannot_be_set_in_memory(harness: Harness) -> None:
    queue = await inside(harness)
    (live,) = queue.jobs.values()
    lane = queue.lane(live.job.lane_key)
    for owner, name in (
        (live, "job"),
        (live, "chunks"),
        (live.chunks[0], "chunk"),
        (live.chunks[0], "key"),
        (lane, "lane"),
        (lane, "stored"),
        (live.job, "state"),
        (live.chunks[0].chunk, "state"),
        (lane.lane, "paused"),
    ):
        with pytest.raises(AttributeError):
            setattr(owner, name, None)


@pytest.mark.parametrize("order", [1, -1])
async def test_illegal_transition_raises_and_changes_nothing(harness: Harness, order: int) -> None:
    """Neither that change, nor a legal one beside it, nor the rest of the transaction."""
    queue = await inside(harness)
    (live,) = queue.jobs.values()
    before = live.job, [each.chunk for each in live.chunks]
    legal: Change = chunk_change(live.chunks[0], state=ChunkState.QUEUED, audio=None)
    illegal: Change = job_change(live.job.id, state=JobState.COMPLETED)

    def beside(tx: Any) -> list[Any]:
        tx.metadata.put("beside", 1.0)
        return []

    work = queue.apply(*[legal, illegal][::order], first=beside)
    with pytest.raises(IllegalTransition, match="queued to completed"):
        await queue.change(work)
    assert (live.job, [each.chunk for each in live.chunks]) == before
    assert [row["state"] for row in rows(harness.directory, "SELECT state FROM jobs")] == ["queued"]
    assert rows(harness.directory, "SELECT * FROM metadata WHERE name = 'beside'") == []


async def test_job_that_is_over_has_no_other_end(harness: Harness) -> None:
    queue = await inside(harness)
    (live,) = queue.jobs.values()
    await queue.change(queue.end([live.job.id], JobState.EXPIRED))
    with pytest.raises(IllegalTransition, match="is over"):
        await queue.change(queue.apply(job_change(live.job.id, state=JobState.CANCELLED)))
    assert rows(harness.directory, "SELECT state FROM jobs")[0]["state"] == "expired"


async def test_illegal_transition_of_a_chunk_raises(harness: Harness) -> None:
    queue = await inside(harness)
    (live,) = queue.jobs.values()
    with pytest.raises(IllegalTransition, match="ready to failed"):
        await queue.change(queue.apply(chunk_change(live.chunks[0], state=ChunkState.FAILED)))


async def inside(harness: Harness) -> Queue:
    """The queue behind the service, with one job whose first chunk is ready."""
    await harness.open()
    await harness.say(TWO)
    await harness.quiet()
    queue: Queue = vars(harness.queue)["_queue"]
    (live,) = queue.jobs.values()
    assert live.chunks[0].state is ChunkState.READY
    return queue
