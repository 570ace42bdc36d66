"""The edge of a process: what it writes to standard output and standard error.

Knows: the two streams, and what Python itself writes there when nothing has caught an error.
Does not know: what a secret looks like (`redaction`), what may be said of an error (`describing`).

Everything in this process that writes a text there writes through it: the log, `print`, argparse,
a library's own handler.
"""

import io
import os
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, TextIO

from engine.base.error_text import format_error
from engine.base.redaction import Redactor

#: How the variables of the environment end that hold secrets, ours and those of libraries.
_SECRET_NAMES: Final = ("TOKEN", "SECRET", "PASSWORD")
#: Characters of a line without its end, above which it is written all the same.
_MOST_HELD: Final = 1024 * 1024


class RedactedStream(io.TextIOBase):
    """`stream`, with secrets hidden in what is written to it. Lines are written whole, so that a
    secret cannot slip through in two pieces; `flush` writes what there is of one."""

    def __init__(self, stream: TextIO, secrets: Iterable[str] = ()) -> None:
        self._stream = stream
        self._secrets = frozenset(secrets)
        self._redactor = Redactor(self._secrets)
        self._held: list[str] = []
        self._lock = threading.RLock()  # a destructor may write within a write

    def hide(self, secrets: Iterable[str]) -> None:
        """Hide these, too, from now on."""
        with self._lock:
            self._secrets |= frozenset(secrets)
            self._redactor = Redactor(self._secrets)

    def write(self, text: str, /) -> int:
        with self._lock:
            self._held.append(text)
            if "\n" in text:
                lines, end, rest = "".join(self._held).rpartition("\n")
                self._held = [rest] if rest else []
                self._put(lines + end)
            elif sum(map(len, self._held)) > _MOST_HELD:
                self._put_held()
        return len(text)

    def flush(self) -> None:
        with self._lock:
            self._put_held()
            self._stream.flush()

    def _put_held(self) -> None:
        held, self._held = "".join(self._held), []
        if held:
            self._put(held)

    def _put(self, text: str) -> None:
        self._stream.write(self._redactor.redact(text))

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def close(self) -> None:
        """The stream is the process's: it is left open."""
        self.flush()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._stream.errors

    @property
    def buffer(self) -> Any:
        """For bytes, which are not looked at."""
        return self._stream.buffer


def guard_output(secrets: Iterable[str] = ()) -> None:
    """Hide `secrets`, those of the environment, and whatever looks like one, in all that is written
    from now on. May be called again with more. What ends the process is shown without its words."""
    named = (value for name, value in os.environ.items() if name.endswith(_SECRET_NAMES))
    given = [*secrets, *(value.strip() for value in named)]
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, RedactedStream):
            stream.hide(given)
        elif stream is not None:
            setattr(sys, name, RedactedStream(stream, given))
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _tell_last


def _tell_last(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    print(format_error(error), file=sys.stderr)
