"""A sentence by its id, with its arguments put in.

    text("queue-full", waiting=12)            in a message, where Discord reads markup
    label("button-skip")                      where it reads none: buttons, forms, completions
    error_text(error)                         the sentence for an error of the engine

The sentences are in `en/*.ftl`. An argument that is a plain string came from a person: `text`
escapes it, and leaves `Markup` and the values of enums as they are. The rules of the language say
how a number is written, and which plural it needs. `tests/unit/test_locales.py` checks every call.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from fluent.runtime import FluentBundle, FluentResource

from bot.locales.escape import Markup, escape, plain
from engine.model.errors import MynahError

log = structlog.get_logger(__name__)

ENGLISH: Final = "en"
FOLDER: Final = Path(__file__).parent
#: Characters of a person's text in a sentence, unless the caller cuts it.
MOST_ARGUMENT: Final = 300

#: True and False are "yes" and "no", for a sentence to choose by.
Argument = str | int | float | Enum


class SentenceError(Exception):
    """There is no such sentence, or an argument of it is missing."""


class Catalog:
    """All sentences of one language. `sources` are the contents of its files."""

    def __init__(self, language: str, *sources: str) -> None:
        # Without the marks that isolate directions: Discord's clients show some of them as signs,
        # and `escape` removes what would change the direction of the rest of the sentence.
        self._bundle = FluentBundle([language], use_isolating=False)
        for source in sources:
            self._bundle.add_resource(FluentResource(source))

    def format(self, sentence: str, arguments: Mapping[str, str | int | float]) -> str:
        """The sentence with this id. Raises SentenceError."""
        try:
            value = self._bundle.get_message(sentence).value
        except LookupError:
            raise SentenceError(f"no sentence {sentence!r}") from None
        assert value is not None, f"{sentence} has no value"
        words, errors = self._bundle.format_pattern(value, dict(arguments))
        if errors:
            raise SentenceError(f"{sentence}: {errors[0]}")
        assert isinstance(words, str)
        return words


@cache
def catalog(language: str) -> Catalog:
    files = sorted((FOLDER / language).glob("*.ftl"))
    return Catalog(language, *(file.read_text(encoding="utf-8") for file in files))


def text(sentence: str, /, **arguments: Argument) -> Markup:
    """The sentence with this id, for a message. Raises SentenceError."""
    return Markup(_format(sentence, arguments, escape))


def label(sentence: str, /, **arguments: Argument) -> str:
    """The sentence with this id, for a place where nothing reads markup. Raises SentenceError."""
    return _format(sentence, arguments, plain)


def error_text(error: MynahError) -> Markup:
    """What a person is told of an error."""
    return code_text(error.code, error.fields)


def error_label(error: MynahError) -> str:
    """The same for a place where nothing reads markup."""
    return _error(error.code, error.fields, plain)


def code_text(code: str, fields: Mapping[str, Argument]) -> Markup:
    """What a person is told of an error with this code and these fields."""
    return Markup(_error(code, fields, escape))


def _error(code: str, fields: Mapping[str, Argument], escaped: Callable[[str, int], str]) -> str:
    """An engine server or a database of another version may have codes and fields that this version
    does not know: they get a general sentence."""
    try:
        return _format(f"error-{code}", fields, escaped)
    except SentenceError:
        log.warning("no sentence for an error", code=code, fields=sorted(fields))
        return label("error-failed")


def _format(
    sentence: str, arguments: Mapping[str, Argument], escaped: Callable[[str, int], str]
) -> str:
    given = {name: _value(value, escaped) for name, value in arguments.items()}
    return catalog(ENGLISH).format(sentence, given)


def _value(value: Argument, escaped: Callable[[str, int], str]) -> str | int | float:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and not isinstance(value, Markup | Enum):
        return escaped(value, MOST_ARGUMENT)
    chosen = value.value if isinstance(value, Enum) else value
    assert isinstance(chosen, str | int | float)
    return chosen
