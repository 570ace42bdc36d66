"""Hides secrets in text that is about to be written: to the log, or to a terminal.

Knows: the secrets that it is told, in every form in which they can stand in a line, and what
credentials look like that nobody told it of: Discord's tokens, addresses and headers that carry
some, fields that are named for one. Does not know: who writes, or where.

It hides too much rather than too little: what stands behind `Authorization:` goes to the end of
its quotes or line. Every expression is anchored at a literal or at the beginning of a run, and
never gives back what it has matched (possessive quantifiers), so that the time is linear in the
length of the text.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "[hidden]"

#: What is shorter is not taken for a secret: hiding it would hide half the log.
LEAST_SECRET: Final = 4
#: A part of a dotted token that is at least so long is hidden alone, too: its last part is a key.
_LEAST_PART: Final = 20
#: Base64 of a secret within something longer: fewer characters than this say nothing.
_LEAST_BASE64: Final = 8

#: Discord's tokens are base64url without padding.
_BASE64URL: Final = r"[A-Za-z0-9_-]"
#: A quote as it stands in a line: perhaps escaped, by JSON within JSON more than once.
_QUOTE: Final = r"\\{0,8}['\"]"
#: From a quote to the next of the same form, or to the end of the line.
_QUOTED: Final = rf"(?P<quote>{_QUOTE})(?:(?!(?P=quote))[^\n])*+"
#: Between a field's or header's name and its value: `': '`, `="`, `": [`, `', b'` of a pair.
_BETWEEN: Final = (
    rf"(?:{_QUOTE})?\s{{0,4}}(?:[:=]|,(?=\s{{0,4}}b?{_QUOTE}))\s{{0,4}}(?:b(?={_QUOTE}))?"
)
#: The end of a field's name; `DISCORD_TOKEN` and `access_token` end so, too.
_FIELD: Final = (
    r"(?:token|secret|secret[_-]?key|session[ _-]?id|passw(?:or)?d|api[_-]?key|signature)"
)

_HEADER: Final = r"(?:authorization|cookie|x-[a-z0-9-]{0,24}?(?:key|auth))"
#: What an object of JSON calls a secret.
_NAMES: Final = re.compile(rf"(?i)(?:{_FIELD}|{_HEADER})$")

#: Each with what takes its place.
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
        # Headers, in the form of HTTP, of a dictionary, of a pair.
        (
            rf"(?i)({_HEADER}{_BETWEEN})(?:{_QUOTED}|[^\s'\"\\][^\n'\"\\]*+)",
            rf"\g<1>\g<quote>{HIDDEN}",
        ),
        (r"(?i)(\b(?:Bot|Bearer|Basic)\s{1,4})[A-Za-z0-9._~+/=-]{20,}+", rf"\1{HIDDEN}"),
        (r"(?i)(\bsession )[0-9a-f]{16,64}+", rf"\1{HIDDEN}"),  # discord.py: "RESUMED session …"
        # Fields. Without quotes a value has to look like one: "the token: refused" is prose.
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
    """Hides `secrets`, and whatever looks like a credential."""

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
    """How `secret` may stand in a line: as it is, escaped, encoded, within base64."""
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
    """The characters that are the same in the base64 of every text with `data` in it: three, for
    `data` may begin at any of the three bytes that four characters stand for."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode("ascii").rstrip("=")
        first = -(-before * 8 // 6)  # the characters that hold a bit of what stands before
        last = (before + len(data)) * 8 // 6  # behind it, one may hold bits of what follows
        core = whole[first:last]
        yield from (core, core.replace("+", "-").replace("/", "_"))
