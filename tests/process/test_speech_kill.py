"""A real process is killed at each kill point of the queue; the next one loses nothing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.store.integrity import upgrade
from tests.process.speech_child import TEXTS

#: Each transaction of a job's life by the function that asks for it, the moment, and which of its
#: times. `within`: its statements are executed, nothing is committed. `after`: it is committed, and
#: memory does not know it yet.
POINTS = [
    ("_store", "after", 1),  # the first engine's info
    ("FrontEndQueue._set_lane", "after", 1),  # where the lane is
    ("FrontEndQueue._submit", "before", 1),
    ("FrontEndQueue._submit", "within", 2),
    ("FrontEndQueue._submit", "after", 2),
    ("FrontEndQueue.confirm", "within", 2),  # confirmed
    ("FrontEndQueue.confirm", "after", 2),
    ("FrontEndQueue.note", "after", 2),
    ("claim", "within", 3),
    ("claim", "after", 3),
    ("file", "before", 3),
    ("file", "after", 3),
    ("made", "within", 3),
    ("made", "after", 3),
    ("PlaybackQueue._start", "within", 2),  # started
    ("PlaybackQueue._start", "after", 2),
    ("PlaybackQueue._commit_spoken", "within", 3),
    ("PlaybackQueue._commit_spoken", "after", 3),
    ("PlaybackQueue._commit_spoken", "within", 4),  # and the job's completion with it
    ("PlaybackQueue._commit_spoken", "after", 4),
]


def run(directory: Path, *kill_point: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.process.speech_child",
            str(directory / "data"),
            str(directory / "journal"),
            *map(str, kill_point),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )


@pytest.fixture(autouse=True)
def migrated(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first start's migration is not tested here."""
    file = tmp_path_factory.getbasetemp() / "speech_kill.db"
    if not file.exists():
        upgrade(file)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mynah.db").write_bytes(file.read_bytes())


@pytest.mark.parametrize(("point", "moment", "nth"), POINTS)
def test_killed_there_everything_promised_is_heard_in_order(
    tmp_path: Path, point: str, moment: str, nth: int
) -> None:
    """Nothing is skipped; at most the chunk that was playing and its predecessor are repeated."""
    dead = run(tmp_path, point, moment, nth)
    assert dead.returncode == -signal.SIGKILL, dead.stdout + dead.stderr
    before = read(tmp_path / "journal")
    alive = run(tmp_path)
    assert alive.returncode == 0, alive.stdout + alive.stderr
    journal = read(tmp_path / "journal")
    after = journal[len(before) :]

    # The same keys gave the same jobs, and every promised job is there.
    ids: dict[str, set[str]] = {}
    for line in journal:
        if line[0] == "promised":
            ids.setdefault(line[1], set()).add(line[2])
    assert [len(found) for found in ids.values()] == [1] * len(TEXTS)

    heard_before, heard_after = heard(before), heard(after)
    expected = sorted({*heard_before, *heard_after})
    assert len(expected) == 2 * len(TEXTS)
    assert heard_before == expected[: len(heard_before)]
    assert heard_after == expected[len(expected) - len(heard_after) :]
    assert len(heard_before) + len(heard_after) - len(expected) <= 2
    assert [line[2] for line in after if line[0] == "shown"] == ["completed"] * len(TEXTS)


def test_killed_again_and_again_it_gets_there(tmp_path: Path) -> None:
    """Killed at each chunk that it speaks, with a start for each."""
    for _ in range(2 * len(TEXTS)):
        assert run(tmp_path, "PlaybackQueue._commit_spoken", "after", 1).returncode < 0
    assert run(tmp_path).returncode == 0
    chunks = heard(read(tmp_path / "journal"))
    assert chunks == sorted(chunks)
    assert len(set(chunks)) == 2 * len(TEXTS)


def test_second_process_on_the_directory_names_the_first(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "data" / "mynah.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711\n")
        lock.flush()
        refused = run(tmp_path)
    assert refused.returncode != 0
    assert "process 4711" in refused.stderr


def read(journal: Path) -> list[list[str]]:
    return [line.split() for line in journal.read_text().splitlines()]


def heard(journal: list[list[str]]) -> list[tuple[int, int]]:
    """The chunks whose last frame left, in order."""
    return [(int(line[1]), int(line[2])) for line in journal if line[0] == "last"]
