"""The commands of the README and of `docs/`, run as a reader would, in a directory of their own.

Nothing runs that would run these tests again, or that needs the internet: for such commands the
tests only check that they exist.
"""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
import tomllib
import wave
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from engine.base.settings import load_settings
from tests.process.stage import HOME

#: Longer than anything takes on a busy machine.
PATIENCE: Final = 60.0
#: Commands for which the reader needs other things: a container engine, the program sqlite3.
ELSEWHERE: Final = ("docker", "sqlite3", "cp")
HERE: Final = ("make", ".venv/bin/mynah", ".venv/bin/pip", ".venv/bin/python")


def pages() -> str:
    """The README and every page of `docs/`."""
    files = [HOME / "README.md", *sorted((HOME / "docs").glob("*.md"))]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def commands() -> list[str]:
    """Every line of the pages' blocks of shell."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", pages(), re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def given(*words: str, about: str = "") -> list[str]:
    """The pages' only command that begins with these words and contains `about`, ready to run."""
    found = [
        line
        for line in commands()
        if shlex.split(line)[: len(words)] == list(words) and about in line
    ]
    assert len(found) == 1, found
    program, *arguments = shlex.split(found[0])
    return [str(Path(sys.executable).parent / Path(program).name), *arguments]


def run(command: list[str], cwd: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run it with these settings and no others."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MYNAH_", "DISCORD_"))
    }
    return subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_every_command_is_one_that_is_known_here() -> None:
    assert {shlex.split(line)[0] for line in commands()} <= {*HERE, *ELSEWHERE}


def test_make_help_lists_the_targets_that_the_pages_name() -> None:
    listed = run(["make", "help"], HOME)
    assert listed.returncode == 0, listed.stderr
    targets = {line.split()[0] for line in listed.stdout.splitlines()}
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(commands())))
    named |= set(re.findall(r"`make ([a-z-]+)`", pages()))
    assert {"demo", "run", "test", "lint", "bench", "setup", "pictures"} <= named <= targets


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("make ")])
def test_target_can_be_made(line: str) -> None:
    """`make -n` prints what it would do, and fails if there is no such target."""
    dry = run(["make", "-n", *shlex.split(line)[1:]], HOME)
    assert dry.returncode == 0, dry.stderr


def test_mynah_help_names_its_commands(tmp_path: Path) -> None:
    told = run(given(".venv/bin/mynah", "--help"), tmp_path)
    assert told.returncode == 0, told.stderr
    assert all(word in told.stdout for word in ("run", "demo", "doctor"))


def test_mynah_has_every_command_that_the_pages_name(tmp_path: Path) -> None:
    told = run(given(".venv/bin/mynah", "--help"), tmp_path)
    listed = set(re.findall(r"^    (\w+) ", told.stdout, re.MULTILINE))
    named = set(re.findall(r"^\.venv/bin/mynah ([a-z]+)", "\n".join(commands()), re.MULTILINE))
    named |= set(re.findall(r"`mynah ([a-z]+)", pages()))
    assert {"run", "demo", "doctor", "voices", "engine"} <= named <= listed


def test_demo_of_another_text_is_heard(tmp_path: Path) -> None:
    told = run(given(".venv/bin/mynah", "demo", "--text"), tmp_path)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Another text." in told.stdout
    assert "Time to first sound" in told.stdout
    with wave.open(str(tmp_path / "data/demo/heard.wav")) as heard:
        assert heard.getnframes() > heard.getframerate() / 4


def test_doctor_names_what_is_missing_and_its_mend(tmp_path: Path) -> None:
    told = run(given(".venv/bin/mynah", "doctor"), tmp_path, MYNAH_DISK_RESERVE="0")
    assert told.returncode == 1
    faults = [line for line in told.stdout.splitlines() if line.startswith("FAULT")]
    assert faults == ["FAULT token: none"]
    assert "developer portal" in told.stdout
    assert "espeak speaks" in told.stdout
    assert not (tmp_path / "data").exists()


def test_extra_that_the_pages_install_is_one_of_ours() -> None:
    line = next(line for line in commands() if line.startswith(".venv/bin/pip "))
    (requirements,) = re.findall(r"--require-hashes -r (\S+)$", line)
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (extra,) = set(re.findall(r"pip install -e '\.\[(\w+)\]'", pages()))
    (asked,) = [each for each in project["optional-dependencies"][extra] if extra in each]
    # `tests/unit/test_pins.py` says what else is in this file.
    assert f"\n{asked} " in (HOME / requirements).read_text(encoding="utf-8")


def test_voices_are_checked_blocked_and_let_go(tmp_path: Path) -> None:
    references = tmp_path / "references"
    references.mkdir()
    (references / "hello.wav").write_bytes(b"this is no recording")
    checked = run(given(".venv/bin/mynah", "voices", "check"), tmp_path)
    assert checked.returncode == 1
    assert "hello" in checked.stdout

    recording = "ab" * 32
    for word in ("freeze", "release"):
        *command, _ = given(".venv/bin/mynah", "voices", word)
        done = run([*command, recording], tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_run_without_a_token_says_what_to_do(tmp_path: Path) -> None:
    mynah = str(Path(sys.executable).parent / "mynah")
    told = run([mynah, "run"], tmp_path)
    assert told.returncode == 2
    assert "DISCORD_TOKEN" in told.stderr


def test_copy_of_the_database_is_whole(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with closing(sqlite3.connect(data / "mynah.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE jobs (text)")
        database.execute("INSERT INTO jobs VALUES ('hello')")
        database.commit()
        # The bot has the file open: what it committed may still be in the write-ahead log.
        done = run(given(".venv/bin/python", "-c", about="sqlite3"), tmp_path)
        assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(data / "copy.db")) as copy:
        assert copy.execute("SELECT text FROM jobs").fetchall() == [("hello",)]


def test_token_for_another_machine_is_one_that_the_settings_take(tmp_path: Path) -> None:
    made = run(given(".venv/bin/python", "-c", about="secrets"), tmp_path)
    assert made.returncode == 0, made.stderr
    token = load_settings(_env_file=None, mynah_engine_token=made.stdout).mynah_engine_token
    assert token is not None
    assert token.get_secret_value() == made.stdout.strip()


def test_host_for_another_machine_needs_it_and_says_so(tmp_path: Path) -> None:
    command = [*given(".venv/bin/mynah", "engine"), "--engine=tone", "--port=0"]
    told = run(command, tmp_path)
    assert told.returncode == 2
    assert "MYNAH_ENGINE_TOKEN" in told.stderr


def test_host_for_another_machine_takes_the_options_of_the_page(tmp_path: Path) -> None:
    command = given(".venv/bin/mynah", "engine")
    told = run([*command, "--help"], tmp_path)
    assert told.returncode == 0, told.stderr
    options = [word for word in command if word.startswith("--")]
    assert options
    assert all(option in told.stdout for option in options)
