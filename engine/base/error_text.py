"""What may be written about an error: its type, its place in the code, and facts that no stranger
chooses.

Knows: which attributes of an error are safe to show: a status, a code, the system's name for it.
Does not know: who reads it.

An exception's own message is not safe, unless this code raised it: aiohttp's has the headers of its
request (with the token), discord.py's the answer of Discord, SQLAlchemy's the values of the
statement, pydantic's and json's their input. All of these may hold what members say.

    ContentTypeError (status 200, text/html)
    ClientConnectorError (ECONNREFUSED: Connection refused, at discord.com:443)
    OperationalError (SQLITE_BUSY)
"""

import errno
import os
import re
import traceback
from collections.abc import Iterator
from typing import Final

from engine.model.errors import MynahError, Refused

#: The packages whose exceptions have messages written by this code.
_OURS: Final = ("bot", "engine", "mynah")
_MOST_WORDS: Final = 500  # characters of one of our exceptions
_MOST_CHAIN: Final = 10  # causes and contexts of one error
_MOST_FRAMES: Final = 40  # of each
_MOST_IN_GROUP: Final = 5
_MOST_PLACES: Final = 6

_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9.+-]{1,50}/[A-Za-z0-9.+-]{1,50}")
_HOST: Final = re.compile(r"[A-Za-z0-9.:_-]{1,255}")


def describe(error: BaseException) -> str:
    """One line: the type of `error`, and the facts about it that are safe to show."""
    name = type(error).__name__
    if words := _own_words(error):
        return f"{name}: {words}"
    facts = ", ".join(dict.fromkeys(_facts(error)))
    return f"{name} ({facts})" if facts else name


def places(error: BaseException) -> str:
    """Where `error` was raised, in one line, the innermost place first:
    "bot.commands.jobs:202 (_skip) < bot.commands.tree:232 (_handle)". Empty if it was never
    raised."""
    found = [
        f"{frame.f_globals.get('__name__', '?')}:{line} ({frame.f_code.co_name})"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " < ".join(reversed(found[-_MOST_PLACES:]))


def own_words(error: BaseException) -> str:
    """The first line of the message of `error`. Only for errors that cannot repeat what a member
    wrote, as while an engine is loaded."""
    return str(error).partition("\n")[0][:_MOST_WORDS] or describe(error)


def format_error(error: BaseException) -> str:
    """A traceback with `describe` in place of every message, and with the source of each frame."""
    return "\n".join(_lines(error))


def _own_words(error: BaseException) -> str:
    if isinstance(error, Refused):
        return ""  # an answer to a member, which may repeat what they typed
    if isinstance(error, MynahError | ImportError) or _is_ours(error):
        return str(error).partition("\n")[0][:_MOST_WORDS]
    return ""


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in _OURS


def _facts(error: BaseException) -> Iterator[str]:
    """By the names of attributes, so that no library is imported for its exceptions."""
    own = vars(error)  # without properties: aiohttp's `code` warns that it is deprecated
    for name in ("status", "code", "returncode", "lineno", "colno"):
        value = own.get(name)
        if isinstance(value, int) and value:
            yield f"{name} {int(value)}"
    if media_type := _media_type(error):
        yield media_type
    if isinstance(sqlite := getattr(error, "sqlite_errorname", None), str):
        yield sqlite
    if isinstance(error, OSError):
        yield from _of_system(error)
    if isinstance(error, AttributeError) and isinstance(error.name, str):
        yield f"no {error.name[:100]!r} in {type(error.obj).__name__}"
    if isinstance(error, NameError) and isinstance(error.name, str):
        yield f"no {error.name[:100]!r}"
    for name in ("orig", "os_error", "certificate_error"):  # an error that a library has wrapped
        inner = getattr(error, name, None)
        if isinstance(inner, Exception):
            yield from _facts(inner)
    host, port = getattr(error, "host", None), getattr(error, "port", None)
    if isinstance(host, str) and _HOST.fullmatch(host):
        yield f"at {host}:{port}" if isinstance(port, int) else f"at {host}"


def _of_system(error: OSError) -> Iterator[str]:
    if type(error).__module__ == "ssl":
        words = (getattr(error, name, None) for name in ("reason", "verify_message"))
        yield from (each for each in words if isinstance(each, str))
    elif isinstance(getattr(error, "certificate_error", None), Exception):
        return  # aiohttp uses OpenSSL's number here, not the system's
    elif error.errno is not None and error.errno in errno.errorcode:
        yield f"{errno.errorcode[error.errno]}: {os.strerror(error.errno)}"
    elif type(error).__module__ == "socket" and error.strerror:
        yield error.strerror  # of the resolver
    if type(error).__module__ == "builtins" and isinstance(error.filename, str):
        yield f"at {error.filename[-200:]}"


def _media_type(error: BaseException) -> str | None:
    get = getattr(getattr(error, "headers", None), "get", None)
    value = get("Content-Type") if callable(get) else None
    words = value.partition(";")[0].strip() if isinstance(value, str) else ""
    return words if _MEDIA_TYPE.fullmatch(words) else None


def _lines(error: BaseException) -> Iterator[str]:
    chain = list(_chain(error))
    for link, why in reversed(chain):
        yield "Traceback (most recent call last):"
        frames = traceback.StackSummary.extract(
            traceback.walk_tb(link.__traceback__), limit=-_MOST_FRAMES
        )
        yield from "".join(frames.format()).splitlines()
        yield describe(link)
        if isinstance(link, BaseExceptionGroup):
            for number, each in enumerate(link.exceptions[:_MOST_IN_GROUP], 1):
                yield f"  {number} of {len(link.exceptions)}:"
                yield from (f"    {line}" for line in _lines(each))
        if why:
            yield from ("", why, "")


_CAUSE: Final = "The above exception was the direct cause of the following exception:"
_CONTEXT: Final = "During handling of the above exception, another exception occurred:"


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """`error`, then its causes; each with the sentence that links it to the one before."""
    seen: set[int] = set()
    link: BaseException | None = error
    why = ""
    while link is not None and id(link) not in seen and len(seen) < _MOST_CHAIN:
        seen.add(id(link))
        yield link, why
        if link.__cause__ is not None:
            link, why = link.__cause__, _CAUSE
        else:
            link, why = None if link.__suppress_context__ else link.__context__, _CONTEXT
