"""Hides secrets in all that a process writes to standard output and standard error.

Knows: the secrets that it is told, in every form in which they can be written; what credentials
look like that nobody told it (Discord's tokens, addresses and headers that carry some, fields named
for one); the two streams, and what Python itself writes there when nothing has caught an error.
Does not know: what may be written about an error (`error_text.py`).

Every text that this process writes passes it: the log, `print`, argparse, a library's handler.

It hides too much rather than too little: everything behind `Authorization:` goes, up to the end of
its quotes or line. Every expression begins with a literal or at the beginning of a run, and never
gives back what it has matched (possessive quantifiers), so that the time is linear in the length of
the text.
"""

import base64
import io
import json
import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Final, TextIO
from urllib.parse import quote, quote_plus

from engine.base.error_text import format_error

HIDDEN: Final = "[hidden]"

#: Shorter values do not count as secrets: hiding them would hide half the log.
LEAST_SECRET: Final = 4
#: A part of a dotted token that is at least so long is also hidden alone: the last part is a key.
_LEAST_PART: Final = 20
#: Base64 of a secret within a longer text: fewer characters than this reveal nothing.
_LEAST_BASE64: Final = 8

#: Discord's tokens are base64url without padding.
_BASE64URL: Final = r"[A-Za-z0-9_-]"
#: A quote in a line, perhaps escaped; JSON within JSON escapes it more than once.
_QUOTE: Final = r"\\{0,8}['\"]"
#: From a quote to the next of the same form, or to the end of the line.
_QUOTED: Final = rf"(?P<quote>{_QUOTE})(?:(?!(?P=quote))[^\n])*+"
#: Between a field's or header's name and its value: `': '`, `="`, `": [`, `', b'` of a pair.
_BETWEEN: Final = (
    rf"(?:{_QUOTE})?\s{{0,4}}(?:[:=]|,(?=\s{{0,4}}b?{_QUOTE}))\s{{0,4}}(?:b(?={_QUOTE}))?"
)
#: The end of a field's name, as of `DISCORD_TOKEN` and `access_token`.
_FIELD: Final = (
    r"(?:token|secret|secret[_-]?key|session[ _-]?id|passw(?:or)?d|api[_-]?key|signature)"
)

_HEADER: Final = r"(?:authorization|cookie|x-[a-z0-9-]{0,24}?(?:key|auth))"
#: The names of secrets in a JSON object.
_NAMES: Final = re.compile(rf"(?i)(?:{_FIELD}|{_HEADER})$")

#: Each with its replacement.
_SHAPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), hidden)
    for pattern, hidden in (
        # A bot's token: its id, a time, a signature. discord.com/developers, "Reference".
        (
            rf"(?<![\w-]){_BASE64URL}{{18,}}+\.{_BASE64URL}{{5,12}}+\.{_BASE64URL}{{25,}}+",
            HIDDEN,
        ),
        (rf"(?<![\w-])eyJ{_BASE64URL}{{10,}}+\.{_BASE64URL}{{10,}}+\.{_BASE64URL}{{10,}}+", HIDDEN),
        # An interaction's token is the base64 of "interaction:" and more.
        (rf"aW50ZXJhY3Rpb246{_BASE64URL}*+", HIDDEN),
        (
            r"(?i)((?:webhooks|interactions)(?:/|%2F)\d{1,30}+(?:/|%2F))[^/%\s?#'\"<>\\]++",
            rf"\1{HIDDEN}",
        ),
        # Signed addresses, as those of attachments.
        (
            r"(?i)([?&](?:hm|sig|signature|x-amz-signature|key|code)=)[^&\s'\"<>\\]++",
            rf"\1{HIDDEN}",
        ),
        (r"(://[^\s/:@'\"]{1,200}+:)[^\s/@'\"]{1,200}+(?=@)", rf"\1{HIDDEN}"),
        # Headers, as HTTP, a dictionary or a pair writes them.
        (
            rf"(?i)({_HEADER}{_BETWEEN})(?:{_QUOTED}|[^\s'\"\\][^\n'\"\\]*+)",
            rf"\g<1>\g<quote>{HIDDEN}",
        ),
        (r"(?i)(\b(?:Bot|Bearer|Basic)\s{1,4})[A-Za-z0-9._~+/=-]{20,}+", rf"\1{HIDDEN}"),
        (r"(?i)(\bsession )[0-9a-f]{16,64}+", rf"\1{HIDDEN}"),  # discord.py: "RESUMED session …"
        # Fields. Without quotes a value must look like one: "the token: refused" is prose.
        (rf"(?i)({_FIELD}{_BETWEEN}){_QUOTED}", rf"\g<1>\g<quote>{HIDDEN}"),
        (rf"(?i)({_FIELD}{_BETWEEN}\[)[\d,\s]++", rf"\1{HIDDEN}"),
        (rf"(?i)({_FIELD}=)[^\s'\"\\,;&)}}\]<>\[…]{{4,}}+", rf"\1{HIDDEN}"),
        (
            rf"(?i)({_FIELD}(?:{_QUOTE})?\s{{0,4}}[:=]\s{{0,4}})[A-Za-z0-9_.+/=~-]{{12,}}+",
            rf"\1{HIDDEN}",
        ),
    )
)


class Redactor:
    """Hides `secrets`, and everything that looks like a credential."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        # The longest first: one form may be within another.
        self._forms = tuple(sorted(forms, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """`text` with HIDDEN in place of each secret. An object of JSON in a line stays one."""
        if not text.startswith("{"):
            return self._plain(text)
        return "\n".join(self._line(line) for line in text.split("\n"))

    def _line(self, line: str) -> str:
        if not line.startswith("{"):
            return self._plain(line)
        try:
            return json.dumps(self._value(json.loads(line)))
        except (ValueError, RecursionError):
            return self._plain(line)

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self._plain(value)
            case list():
                return [self._value(each) for each in value]
            case dict():
                return {
                    self._plain(name): HIDDEN
                    if each and not isinstance(each, bool) and _NAMES.search(name)
                    else self._value(each)
                    for name, each in value.items()
                }
        return value

    def _plain(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        for pattern, hidden in _SHAPES:
            text = pattern.sub(hidden, text)
        return text


def _forms(secret: str) -> Iterator[str]:
    """How `secret` may be written: as it is, escaped, encoded, within base64."""
    if len(secret) < LEAST_SECRET:
        return
    yield secret
    yield from (part for part in secret.split(".") if len(part) >= _LEAST_PART)
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    as_json = json.dumps(secret)[1:-1]
    yield from (as_json, json.dumps(as_json)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield repr(secret)[1:-1]
    data = secret.encode("utf-8", "surrogatepass")
    yield from (repr(data)[2:-1], data.hex(), data.hex().upper())
    yield from (form for form in _within_base64(data) if len(form) >= _LEAST_BASE64)


def _within_base64(data: bytes) -> Iterator[str]:
    """The characters that the base64 of every text with `data` in it has. There are three such
    strings, because `data` may begin at any of the three bytes that four characters encode."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode("ascii").rstrip("=")
        first = -(-before * 8 // 6)  # the characters with bits of the text before
        last = (before + len(data)) * 8 // 6  # bits of the text after follow
        core = whole[first:last]
        yield from (core, core.replace("+", "-").replace("/", "_"))


# ---- the streams

#: The ends of the names of environment variables with secrets, ours and those of libraries.
_SECRET_NAMES: Final = ("TOKEN", "SECRET", "PASSWORD")
#: Characters of an unfinished line that are held back; a longer one is written in parts.
_MOST_HELD: Final = 1024 * 1024


class RedactedStream(io.TextIOBase):
    """Writes to `stream` with secrets hidden. Whole lines are written at once, so that no secret
    passes in two parts; `flush` writes what there is of a line."""

    def __init__(self, stream: TextIO, secrets: Iterable[str] = ()) -> None:
        self._stream = stream
        self._secrets = frozenset(secrets)
        self._redactor = Redactor(self._secrets)
        self._held: list[str] = []
        self._lock = threading.RLock()  # a destructor may write within a write

    def hide(self, secrets: Iterable[str]) -> None:
        """Hide these too from now on."""
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
        """Does not close the stream, which belongs to the process."""
        self.flush()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._stream.errors

    @property
    def buffer(self) -> Any:
        """For bytes, which are not redacted."""
        return self._stream.buffer


def guard_output(secrets: Iterable[str] = ()) -> None:
    """From now on hide `secrets`, those of the environment, and everything that looks like one, in
    all that is written. Can be called again with more. An error that ends the process is shown
    without its message."""
    named = (value for name, value in os.environ.items() if name.endswith(_SECRET_NAMES))
    given = [*secrets, *(value.strip() for value in named)]
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, RedactedStream):
            stream.hide(given)
        elif stream is not None:
            setattr(sys, name, RedactedStream(stream, given))
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _show_last_error


def _show_last_error(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    print(format_error(error), file=sys.stderr)
