"""No log call, and no `print`, shows an error by its own words: `describe` says what may be shown.
The rule is read from the source, like those of imports.

It cannot see words of an error that were put into a string before: `str`, `repr` and f-strings of
errors are forbidden in the whole product, except for the places named here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

HOME: Final = Path(__file__).resolve().parents[2]
PRODUCT: Final = ("bot", "engine", "mynah")
LOGS: Final = {"log", "logger", "_log", "logging"}
LEVELS: Final = {"debug", "info", "warning", "error", "exception", "critical", "log"}

#: What a log may read from an error: numbers, names of the system, our own sentences.
READ: Final = {"status", "code", "errno", "strerror", "by_signal", "output"}
#: What may take a whole error.
TAKE: Final = {"describe", "error_text", "format_error", "own_words", "places", "type"}
#: What may put an error's own words into a string, and why that cannot repeat a member's.
OWN_WORDS: Final = {
    "engine/base/error_text.py": "it decides which errors may",
    # The words of the parts of this product, and of their start, before any member.
    "bot/voices/directory.py": "a refusal in other words",
    "engine/store/integrity.py": "SQLite of a file that it cannot read, at the start",
    "engine/store/readonly.py": "likewise, in a console command",
    "engine/store/sqlite.py": "SQLite of a disk that is full",
    "engine/tts/engines/chatterbox/embedding.py": "torch of a file that it cannot read",
    "engine/tts/engines/chatterbox/environment.py": "an import",
    "engine/tts/engines/chatterbox/loading.py": "the hub, at the start",
    "engine/tts/engines/chatterbox/device.py": "torch's count of its memory",
    "engine/tts/engines/chatterbox/synthesizer.py": "our own NotANumber and TooLong",
    "engine/tts/client/supervisor.py": "our own EngineError",
    "engine/tts/server/voice_cache.py": "our own refusal of a recording",
    "engine/tts/engines/espeak_library.py": "a library that cannot be loaded",
    "engine/tts/server/__main__.py": "what an operator must set first",
    "engine/tts/server/runner.py": "our own OutOfMemory",
    "engine/tts/server/connections.py": "the resolver, at the start",
    "engine/tts/audio/wav.py": "of the wave module, that a header is wrong",
    "engine/tts/protocol.py": "our own errors, and the place of a fault in JSON",
    "engine/voices/analysis_process.py": "our own Ended",
    "engine/voices/owners.py": "an OSError of our own folder",
    "mynah/__main__.py": "an import; what an operator must set first",
    "mynah/demo.py": "the demo's",
    "mynah/doctor.py": "an import; what it says itself",
    "mynah/scene.py": "the demo's",
}


def sources() -> Iterator[tuple[str, ast.Module, set[str]]]:
    """Each file with the names that errors have in it."""
    for room in PRODUCT:
        for file in sorted((HOME / room).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            yield str(file.relative_to(HOME)), tree, errors_in(tree)


def errors_in(tree: ast.Module) -> set[str]:
    """The names to which a module binds errors."""
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
    given = {
        node.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.arg)
        if node.annotation is not None and "Exception" in ast.unparse(node.annotation)
    }
    taken = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.NamedExpr | ast.Assign) and "exception()" in ast.unparse(node.value)
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    return {each for each in caught | given | taken if each}


def is_log_call(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Name):
        return function.id == "print"
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LEVELS
        and isinstance(function.value, ast.Name)
        and function.value.id in LOGS
    )


def shown(node: ast.AST, errors: set[str]) -> Iterator[str]:
    """Forbidden ways to show errors within `node`."""
    match node:
        case ast.keyword(arg="exc_info"):
            return
        case ast.Call(func=ast.Name(id=name)) if name in TAKE:
            return
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in errors:
            if attribute not in READ:
                yield ast.unparse(node)
            return
        case ast.Name(id=name) if name in errors:
            yield name
    for child in ast.iter_child_nodes(node):
        yield from shown(child, errors)


def worded(node: ast.AST, errors: set[str]) -> bool:
    """Whether `node` puts an error's own words into a string."""
    match node:
        case ast.Call(func=ast.Name(id="str" | "repr" | "format"), args=[ast.Name(id=name), *_]):
            return name in errors
        case ast.FormattedValue(value=ast.Name(id=name)):
            return name in errors
        case ast.BinOp(op=ast.Mod(), right=ast.Name(id=name)):
            return name in errors
    return False


@pytest.mark.parametrize("room", PRODUCT)
def test_no_line_of_the_log_shows_an_error_by_its_own_words(room: str) -> None:
    wrong = [
        (path, node.lineno, what)
        for path, tree, errors in sources()
        if path.startswith(f"{room}/")
        for node in ast.walk(tree)
        if is_log_call(node) and isinstance(node, ast.Call)
        for argument in (*node.args, *node.keywords)
        for what in shown(argument, errors)
        if not path.startswith("mynah/demo")  # they print to their user
    ]
    assert not wrong


def test_errors_words_are_put_into_strings_where_they_are_known_alone() -> None:
    found = {
        path for path, tree, errors in sources() for node in ast.walk(tree) if worded(node, errors)
    }
    assert found - OWN_WORDS.keys() == set()
    assert OWN_WORDS.keys() - found == set(), "no longer needed"


@pytest.mark.parametrize(
    "line",
    [
        "log.warning('x', error=repr(error))",
        "log.warning('x', error=str(error))",
        "log.warning('x', error=error)",
        "log.warning(f'x {error}')",
        "log.warning('x', words=error.args)",
        "log.warning('x', words=error.response.text)",
        "logging.error('x %s', error)",
        "print(f'x {error}')",
    ],
)
def test_the_rule_sees_each_way_to_show_an_error(line: str) -> None:
    tree = ast.parse(f"try:\n    pass\nexcept OSError as error:\n    {line}\n")
    (call,) = [node for node in ast.walk(tree) if is_log_call(node)]
    assert isinstance(call, ast.Call)
    assert [
        what
        for argument in (*call.args, *call.keywords)
        for what in shown(argument, errors_in(tree))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "log.warning('x', error=describe(error))",
        "log.error('x', exc_info=error)",
        "log.info('x', status=error.status, code=error.code)",
        "log.info('x', why=error.code)",
    ],
)
def test_the_rule_lets_pass_what_is_safe(line: str) -> None:
    tree = ast.parse(f"try:\n    pass\nexcept OSError as error:\n    {line}\n")
    (call,) = [node for node in ast.walk(tree) if is_log_call(node)]
    assert isinstance(call, ast.Call)
    assert not [
        what
        for argument in (*call.args, *call.keywords)
        for what in shown(argument, errors_in(tree))
    ]
