"""Every sentence that the code names is in the catalogue with the same arguments, every sentence of
the catalogue is used, and none can be broken by what people are called."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from bot.locales.catalog import FOLDER, Catalog, SentenceError, catalog, code_text, label, text
from bot.locales.escape import Markup
from engine.model import errors
from engine.model.errors import MynahError, QueueFull
from tests.unit.fluent_entries import Entry, entries, parsed

HOME: Final = Path(__file__).resolve().parents[2]
#: Calls that take a sentence's id first, and its arguments by name.
NAMING: Final = {"text", "label", "localized"}
#: Errors, which take a code and the fields beside it.
ERRORS: Final = {
    name for name, each in vars(errors).items() if isinstance(each, type) and each is not MynahError
}
#: Where those calls are from.
CATALOGUE: Final = ("bot.locales.catalog", "bot.discord_io.registration")
#: What Discord reads as markup.
MARKUP: Final = (
    *("**", "__", "~~", "||", "`", "<@", "<#", "<t:", "</", "](", "://"),
    *("@everyone", "@here"),
)
#: What people, servers and channels may be called.
HOSTILE: Final = (
    "**bold** __under__ ~~gone~~ ||hidden|| `code` ```block```",
    "@everyone @here <@1> <@&2> <#3> </say:4> <:a:5> <t:6:R>",
    "[Nitro](https://example.com) https://example.com",
    "> quote\n# heading\n- list\n1. first",
    "\u202eesrever \u2066isolated\u2069 \u200binvisible",
    "{ $name } { -term } { 1 -> *[a] b }",
    "z" + "\u0301" * 200,
    "x" * 5000,
    "",
)


# ---- what the code names


@dataclass(frozen=True)
class Use:
    """A call that names a sentence. `arguments` is None where they are handed on as a mapping;
    `family`: `sentence` is only how the ids begin."""

    where: str
    sentence: str
    arguments: frozenset[str] | None
    family: bool = False


@cache
def trees() -> Mapping[Path, ast.Module]:
    files = [
        file for room in ("bot", "engine", "mynah", "docs") for file in (HOME / room).rglob("*.py")
    ]
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(files)}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Where, the called name, the call: of sentences and of errors."""
    for file, tree in trees().items():
        meant = error_names() | naming_in(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                function = node.func
                name = function.id if isinstance(function, ast.Name) else ""
                if name in meant:
                    yield f"{file.relative_to(HOME)}:{node.lineno}", name, node


def naming_in(tree: ast.Module) -> set[str]:
    """The calls that name sentences in a file: what it imports from the catalogue."""
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in CATALOGUE
        for alias in node.names
    }
    return NAMING & imported


def named(node: ast.Call) -> frozenset[str] | None:
    names = [each.arg for each in node.keywords]
    return None if None in names else frozenset(name for name in names if name)


@cache
def uses() -> tuple[Use, ...]:
    found = []
    for where, name, call in calls():
        if name in NAMING and call.args:
            found += sentences_of(where, call.args[0], named(call))
        elif name in error_names():
            code = next((each.value for each in call.keywords if each.arg == "code"), None)
            fields = named(call)
            if fields is not None:
                fields -= {"code"}
            if code is not None:
                found += [
                    Use(use.where, f"error-{use.sentence}", use.arguments, use.family)
                    for use in sentences_of(where, code, fields)
                ]
            elif error_codes().get(name):
                found.append(Use(where, f"error-{error_codes()[name]}", fields))
    return tuple(found)


def sentences_of(where: str, node: ast.expr, arguments: frozenset[str] | None) -> list[Use]:
    match node:
        case ast.Constant(value=str(sentence)):
            return [Use(where, sentence, arguments)]
        case ast.IfExp(body=body, orelse=other):
            return sentences_of(where, body, arguments) + sentences_of(where, other, arguments)
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
            return [Use(where, start, arguments, family=True)]
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return []  # handed on: it is named where it comes from, see `strings`
        case _:
            raise AssertionError(f"{where}: name the sentence by a literal")


@cache
def error_codes() -> Mapping[str, str]:
    """The code of each class of errors in the product that sets its own."""
    codes = {}
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for line in node.body:
                    match line:
                        case ast.Assign(
                            targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))
                        ):
                            codes[node.name] = code
    return codes


@cache
def error_names() -> frozenset[str]:
    """All classes of errors in the product that derive from MynahError, by their names."""
    # A denial of a rule becomes an error, and so does the rejection of a recording.
    names = {"MynahError", "Denial", "RecordingRejected", *ERRORS}
    classes = [
        node
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    while (
        new := {
            node.name
            for node in classes
            if any(isinstance(base, ast.Name) and base.id in names for base in node.bases)
        }
        - names
    ):
        names |= new
    return frozenset(names)


@cache
def strings() -> frozenset[str]:
    """Every string in the code: an id may also be a value of a table or an argument."""
    return frozenset(
        node.value
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


# ---- the tests


def test_every_sentence_that_the_code_names_is_there_with_the_same_arguments() -> None:
    there = entries("en")
    wrong = []
    for use in uses():
        if use.family:
            if not any(name.startswith(use.sentence) for name in there):
                wrong.append(f"{use.where}: no sentence begins with {use.sentence!r}")
            continue
        entry = there.get(use.sentence)
        if entry is None:
            wrong.append(f"{use.where}: no sentence {use.sentence!r}")
        elif use.arguments is not None:
            missing = entry.variables - use.arguments
            # A front end need not show all that an error carries.
            unused = set() if use.sentence.startswith("error-") else use.arguments - entry.variables
            if missing or unused:
                wrong.append(f"{use.where}: {use.sentence}: missing {missing}, unused {unused}")
    assert not wrong, "\n".join(wrong)


def test_every_sentence_of_the_catalogue_is_used() -> None:
    families = tuple(use.sentence for use in uses() if use.family)
    used = {use.sentence for use in uses()} | strings() | {f"error-{each}" for each in strings()}
    assert [
        each for each in entries("en") if each not in used and not each.startswith(families)
    ] == []


def differences(english: Mapping[str, Entry], other: Mapping[str, Entry]) -> list[str]:
    """What keeps another language from standing in for English."""
    found = [f"missing: {name}" for name in english.keys() - other.keys()]
    found += [f"unknown: {name}" for name in other.keys() - english.keys()]
    found += [
        f"other arguments: {name}"
        for name in english.keys() & other.keys()
        if english[name].variables != other[name].variables
    ]
    return sorted(found)


@pytest.mark.parametrize(
    "language", sorted(each.name for each in FOLDER.iterdir() if any(each.glob("*.ftl")))
)
def test_every_language_has_the_sentences_of_english_with_the_same_arguments(language: str) -> None:
    assert differences(entries("en"), entries(language)) == []


def test_a_language_that_lacks_a_sentence_or_an_argument_is_found() -> None:
    english = {each.name: each for each in parsed("a = { $x }\nb = B\nc = C\n")}
    german = {each.name: each for each in parsed("a = { $y }\nb = B\nd = D\n")}
    assert differences(english, german) == ["missing: c", "other arguments: a", "unknown: d"]


@pytest.mark.parametrize("name", sorted(entries("en")))
def test_no_name_breaks_a_sentence(name: str) -> None:
    harmless = dict.fromkeys(entries("en")[name].variables, "x")
    plain = text(name, **harmless)
    for hostile in HOSTILE:
        arguments = dict.fromkeys(harmless, hostile)
        shown = text(name, **arguments)
        # What Discord would read as markup is in the sentence itself, or nowhere.
        for sign in MARKUP:
            assert unescaped(shown, sign) == unescaped(plain, sign), (sign, hostile)
        assert shown.count("\n") == plain.count("\n")
        assert not set(shown) & set("\u202e\u2066\u2069")
        assert len(shown) < 2000, "it does not fit into a message"
        lines = label(name, **arguments).splitlines()
        assert len(lines) == len(label(name, **harmless).splitlines())


def unescaped(shown: str, sign: str) -> int:
    return len(re.findall(rf"(?<!\\){re.escape(sign)}", shown.replace("\\\\", "")))


@pytest.mark.parametrize("name", sorted(entries("en")))
def test_numbers_and_markup_are_put_in_as_they_are(name: str) -> None:
    entry = entries("en")[name]
    for count in (0, 1, 2, 21, 1500):
        shown = text(name, **dict.fromkeys(entry.variables, count))
        shown_in = entry.variables - entry.chosen_by
        assert not shown_in or f"{count:,}" in shown
    marked = text(name, **{each: Markup("<@7>") for each in entry.variables})
    assert not entry.variables - entry.chosen_by or "<@7>" in marked


def test_a_missing_sentence_or_argument_is_an_error() -> None:
    with pytest.raises(SentenceError, match="no-such-sentence"):
        text("no-such-sentence")
    with pytest.raises(SentenceError, match="waiting"):
        text("error-queue-full")


def test_an_error_of_another_version_gets_a_general_sentence() -> None:
    assert code_text("of-the-future", {}) == text("error-failed")
    assert code_text("queue-full", {}) == text("error-failed")
    assert code_text("queue-full", QueueFull("", code="queue-full", waiting=3).fields) == (
        "The queue is full: 3 texts are waiting. Try again when some of them have been spoken."
    )


def test_a_language_chooses_its_own_plurals() -> None:
    polish = Catalog(
        "pl",
        """parts = { $count ->
    [one] { $count } część
    [few] { $count } części
   *[many] { $count } części (wiele)
}
""",
    )
    assert [polish.format("parts", {"count": count}) for count in (1, 3, 5)] == [
        "1 część",
        "3 części",
        "5 części (wiele)",
    ]


def test_no_sentence_is_made_when_a_file_is_imported() -> None:
    """It would be in one language for everybody."""
    early = []
    for file, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and node.value is not None:
                early += [
                    f"{file.relative_to(HOME)}:{call.lineno}"
                    for call in ast.walk(node.value)
                    if isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Name)
                    and call.func.id in naming_in(tree) - {"localized"}
                ]
    assert early == []


#: Three words that follow each other, as in a sentence.
SENTENCE: Final = re.compile(r"[A-Za-z]{2,},? [a-z]{2,},? [a-z]{2,}")


def test_no_sentence_for_people_is_in_the_code_of_the_bot() -> None:
    """Apart from what only logs and the console show: messages of errors, and log calls."""
    found = []
    for file in sorted((HOME / "bot").rglob("*.py")):
        tree = trees()[file]
        hidden = {id(each) for node in ast.walk(tree) for each in unseen(node)}
        found += [
            f"{file.relative_to(HOME)}:{node.lineno}: {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if id(node) not in hidden and SENTENCE.search(node.value)
        ]
    assert found == []


def unseen(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that no member reads."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assert():
            yield from ast.walk(node)  # a docstring, or what must be
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
            yield from ast.walk(node)
        case ast.AnnAssign(target=ast.Name(id="PERMANENT_ERRORS")):
            yield from ast.walk(node)  # what is logged of them
        case ast.Call(func=ast.Name(id=name), args=[message, *_]):
            if name in error_names() or name.endswith("Error"):
                yield from ast.walk(message)


def test_the_catalogue_is_read_once() -> None:
    assert catalog("en") is catalog("en")
