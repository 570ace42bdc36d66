"""The code that CONTRIBUTING.md tells newcomers to write works as it is written there.

Each section is applied to a copy of the code; a small test in the copy uses the result.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

HOME: Final = Path(__file__).resolve().parents[2]
COPIED: Final = ("bot", "engine", "mynah", "sandbox", "tests", "docs", "references")

COMMAND: Final = """
from sandbox import Permission
from tests.discord.scene import Scene, over


async def test_the_command_answers(scene: Scene, bot: object) -> None:
    assert await scene.told("waiting") == "0 texts wait."


async def test_the_rule_denies(scene: Scene, bot: object) -> None:
    await (await scene.say("Hi.")).wait_for(over)
    told = await scene.told("waiting", by=scene.eve)
    assert told == "Join a voice channel, then ask again what waits."
    await scene.eve.join(scene.den)
    scene.lounge.overwrite(scene.eve, deny=Permission.VIEW_CHANNEL)
    told = await scene.told("waiting", by=scene.eve)
    assert told == "You cannot view the voice channel that this belongs to."
"""
ENGINE: Final = """
from engine.base.clock import SystemClock
from engine.model.engine import SynthesisRequest
from engine.tts.client.process import HostOptions
from engine.tts.client.supervisor import EngineSupervisor


async def test_the_engine_speaks() -> None:
    options = HostOptions(engine="beep", log_level="error")
    engine = EngineSupervisor(SystemClock(), options=options)
    await engine.start()
    try:
        assert (await engine.info()).name == "beep"
        request = SynthesisRequest(text="hello there", voice="beep")
        packets = [
            packet
            async for piece in engine.synthesize(request, deadline_in=0.0)
            for packet in piece.packets
        ]
        assert 0.4 <= len(packets) * 0.02 <= 1.0
    finally:
        await engine.close()
"""
COLUMN: Final = """
from tests.flow.harness import Harness


async def test_the_column_is_kept(harness: Harness) -> None:
    speech = await harness.open()
    job = await harness.say("Hello.", program="radio")
    assert job.program == "radio"
    speech = await harness.restart()
    assert (await speech.view(job.id)).job.program == "radio"
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A block of code: a new file, or lines to insert after a line of a file."""

    path: str
    after: str | None
    code: str


def steps(section: str) -> Iterator[Step]:
    page = (HOME / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    pattern = (
        r"^(?:New file `([^`]+)`|In `([^`]+)`, after `([^`]+)`)[^`]*?:\n\n"
        r"```(?:python|ftl)\n(.*?)^```"
    )
    for new, old, after, code in re.findall(pattern, found[1], re.MULTILINE | re.DOTALL):
        yield Step(new or old, after or None, code)


def apply(step: Step, copy: Path) -> None:
    file = copy / step.path
    if step.after is None:
        assert not file.exists()
        file.write_text(step.code, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").split("\n")
    assert lines.count(step.after) == 1, f"{step.path} has not once: {step.after}"
    lines.insert(lines.index(step.after) + 1, step.code.rstrip("\n"))
    file.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "most_files", "folder", "test"),
    [
        ("A slash command with a rule", 3, "tests/discord", COMMAND),
        ("Another engine", 2, "tests/process", ENGINE),
        ("A column of jobs", 3, "tests/flow", COLUMN),
    ],
    ids=["command", "engine", "column"],
)
def test_it_works_as_it_is_written(
    tmp_path: Path, section: str, most_files: int, folder: str, test: str
) -> None:
    every = list(steps(section))
    assert 0 < len({step.path for step in every}) <= most_files
    for name in COPIED:
        shutil.copytree(HOME / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".env.example"):
        shutil.copy(HOME / name, tmp_path / name)
    for step in every:
        apply(step, tmp_path)
    written = tmp_path / folder / "test_written.py"
    written.write_text(test, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(written), *also(section, tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lint = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "bot", "engine"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout


def also(section: str, copy: Path) -> list[str]:
    """Tests of the copy that check what the section promises."""
    match section:
        case "A slash command with a rule":
            return [f"{copy}/tests/unit/test_locales.py"]
        case "A column of jobs":
            return [f"{copy}/tests/flow/test_setup.py"]
        case _:
            return []
