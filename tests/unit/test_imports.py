"""The packages import each other in one direction, and pure files do no I/O.

The rules are read from the source, so that an import inside a function counts as well.
"""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

HOME: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("bot", "engine", "sandbox", "mynah", "bench", "tests")
PRODUCT: Final = ("bot", "engine", "sandbox", "mynah")


@dataclass(frozen=True, slots=True)
class Rule:
    """`who` must not import `never` (modules, by prefix), except `but`. `unless`: the modules of
    `who` that may."""

    who: str
    never: tuple[str, ...]
    but: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


#: The packages of the engine: each imports only those before it.
ENGINE: Final = (
    *("engine.model", "engine.base", "engine.text", "engine.store", "engine.tts"),
    *("engine.queue", "engine.voices"),
)

RULES: Final = (
    Rule("engine", ("bot", "discord", "sandbox", "mynah", "bench", "tests")),
    *(Rule(package, ENGINE[place + 1 :]) for place, package in enumerate(ENGINE[:-1])),
    Rule("bot", ("sandbox", "mynah", "bench", "tests")),
    Rule("sandbox", ("bot", "engine", "mynah", "bench", "tests", "discord")),
    # The sandbox is a chain: model, protocol, client, and the files at its top.
    Rule("sandbox.model", ("sandbox",), but=("sandbox.model",)),
    Rule("sandbox.protocol", ("sandbox",), but=("sandbox.model", "sandbox.protocol")),
    Rule(
        "sandbox.protocol.voice",
        ("sandbox",),
        but=("sandbox.protocol.voice", "sandbox.model.clock"),
    ),
    Rule(
        "sandbox.client", ("sandbox",), but=("sandbox.model", "sandbox.protocol", "sandbox.client")
    ),
    Rule("mynah", ("discord", "bench", "tests")),
    Rule("mynah.run", ("sandbox", "mynah.testing")),
    Rule("mynah.testing", ("bot", "sandbox", "engine.store", "engine.voices")),
    Rule("bench", ("tests",)),
    # Between the bot's process and the engine's there is one protocol.
    Rule("engine.text", ("engine",), but=("engine.text",)),
    Rule("engine.tts.client", ("engine.tts.server",)),
    Rule("engine.tts.server", ("engine.tts.client",)),
    Rule("engine.tts.engines", ("engine.tts.client", "engine.tts.server")),
    Rule("engine.tts.audio", ("engine.tts.client", "engine.tts.server", "engine.tts.engines")),
    Rule(
        "engine.queue",
        ("engine.tts",),
        but=("engine.tts.client.engine", "engine.tts.audio.ogg"),
    ),
    # All other files see only transactions of the database.
    *(
        Rule(
            package,
            ("engine.store",),
            but=("engine.store.transaction", "engine.store.sqlite", "engine.store.integrity"),
        )
        for package in ("engine.queue", "engine.voices")
    ),
    Rule("bot.locales", ("bot",), but=("bot.locales",)),
    Rule("bot", ("engine.tts",), but=("engine.tts.client.engine",)),
    Rule("bot", ("engine.store", "sqlalchemy", "sqlite3")),
    # A stranger's recording is decoded in a process that may fail, and that knows no member's
    # voices.
    Rule("engine.voices", ("engine.tts",), unless=("engine.voices.analysis",)),
    Rule("engine", ("engine.voices.analysis",), unless=("engine.voices.analysis",)),
    Rule("bot", ("engine.voices.analysis",)),
    Rule("mynah", ("engine.voices.analysis",)),
    Rule(
        "engine.voices.analysis",
        ("engine",),
        but=(
            *("engine.voices.analysis", "engine.model.voices"),
            *("engine.tts.audio.pcm", "engine.tts.audio.opus", "engine.base.redaction"),
        ),
    ),
)

#: Packages in which no file imports itself through others.
WITHOUT_CIRCLES: Final = ("sandbox", "engine", "bot", "mynah")

#: Libraries that only these modules see.
OWNED: Final = {
    "torch": ("engine.tts.engines.chatterbox",),
    "chatterbox": ("engine.tts.engines.chatterbox",),
    "librosa": ("engine.tts.engines.chatterbox",),
    "transformers": ("engine.tts.engines.chatterbox",),
    "huggingface_hub": ("engine.tts.engines.chatterbox",),
    "py3langid": ("engine.tts.engines.chatterbox",),
    "espeakng_loader": ("engine.tts.engines.espeak_library",),
    "uvicorn": ("engine.tts.server", "engine.tts.server.connections"),
    "starlette": ("engine.tts.server.app",),
    "alembic": ("engine.store",),
    "sqlalchemy": ("engine.store",),
    "aiosqlite": ("engine.store",),
    "sqlite3": ("engine.store",),
    "ffmpeg": ("engine.voices.analysis",),
    "imageio_ffmpeg": ("engine.voices.analysis",),
    "webrtcvad": ("engine.voices.analysis",),
    "discord": ("bot",),
    "fluent": ("bot.locales",),
}

#: What a pure file may import of the libraries.
PURE_LIBRARIES: Final = {
    *("__future__", "base64", "bisect", "collections", "dataclasses", "datetime", "enum"),
    *("functools", "hashlib", "heapq", "hmac", "ipaddress", "itertools", "json", "math", "re"),
    *("struct", "typing", "unicodedata", "zlib", "emoji", "sentencex", "numpy", "soxr"),
}
#: Files, or folders of them.
PURE: Final = (
    "engine/model",
    "engine/queue/state.py",
    "engine/queue/deadlines.py",
    "engine/queue/chunking.py",
    "engine/queue/views.py",
    "engine/tts/audio/pcm.py",
    "engine/tts/engines/base.py",
    "engine/tts/server/access.py",
    "engine/tts/audio/postprocess.py",
    "engine/tts/audio/ogg.py",
    "engine/tts/audio/sanity.py",
    "engine/tts/protocol.py",
    "engine/text",
    "engine/voices/analysis/chunks.py",
    "engine/voices/analysis/container.py",
    "engine/voices/analysis/frames.py",
    "engine/voices/analysis/fingerprint.py",
    "engine/voices/analysis/rejection.py",
    "engine/voices/directory.py",
    "engine/voices/permissions.py",
    "engine/voices/styles.py",
    "bot/erasure/texts.py",
    "bot/voices/upload_text.py",
    "bot/voices/choices.py",
    "bot/voices/moderation_text.py",
    "bot/voices/style_text.py",
    "bot/markup.py",
    "bot/policy.py",
    "bot/locales/escape.py",
    "bot/messages/render.py",
    "bot/timestamps.py",
    "bot/voice/requests.py",
    "bot/voice/frame_source.py",
)
#: Not pure, but pure files may import them: a stream announces its first packet by an event of
#: asyncio's, the key of a piece of audio is made beside the files that it names, an error is
#: described with the system's text for its number, and sentences are read once from their files.
NEIGHBOURS: Final = (
    "bot.locales.catalog",
    "engine.queue.audio_stream",
    "engine.queue.audio_cache",
    "engine.base.error_text",
)

#: The bot's process must not import these: they cost memory, and the time of its threads.
HEAVY: Final = (
    *("alembic", "av", "cryptography", "espeakng_loader", "ffmpeg", "httpx", "numpy", "sandbox"),
    *("imageio_ffmpeg", "soxr", "starlette", "torch", "uvicorn", "webrtcvad"),
)


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((HOME / folder).rglob("*.py"))


def name_of(file: Path) -> str:
    parts = file.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports_of(file: Path, *, typed: bool = False) -> frozenset[str]:
    """Everything that a file imports, wherever in it; with `typed`, also imports only for the type
    checker."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    left_out = {
        id(each)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING" and not typed
        for line in block.body
        for each in ast.walk(line)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            assert node.module is not None
            found.update(_from(node.module, alias.name) for alias in node.names)
    return frozenset(found)


def _from(module: str, name: str) -> str:
    """`from engine.queue import attempts` imports a module, `… import SpeechQueue` a class from
    one."""
    path = HOME.joinpath(*module.split("."), name)
    is_module = path.with_suffix(".py").exists() or path.is_dir()
    return f"{module}.{name}" if is_module else module


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in prefixes)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.who}: never {rule.never[0]}")
def test_rooms_import_in_one_direction(rule: Rule) -> None:
    wrong = [
        (name_of(file), imported)
        for file in sources(*FOLDERS)
        if within(name_of(file), (rule.who,)) and not within(name_of(file), rule.unless)
        for imported in imports_of(file)
        if within(imported, rule.never) and not within(imported, rule.but)
    ]
    assert not wrong


@pytest.mark.parametrize("package", WITHOUT_CIRCLES)
def test_no_circle_of_files(package: str) -> None:
    """Imports for the type checker, and inside functions, count as well."""
    graph = {name_of(file): imports_of(file, typed=True) for file in sources(package)}
    assert first_circle(graph) == []


def first_circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Modules that import each other in this order, the first one again at the end."""
    done: set[str] = set()

    def walk(path: list[str]) -> list[str]:
        for imported in sorted(graph[path[-1]]):
            if imported in path:
                return [*path[path.index(imported) :], imported]
            if imported in graph and imported not in done and (circle := walk([*path, imported])):
                return circle
        done.add(path[-1])
        return []

    return next((circle for each in graph if each not in done and (circle := walk([each]))), [])


def test_circle_is_found() -> None:
    assert first_circle({"a": ["b", "x"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert first_circle({"a": ["a"]}) == ["a", "a"]
    assert first_circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


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
        for file in sources(*FOLDERS)
        if ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) is None
    ]
    assert not wrong


def test_process_of_the_bot_stays_small() -> None:
    """What it imports is not what the engine server, the migrations and the sandbox need."""
    code = f"import sys, mynah.run; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
