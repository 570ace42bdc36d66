"""The sentences of a language, read from its Fluent files, with the arguments that each has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl

from bot.locales.catalog import FOLDER


@dataclass(frozen=True)
class Entry:
    """A sentence of a language, with the names of the arguments that it shows or chooses by."""

    name: str
    variables: frozenset[str]
    chosen_by: frozenset[str]


@cache
def entries(language: str) -> Mapping[str, Entry]:
    found: dict[str, Entry] = {}
    for file in sorted((FOLDER / language).glob("*.ftl")):
        for entry in parsed(file.read_text(encoding="utf-8")):
            assert entry.name not in found, f"{entry.name} is there twice"
            found[entry.name] = entry
    return found


def parsed(source: str) -> Iterator[Entry]:
    for item in FluentParser(with_spans=False).parse(source).body:
        assert not isinstance(item, ftl.Junk), f"cannot be read: {item.content}"
        if isinstance(item, ftl.Message):
            yield Entry(item.id.name, frozenset(variables(item)), frozenset(selectors(item)))


def walk(node: object) -> Iterator[ftl.BaseNode]:
    if isinstance(node, ftl.BaseNode):
        yield node
        for each in vars(node).values():
            yield from walk(each)
    elif isinstance(node, list):
        for each in node:
            yield from walk(each)


def variables(node: ftl.BaseNode) -> set[str]:
    return {each.id.name for each in walk(node) if isinstance(each, ftl.VariableReference)}


def selectors(node: ftl.BaseNode) -> set[str]:
    chosen = [each for each in walk(node) if isinstance(each, ftl.SelectExpression)]
    return {name for each in chosen for name in variables(each.selector)}
