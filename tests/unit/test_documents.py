"""The documents match the code: every setting, command, file and sentence of the bot that they
name."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import aiohttp
import pytest
from discord import app_commands

from bot.client import Bot
from bot.delivery import FRONTEND
from bot.locales.catalog import ENGLISH, label
from bot.locales.escape import Markup
from bot.voice import connection
from bot.voice.frame_clock import ManualFrameClock
from docs import draw
from engine.base.settings import Settings, load_settings
from engine.queue import SpeechQueue
from engine.voices.registry import VoiceRegistry
from mynah.testing.clocks import ManualClock
from mynah.testing.fake_engine import FakeEngine
from tests.unit.fluent_entries import entries

HOME: Final = Path(__file__).resolve().parents[2]
NAMES: Final = [name.upper() for name in Settings.model_fields]
#: How the documents write the default "none".
EMPTY: Final = (None, frozenset[int]())

FOLDERS: Final = ("bot", "engine", "mynah", "sandbox", "tests", "bench", "references", "docs")
#: The pages for people who run the bot: short, and linked from the first one.
PAGES: Final = (
    "README.md",
    *sorted(str(page.relative_to(HOME)) for page in (HOME / "docs").glob("*.md")),
)
MOST_LINES: Final = 199
#: Where the sentences of the bot and of the console command are.
SPEAKING: Final = ("bot", "engine", "mynah")
DOCUMENTS: Final = sorted(
    str(file.relative_to(HOME))
    for files in (HOME.glob("*.md"), *((HOME / folder).rglob("*.md") for folder in FOLDERS))
    for file in files
)
#: Packages whose `__init__.py` is their map.
MAPPED: Final = (
    *("bot", "bot/commands", "bot/discord_io", "bot/erasure", "bot/messages", "bot/voice"),
    *("bot/voices", "engine", "engine/base", "engine/model", "engine/queue", "engine/store"),
    *("engine/text", "engine/tts", "engine/tts/audio", "engine/tts/client", "engine/tts/engines"),
    *("engine/tts/engines/chatterbox", "engine/tts/server", "engine/voices"),
    *("engine/voices/analysis", "mynah/testing"),
    *("sandbox/client", "sandbox/model", "sandbox/protocol", "sandbox/protocol/voice"),
)
#: Made when the product runs, or by its operator: absent in a clean clone.
MADE: Final = (".env", ".venv/", "data/")


def text_of(document: str) -> str:
    return (HOME / document).read_text(encoding="utf-8")


# ---- settings


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the tests has no influence."""
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
def test_page_lists_every_setting_with_its_default() -> None:
    rows = table("docs/settings.md", "setting")
    assert sorted(row[0] for row in rows) == sorted(NAMES)
    given = {name.lower(): value for name, value, _ in rows if value != "none"}
    assert load_settings(_env_file=None, **given) == load_settings(_env_file=None)
    empty = {name.upper() for name, value in load_settings(_env_file=None) if value in EMPTY}
    assert {name for name, value, _ in rows if value == "none"} == empty


# ---- commands


async def registered_commands(folder: Path) -> dict[str, set[str]]:
    """The names of the options of every slash command."""
    settings = load_settings(_env_file=None, mynah_data_dir=folder)
    clock = ManualClock()
    queue = SpeechQueue(settings, FakeEngine(clock), clock)
    async with aiohttp.ClientSession() as session:
        registry = VoiceRegistry(settings, queue, clock)
        speech = queue.for_frontend(FRONTEND)
        bot = Bot(settings, speech, registry, session, clock, frame_clock=ManualFrameClock())
        return {
            f"/{command.qualified_name}": {each.name for each in command.parameters}
            for command in bot.tree.walk_commands()
            if isinstance(command, app_commands.Command)
        }


async def test_page_lists_every_command_with_its_options(tmp_path: Path) -> None:
    registered = await registered_commands(tmp_path)
    rows = {row[0]: row[1] for row in table("docs/commands.md", "command")}
    assert rows.keys() == registered.keys()
    for command, options in registered.items():
        assert options == set(re.findall(r"`(\w+)`", rows[command])), command


@pytest.mark.parametrize("page", PAGES)
async def test_every_command_that_a_page_names_exists(page: str, tmp_path: Path) -> None:
    registered = await registered_commands(tmp_path)
    groups = {name.partition(" ")[0] for name in registered if " " in name}
    named = re.findall(r"`(/[a-z-]+)(?: ([a-z]+))?[^`/:]*`", text_of(page))
    wrong = [
        f"{command} {word}"
        for command, word in named
        if command != "/mynah"  # the group of `MYNAH_COMMAND_GROUP=mynah`
        if command not in registered and f"{command} {word}" not in registered
        if command not in groups or word
    ]
    assert wrong == []


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
    """The code spans of a document that are paths, or names of files."""
    prose = re.sub(r"```.*?```", "", text_of(document), flags=re.DOTALL)
    for code in re.findall(r"`([^`\s]+)`", prose):
        is_name = re.fullmatch(r"[\w.-]+\.(py|md|toml|yaml|txt|example)", code)
        if is_name or code.startswith(tuple(f"{folder}/" for folder in FOLDERS)):
            yield code


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document: str) -> None:
    """A bare name is searched for in the whole project: its context says where."""
    here = (HOME / document).parent
    everywhere = {file.name for folder in FOLDERS for file in (HOME / folder).rglob("*.*")}
    # CONTRIBUTING.md tells its reader to write files; `test_contributing.py` does.
    new = tuple(re.findall(r"^New file `([^`]+)`", text_of(document), re.MULTILINE))
    gone = [
        name
        for name in named_files(document)
        if not name.startswith((*MADE, *new))
        if not (HOME / name).exists() and not (here / name).exists() and name not in everywhere
    ]
    assert gone == []


def test_architecture_lists_every_package() -> None:
    """And every file in the list exists."""
    listed = {row[0].rstrip("/") for row in table("ARCHITECTURE.md", "package")}
    assert len(listed) > 15
    assert [path for path in listed if not (HOME / path).is_dir()] == []
    listed |= {path.partition("/")[0] for path in listed}
    folders = {*FOLDERS, "data"}
    folders |= {f"{package.parent.relative_to(HOME)}" for package in HOME.glob("*/*/__init__.py")}
    assert folders - listed == set()


@pytest.mark.parametrize("folder", MAPPED)
def test_first_page_of_a_room_names_each_of_its_files(folder: str) -> None:
    """And the entries of its map exist."""
    page = text_of(f"{folder}/__init__.py").split('"""')[1]
    there = {file.name for file in (HOME / folder).glob("*.py")} - {"__init__.py"}
    there |= {f"{file.parent.name}/" for file in (HOME / folder).glob("*/__init__.py")}
    assert there - set(re.findall(r"\b\w+(?:\.py\b|/)", page)) == set()
    assert set(re.findall(r"^ *(\w+(?:\.py|/))", page, re.MULTILINE)) - there == set()


# ---- pages


@pytest.mark.parametrize("page", PAGES)
def test_page_is_short(page: str) -> None:
    assert len(text_of(page).splitlines()) <= MOST_LINES


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = {path for path, _ in links("README.md")}
    assert set(PAGES) - {"README.md"} - linked == set()


@pytest.mark.parametrize("page", PAGES)
def test_lines_of_text_fit_a_screen(page: str) -> None:
    """Tables, links and commands may be longer."""
    text = re.sub(r"^(\||\.venv).*$", "", text_of(page), flags=re.MULTILINE)
    assert [line for line in text.splitlines() if len(line) > 110] == []


def test_no_paragraph_stands_twice() -> None:
    """A fact is in one place; the others link to it."""
    paragraphs = Counter(
        paragraph.strip()
        for page in PAGES
        for paragraph in re.split(r"\n\s*\n", text_of(page))
        if len(paragraph.strip()) > 60
    )
    assert [paragraph for paragraph, times in paragraphs.items() if times > 1] == []


# ---- sentences


@cache
def sentences() -> tuple[str, ...]:
    """Every text in the product's source and its catalogue, with a NUL for each inserted value."""
    found: list[str] = [
        label(entry.name, **dict.fromkeys(entry.variables, Markup("\0")))
        for entry in entries(ENGLISH).values()
    ]
    for folder in SPEAKING:
        for file in (HOME / folder).rglob("*.py"):
            found += _texts(ast.parse(file.read_text(encoding="utf-8")))
    return tuple(found)


def _texts(tree: ast.Module) -> Iterator[str]:
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        ):
            yield node.value


def quoted() -> list[str]:
    """The sentences that the table of symptoms quotes."""
    symptoms = [row[0] for row in table("docs/troubleshooting.md", "symptom")]
    return [quote for symptom in symptoms for quote in re.findall(r'"([^"]+)"', symptom)]


@pytest.mark.parametrize("quote", quoted())
def test_symptom_is_what_the_bot_says(quote: str) -> None:
    """The page writes "…" for the part that differs each time."""
    words = [re.escape(words.strip()) for words in quote.split("…") if words.strip()]
    pattern = re.compile(r"[^\n]{0,80}?".join(words))
    assert any(pattern.search(sentence) for sentence in sentences())


# ---- the picture


def test_picture_is_what_the_renderer_shows_now() -> None:
    assert draw.PICTURE.read_text(encoding="utf-8") == draw.draw(), "run `make pictures`"


def shown_in_the_picture() -> list[str]:
    picture = ElementTree.fromstring(draw.draw())
    return [text.text or "" for text in picture.iter("{http://www.w3.org/2000/svg}text")]


def test_picture_shows_markup_as_discord_does() -> None:
    shown = " ".join(shown_in_the_picture())
    assert re.findall(r"\*\*|<[@#t:]|`|(?:^| )(?:>|-#?) |\\", shown) == []
    assert "@Ada" in shown
    assert "in 10 seconds" in shown


def test_picture_shows_every_word_and_button_of_its_messages() -> None:
    shown = "".join("".join(shown_in_the_picture()).split())
    for scene in (each for column in draw.scenes() for each in column):
        for line in scene.content.split("\n"):
            line = re.sub(r"^(> |- |-# )", "", line)
            assert "".join("".join(run.text for run in draw.runs_of(line)).split()) in shown
        assert all("".join(label.split()) in shown for label, _ in scene.buttons)


def test_picture_says_in_words_what_it_shows_and_needs_nothing_from_elsewhere() -> None:
    picture = ElementTree.fromstring(draw.draw())
    space = "{http://www.w3.org/2000/svg}"
    assert picture.findtext(f"{space}title")
    words = picture.findtext(f"{space}desc") or ""
    assert all(label in words for label in ("Skip", "Stop", "Replay", "Download", "Advice"))
    assert not list(picture.iter(f"{space}image"))
    assert "href" not in draw.draw()


def test_picture_stays_within_its_edges() -> None:
    """As far as the widths are known: every text states its own."""
    for column, messages in zip((draw.MARGIN, draw.WIDTH // 2), draw.scenes(), strict=True):
        drawn = draw.Column(column)
        for message in messages:
            drawn.message(message)
        texts = [ElementTree.fromstring(each) for each in drawn.drawn if each.startswith("<text")]
        ends = [float(text.attrib["x"]) + float(text.attrib["textLength"]) for text in texts]
        assert max(ends) <= column + draw.COLUMN + 1


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
