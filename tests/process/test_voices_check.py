"""`mynah voices check`: a line for each recording, and an exit code for scripts."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.recorded import speech, wav


@pytest.fixture
def references(tmp_path: Path) -> Path:
    folder = tmp_path / "references"
    folder.mkdir()
    return folder


def check(references: Path) -> tuple[int, list[str]]:
    environment = os.environ | {
        "MYNAH_REFERENCES_DIR": str(references),
        "MYNAH_DATA_DIR": str(references.parent / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "mynah", "voices", "check"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def keep(references: Path, data: bytes, name: str | None = None) -> str:
    reference = name or hashlib.sha256(data).hexdigest()
    (references / f"{reference}.wav").write_bytes(data)
    return reference


def test_where_all_can_serve_it_says_so_of_each_and_exits_with_0(references: Path) -> None:
    (references / "Anna Karenina.wav").write_bytes(wav(speech()))
    reference = keep(references, wav(speech()[:66_150]))
    code, lines = check(references)
    assert code == 0
    head, anna, kept = lines
    assert head.split() == ["hash", "name", "state", "speech", "noise", "advice"]
    assert re.fullmatch("[0-9a-f]{12}", anna.split()[0])
    assert anna.split()[1:6] == ["Anna", "Karenina", "ok", "8.2", "s"]
    assert kept.startswith(f"{reference[:12]}  (a member's)")
    assert "Turbo needs more than 5" in kept
    assert [line.index("ok") for line in lines[1:]] == [head.index("state")] * 2


def test_one_that_cannot_serve_is_told_of_and_makes_it_exit_with_1(references: Path) -> None:
    (references / "anna.wav").write_bytes(wav(speech()))
    (references / "text.mp3").write_bytes(b"This is no voice.\n" * 100)
    keep(references, b"something else", "a" * 64)
    code, lines = check(references)
    assert code == 1
    states = [re.split(r"  +", line)[2] for line in lines[1:]]
    assert states == ["ok", "rejected", "damaged"]
    assert "This file is text" in lines[2]


def test_where_there_is_none_it_says_so(references: Path) -> None:
    code, lines = check(references)
    assert code == 0
    assert lines == [f"There are no recordings in {references}."]
    assert not (references.parent / "data").exists()
