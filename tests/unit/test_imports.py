"""The rooms of the house import each other in one direction, and pure files do no I/O.

The rules are read from the source, so that an import inside a function counts as well.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

HOME: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("bot", "engine", "sandbox", "mynah", "bench", "tests")
PRODUCT: Final = ("bot", "engine", "sandbox", "mynah")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who (modules, by prefix) must not import what (modules, by prefix), except whom. `unless`:
    those of `who` that may."""

    who: str
    never: tuple[str, ...]
    but: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


RULES: Final = (
    Rule("engine", ("bot", "discord", "sandbox", "mynah", "bench", "tests")),
    Rule("bot", ("sandbox", "mynah", "bench", "tests")),
    Rule("sandbox", ("bot", "engine", "mynah", "bench", "tests", "discord")),
    Rule("mynah", ("discord", "bench", "tests")),
    Rule("mynah.run", ("sandbox",)),
    Rule("bench", ("tests",)),
    # Between the rooms of the engine there is a seam, and nothing else.
    Rule("engine.text", ("engine",), but=("engine.text",)),
    Rule("engine.synthesis", ("engine.speech", "engine.text")),
    Rule(
        "engine.speech",
        ("engine.synthesis",),
        but=("engine.synthesis.base", "engine.synthesis.ogg"),
    ),
    Rule("bot", ("engine.synthesis",), but=("engine.synthesis.base",)),
    Rule("bot", ("engine.store", "sqlalchemy", "sqlite3")),
    # A stranger's recording is decoded in a process that may fail, and that knows no one's voices.
    Rule(
        "engine.voices",
        ("engine.synthesis",),
        but=("engine.synthesis.base",),
        unless=("engine.voices.examine",),
    ),
    Rule("engine", ("engine.voices.examine",), unless=("engine.voices.examine",)),
    Rule("bot", ("engine.voices.examine",)),
    Rule("mynah", ("engine.voices.examine",)),
    Rule(
        "engine.voices.examine",
        ("engine",),
        but=(
            *("engine.voices.examine", "engine.voices.voice"),
            *("engine.synthesis.audio", "engine.synthesis.opus", "engine.output"),
        ),
    ),
)

#: Libraries that only these modules see.
OWNED: Final = {
    "torch": ("engine.synthesis.chatterbox",),
    "chatterbox": ("engine.synthesis.chatterbox",),
    "librosa": ("engine.synthesis.chatterbox",),
    "transformers": ("engine.synthesis.chatterbox",),
    "huggingface_hub": ("engine.synthesis.chatterbox",),
    "py3langid": ("engine.synthesis.chatterbox",),
    "espeakng_loader": ("engine.synthesis.espeak_library",),
    "uvicorn": ("engine.synthesis.host", "engine.synthesis.connections"),
    "starlette": ("engine.synthesis.application",),
    "alembic": ("engine.store",),
    "sqlite3": ("engine.store",),
    "ffmpeg": ("engine.voices.examine",),
    "imageio_ffmpeg": ("engine.voices.examine",),
    "webrtcvad": ("engine.voices.examine",),
    "discord": ("bot",),
}

#: What a pure file may import of the libraries.
PURE_LIBRARIES: Final = {
    *("__future__", "base64", "bisect", "collections", "dataclasses", "datetime", "enum"),
    *("functools", "hashlib", "heapq", "hmac", "ipaddress", "itertools", "json", "math", "re"),
    *("struct", "typing", "unicodedata", "zlib", "emoji", "sentencex", "numpy", "soxr"),
}
#: Files, or folders of them.
PURE: Final = (
    "engine/errors.py",
    "engine/frames.py",
    "engine/ids.py",
    "engine/speech/jobs.py",
    "engine/speech/lanes.py",
    "engine/speech/quota.py",
    "engine/speech/schedule.py",
    "engine/speech/splitting.py",
    "engine/store/slices.py",
    "engine/speech/views.py",
    "engine/synthesis/audio.py",
    "engine/synthesis/base.py",
    "engine/synthesis/door.py",
    "engine/synthesis/finish.py",
    "engine/synthesis/ogg.py",
    "engine/synthesis/plausible.py",
    "engine/synthesis/wire.py",
    "engine/text",
    "engine/voices/examine/boxes.py",
    "engine/voices/examine/chunks.py",
    "engine/voices/examine/container.py",
    "engine/voices/examine/frames.py",
    "engine/voices/examine/prints.py",
    "engine/voices/examine/sizes.py",
    "engine/voices/examine/unfit.py",
    "engine/voices/examine/wav.py",
    "engine/voices/access.py",
    "engine/voices/builtin.py",
    "engine/voices/names.py",
    "engine/voices/styles.py",
    "engine/voices/voice.py",
    "bot/erasing/account.py",
    "bot/erasing/question.py",
    "bot/library/card.py",
    "bot/library/choices.py",
    "bot/library/oversight.py",
    "bot/library/style.py",
    "bot/markup.py",
    "bot/rights.py",
    "bot/status/budget.py",
    "bot/status/escape.py",
    "bot/status/render.py",
    "bot/timestamps.py",
    "bot/voice/moves.py",
    "bot/voice/retries.py",
    "bot/voice/source.py",
)
#: Not pure, and still seen by pure files: a Sound tells its first packet by an event of asyncio's,
#: the key of a piece of audio is made beside the files that are named by it, and an error is
#: described with the words that the system has for its number.
NEIGHBOURS: Final = ("engine.speech.sound", "engine.speech.cache", "engine.describing")

#: What the bot's process must do without: its memory, and the time of its threads.
HEAVY: Final = (
    *("alembic", "av", "cryptography", "espeakng_loader", "ffmpeg", "httpx", "numpy", "sandbox"),
    *("imageio_ffmpeg", "soxr", "starlette", "torch", "uvicorn", "webrtcvad"),
)


def sources(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((HOME / room).rglob("*.py"))


def name_of(file: Path) -> str:
    parts = file.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports_of(file: Path) -> frozenset[str]:
    """All that a file imports, wherever in it; what only the type checker reads is left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typed = {
        id(each)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for line in block.body
        for each in ast.walk(line)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            assert node.module is not None
            found.update(_from(node.module, alias.name) for alias in node.names)
    return frozenset(found)


def _from(module: str, name: str) -> str:
    """`from engine.speech import tries` imports a module, `… import Speech` what is in one."""
    path = HOME.joinpath(*module.split("."), name)
    is_module = path.with_suffix(".py").exists() or path.is_dir()
    return f"{module}.{name}" if is_module else module


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in prefixes)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.who}: never {rule.never[0]}")
def test_rooms_import_in_one_direction(rule: Rule) -> None:
    wrong = [
        (name_of(file), imported)
        for file in sources(*ROOMS)
        if within(name_of(file), (rule.who,)) and not within(name_of(file), rule.unless)
        for imported in imports_of(file)
        if within(imported, rule.never) and not within(imported, rule.but)
    ]
    assert not wrong


@pytest.mark.parametrize("library", OWNED)
def test_library_is_seen_by_its_owner_alone(library: str) -> None:
    wrong = [
        name_of(file)
        for file in sources(*PRODUCT)
        if not within(name_of(file), OWNED[library])
        if any(within(imported, (library,)) for imported in imports_of(file))
    ]
    assert not wrong


@pytest.mark.parametrize("path", PURE)
def test_pure_files_import_nothing_that_does_io(path: str) -> None:
    place = HOME / path
    pure = tuple(name_of(HOME / each) for each in PURE)
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    wrong = [
        (name_of(file), imported)
        for file in files
        for imported in imports_of(file)
        if imported.split(".")[0] not in PURE_LIBRARIES
        if not within(imported, pure) and not within(imported, NEIGHBOURS)
    ]
    assert files
    assert not wrong


def test_every_module_opens_with_what_it_is() -> None:
    wrong = [
        name_of(file)
        for file in sources(*ROOMS)
        if ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) is None
    ]
    assert not wrong


def test_process_of_the_bot_stays_small() -> None:
    """What it imports is not what the engine's host, the migrations and the sandbox need."""
    code = f"import sys, mynah.run; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
