"""The documents are true of the code: every setting, every command, every file that they name."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from discord import app_commands

from bot.client import Bot
from bot.delivery import FRONTEND
from bot.voice import connection
from bot.voice.frame_clock import ManualFrameClock
from engine.base.clock import ManualClock
from engine.base.settings import Settings, load_settings
from engine.queue import SpeechQueue
from engine.voices.registry import VoiceRegistry
from mynah.testing.fake_engine import FakeEngine

HOME: Final = Path(__file__).resolve().parents[2]
NAMES: Final = [name.upper() for name in Settings.model_fields]
#: A default of "none".
EMPTY: Final = (None, frozenset[int]())

ROOMS: Final = ("bot", "engine", "mynah", "sandbox", "tests", "bench", "references")
DOCUMENTS: Final = sorted(
    str(file.relative_to(HOME))
    for files in (HOME.glob("*.md"), *((HOME / room).rglob("*.md") for room in ROOMS))
    for file in files
)
#: Packages whose `__init__.py` is their map.
MAPPED: Final = (
    *("bot", "bot/commands", "bot/discord_io", "bot/erasure", "bot/messages", "bot/voice"),
    *("bot/voices", "engine", "engine/base", "engine/model", "engine/queue", "engine/store"),
    *("engine/text", "engine/tts", "engine/tts/audio", "engine/tts/client", "engine/tts/engines"),
    *("engine/tts/engines/chatterbox", "engine/tts/server", "engine/voices"),
    *("engine/voices/analysis", "mynah/testing"),
)
#: Made when the product runs, or by whoever runs it: not there on a clean clone.
MADE: Final = (".env", ".venv/", "data/")


def text_of(document: str) -> str:
    return (HOME / document).read_text(encoding="utf-8")


# ---- settings


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the tests has no say."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def example() -> dict[str, str]:
    """The settings of .env.example, all of which are commented out."""
    return dict(re.findall(r"^# ([A-Z_]+)=(.*)$", text_of(".env.example"), re.MULTILINE))


def table(document: str, heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading, without markup of code."""
    head = rf"^\| {heading} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)"
    found = re.search(head, text_of(document), re.MULTILINE)
    assert found is not None
    return [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in found[1].splitlines()
    ]


def test_example_names_every_setting_once_and_no_other() -> None:
    named = re.findall(r"^#? ?([A-Z_]+)=", text_of(".env.example"), re.MULTILINE)
    assert sorted(named) == sorted(NAMES)


def test_example_changes_nothing_until_a_line_is_uncommented() -> None:
    lines = text_of(".env.example").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


@pytest.mark.usefixtures("no_settings")
def test_example_shows_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("\n".join(f"{name}={value}" for name, value in example().items()))
    assert load_settings(_env_file=file) == load_settings(_env_file=None)


def test_example_gives_a_reason_for_each() -> None:
    lines = text_of(".env.example").splitlines()
    bare = [
        line
        for before, line in pairwise(lines)
        if re.match(r"# [A-Z_]+=", line) and not re.match(r"# .*[.:]$", before)
    ]
    assert bare == []


@pytest.mark.usefixtures("no_settings")
def test_readme_lists_every_setting_with_its_default() -> None:
    rows = table("README.md", "setting")
    assert sorted(row[0] for row in rows) == sorted(NAMES)
    given = {name.lower(): value for name, value, _ in rows if value != "none"}
    assert load_settings(_env_file=None, **given) == load_settings(_env_file=None)
    empty = {name.upper() for name, value in load_settings(_env_file=None) if value in EMPTY}
    assert {name for name, value, _ in rows if value == "none"} == empty


# ---- commands


async def test_readme_lists_every_command_with_its_options(tmp_path: Path) -> None:
    settings = load_settings(_env_file=None, mynah_data_dir=tmp_path)
    clock = ManualClock()
    queue = SpeechQueue(settings, FakeEngine(clock), clock)
    async with aiohttp.ClientSession() as session:
        registry = VoiceRegistry(settings, queue, clock)
        speech = queue.for_frontend(FRONTEND)
        bot = Bot(settings, speech, registry, session, clock, metronome=ManualFrameClock())
        registered = {
            f"/{command.qualified_name}": {each.name for each in command.parameters}
            for command in bot.tree.walk_commands()
            if isinstance(command, app_commands.Command)
        }
    rows = {row[0]: row[1] for row in table("README.md", "command")}
    assert rows.keys() == registered.keys()
    for command, options in registered.items():
        assert options == set(re.findall(r"`(\w+)`", rows[command])), command


# ---- files


def links(document: str) -> Iterator[tuple[str, str]]:
    """The relative links of a document: path, anchor."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    broken = []
    for path, anchor in links(document):
        target = (HOME / document).parent / path if path else HOME / document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{path}#{anchor}")
    assert broken == []


def named_files(document: str) -> Iterator[str]:
    """What a document names in code: paths, and names of files."""
    prose = re.sub(r"```.*?```", "", text_of(document), flags=re.DOTALL)
    for code in re.findall(r"`([^`\s]+)`", prose):
        is_name = re.fullmatch(r"[\w.-]+\.(py|md|toml|yaml|txt|example)", code)
        if is_name or code.startswith(tuple(f"{room}/" for room in ROOMS)):
            yield code


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document: str) -> None:
    """A bare name is looked for in the whole project: its context says where."""
    here = (HOME / document).parent
    everywhere = {file.name for room in ROOMS for file in (HOME / room).rglob("*.*")}
    gone = [
        name
        for name in named_files(document)
        if not name.startswith(MADE)
        if not (HOME / name).exists() and not (here / name).exists() and name not in everywhere
    ]
    assert gone == []


def tree(document: str) -> Iterator[str]:
    """The paths of a tree in a block of text: a folder ends in a slash, its files are indented."""
    for block in re.findall(r"```text\n(.*?)```", text_of(document), re.DOTALL):
        folders: list[str] = []
        for indent, name in re.findall(r"^( *)([\w./-]+)  +\S", block, re.MULTILINE):
            del folders[len(indent) // 2 :]
            yield "".join(folders) + name
            if name.endswith("/"):
                folders.append(name)


def test_tree_of_the_readme_is_the_house() -> None:
    paths = list(tree("README.md"))
    assert len(paths) > 30
    assert [path for path in paths if not (HOME / path).exists()] == []
    rooms = {
        *("bot", "engine", "mynah", "sandbox", "bench", "tests", "references", "data"),
        *(f"{package.parent.relative_to(HOME)}" for package in HOME.glob("*/*/__init__.py")),
    }
    assert rooms - {path.rstrip("/") for path in paths} - {"sandbox/voice"} == set()


@pytest.mark.parametrize("room", MAPPED)
def test_first_page_of_a_room_names_each_of_its_files(room: str) -> None:
    """And the entries of its map are there."""
    page = text_of(f"{room}/__init__.py").split('"""')[1]
    there = {file.name for file in (HOME / room).glob("*.py")} - {"__init__.py"}
    there |= {f"{file.parent.name}/" for file in (HOME / room).glob("*/__init__.py")}
    assert there - set(re.findall(r"\b\w+(?:\.py\b|/)", page)) == set()
    assert set(re.findall(r"^ *(\w+(?:\.py|/))", page, re.MULTILINE)) - there == set()


# ---- numbers


def test_architecture_gives_the_seconds_after_which_a_loss_is_seen() -> None:
    after = {row[0]: row[2] for row in table("ARCHITECTURE.md", "what happens")}
    seconds = {
        "TCP silent": connection.HEARTBEAT_LATE,
        "UDP refused, no route": connection.SEND_FAILING,
        "UDP swallowed, **server echoes keep-alives**": connection.KEEP_ALIVE_LATE,
        "encryption does not form again": connection.ENCRYPTION_SECONDS,
    }
    assert {what: after[what] for what in seconds} == {
        what: f"{each:g} s" for what, each in seconds.items()
    }


# ---- the image


def test_image_is_built_without_secrets_and_data() -> None:
    rules = text_of(".dockerignore").splitlines()
    assert "*" in rules
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert let_in.isdisjoint({".env", "data", ".git", ".venv", "*"})
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text_of("Dockerfile"), re.MULTILINE)
    assert copied == ["requirements.txt", "."]


def test_image_passes_signals_on_and_runs_as_nobody_special() -> None:
    dockerfile = text_of("Dockerfile")
    assert re.search(r'^ENTRYPOINT \["mynah"\]$', dockerfile, re.MULTILINE)
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", dockerfile, re.MULTILINE)
