"""Discord's markup to plain words: what a reader would see, said; never an id.

This file knows Discord's markdown, mentions, custom emoji, timestamps and links. It does not know
who has which name (`Names` does), nor Unicode's emoji and what engines can speak (`engine.text`
does).

It makes one pass from left to right, in linear time: the search for a closing sign never goes back,
and every pattern is bounded or stops where it would begin again.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import Final, Protocol

from bot.timestamps import timestamp_to_words


class Names(Protocol):
    """Names for people; None for what is unknown."""

    def member(self, member_id: int) -> str | None: ...
    def role(self, role_id: int) -> str | None: ...
    def channel(self, channel_id: int) -> str | None: ...


CODE_BLOCK: Final = "code block"
SPOILER: Final = "spoiler"
#: A host that is longer than this, or has such a number in it, is not read out.
_LONGEST_HOST: Final = 60
_LONG_NUMBER: Final = re.compile(r"\d{15}")

_ID: Final = "[0-9]{1,20}"
#: What a member types between "<" and ">", and Discord shows as something else.
_ANGLE: Final = re.compile(
    rf"""<(?:
        @!?(?P<member>{_ID})
      | @&(?P<role>{_ID})
      | \#(?P<channel>{_ID})
      | /(?P<command>[^\s:<>/][^:<>\n]{{0,99}}):{_ID}
      | a?:(?P<emoji>\w{{1,32}}):{_ID}
      | t:(?P<seconds>-?[0-9]{{1,17}})(?::(?P<style>[tTdDfFsSR]))?
      | sound:[0-9]{{1,20}}:(?P<sound>{_ID})
      | id:(?P<place>customize|browse|guide|home|linked-roles)(?::{_ID})?
      | (?P<url>(?i:https?)://[^\s<>]+)
    )>""",
    re.VERBOSE,
)
_PLACES: Final = {
    "customize": "Channels and Roles",
    "browse": "Browse Channels",
    "guide": "Server Guide",
    "home": "Server Guide",
    "linked-roles": "Linked Roles",
}
_URL: Final = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)
_SHORTEST_URL: Final = len("https://a")
_AFTER_URL: Final = ".,:;!?\"')]*_~|`"
_HOST: Final = re.compile(r"https?://(?:[^\s/?#@]*@)?(?:www\.)?([^\s/?#:@]+)", re.IGNORECASE)
_TARGET: Final = re.compile(  # "](https://example.com/a_(b) "title")"
    r"""\]\([ ]?<?
        https?://[^\s()<>]+ (?: \([^\s()<>]*\) [^\s()<>]* )?
        >? (?: [ ]+ "[^"\n]{0,200}" )? [ ]?\)""",
    re.VERBOSE | re.IGNORECASE,
)
_LINE_START: Final = re.compile(r"[ \t]*+(?:>>> |> )?[ \t]*+(?:\#{1,3} +|-\# +|[-*] +)?")
_BACKTICKS: Final = re.compile(r"`+")
_SPECIAL: Final = re.compile(r"[\\`<|\[\]\n@*_~]|https?://", re.IGNORECASE)
_SPACES: Final = re.compile(r"[ \t]{2,}")
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MENTIONS: Final = {"@everyone": "everyone", "@here": "everyone here"}


def to_words(content: str, names: Names, *, now: float) -> str:
    """What a message says. Relative times refer to `now`, in seconds since the epoch.

    Spoilers and blocks of code are named, not read. Bullets, headings, quotes and emphasis lose
    their signs. Signs that mean nothing to Discord, as in snake_case or 2 * 3, stay.
    """
    return _SPACES.sub(" ", _Reader(content, names, now).read()).strip()


@dataclass(slots=True)
class _Run:
    """Signs of emphasis of one kind. The reader takes pairs of them away."""

    char: str
    length: int

    def __str__(self) -> str:
        return self.char * self.length


class _Reader:
    """The state of the one pass."""

    def __init__(self, content: str, names: Names, now: float) -> None:
        self._text = content
        self._names = names
        self._now = now
        self._out: list[str | _Run] = []
        self._open: defaultdict[str, list[_Run]] = defaultdict(list)
        self._link = (-1, -1)  # where the last masked link's text ends, and its target
        self._found: dict[str, int] = {}  # the next place of a closing sign, len(text) for none
        # Where runs of "`" begin, by their length, 3 for more.
        self._ticks: defaultdict[int, list[int]] = defaultdict(list)
        for run in _BACKTICKS.finditer(content):
            self._ticks[min(len(run[0]), 3)].append(run.start())

    def read(self) -> str:
        at = self._line_start(0)
        while at < len(self._text):
            special = _SPECIAL.search(self._text, at)
            if special is None:
                self._out.append(self._text[at:])
                break
            self._out.append(self._text[at : special.start()])
            at = self._special(special.start())
        return "".join(map(str, self._out))

    def _special(self, at: int) -> int:
        """Read what begins with the special character at `at`; return where the rest begins."""
        match self._text[at]:
            case "\\":
                return self._escape(at)
            case "`":
                return self._code(at)
            case "<":
                return self._angle(at)
            case "|":
                return self._spoiler(at)
            case "[":
                return self._link_text(at)
            case "]" if at == self._link[0]:
                return self._link[1]
            case "\n":
                self._out.append("\n")
                return self._line_start(at + 1)
            case "@":
                return self._everyone(at)
            case "*" | "_" | "~":
                return self._emphasis(at)
            case "h" | "H":
                return self._url(at)
            case char:
                return self._literal(char, at)

    def _literal(self, words: str, at: int) -> int:
        self._out.append(words)
        return at + len(words)

    def _say(self, words: str, at: int, end: int) -> int:
        """Say `words` instead of the text from `at` to `end`, apart from words beside it."""
        before, after = self._text[max(0, at - 1) : at], self._text[end : end + 1]
        left = " " if before.isalnum() or before == ">" else ""
        right = " " if after.isalnum() or after == "<" else ""
        self._out.append(f"{left}{words}{right}")
        return end

    def _next(self, sign: str, start: int) -> int:
        """The first place of `sign` from `start` on, or the text's length. `start` only grows."""
        if self._found.get(sign, -1) < start:
            found = self._text.find(sign, start)
            self._found[sign] = len(self._text) if found < 0 else found
        return self._found[sign]

    def _line_start(self, at: int) -> int:
        found = _LINE_START.match(self._text, at)
        return found.end() if found else at

    def _escape(self, at: int) -> int:
        following = self._text[at + 1 : at + 2]
        if _ANGLE.match(self._text, at + 1):
            return at + 1  # shown raw it would be an id
        if following and not following.isalnum() and not following.isspace():
            self._out.append(following)
            return at + 2
        return self._literal("\\", at)

    def _code(self, at: int) -> int:
        run = _BACKTICKS.match(self._text, at)
        assert run is not None
        kind = min(len(run[0]), 3)
        places = self._ticks[kind]
        closing = bisect_right(places, at)
        if closing == len(places):
            return self._literal(run[0], at)
        inner = self._text[run.end() : places[closing]]
        end_run = _BACKTICKS.match(self._text, places[closing])
        assert end_run is not None
        if kind == 3:
            return self._say(CODE_BLOCK, at, end_run.end())
        inner = _ANGLE.sub(self._shown, inner)
        self._out.append(_URL.sub(lambda url: _link(url[0]), inner))
        return end_run.end()

    def _angle(self, at: int) -> int:
        found = _ANGLE.match(self._text, at)
        if found is None:
            return self._literal("<", at)
        words, end = self._shown(found), found.end()
        if found["emoji"]:
            count = 1
            while (more := _ANGLE.match(self._text, self._after_blanks(end))) and (
                more["emoji"] == found["emoji"]
            ):
                count, end = count + 1, more.end()
            words = f"{count} times {words}" if count > 1 else words
        return self._say(words, at, end)

    def _after_blanks(self, at: int) -> int:
        return at + (self._text[at : at + 1] == " ")

    def _shown(self, found: re.Match[str]) -> str:
        """The words for one thing between "<" and ">"."""
        match found.lastgroup:
            case "member":
                return self._names.member(int(found["member"])) or "unknown member"
            case "role":
                return self._names.role(int(found["role"])) or "unknown role"
            case "channel":
                name = self._names.channel(int(found["channel"]))
                return _spaced(name) if name else "unknown channel"
            case "command":
                return f"slash {found['command']}"
            case "emoji":
                return _spaced(found["emoji"])
            case "sound":
                return "sound"
            case "place":
                return _PLACES[found["place"].lower()]
            case "url":
                return _link(found["url"])
            case _:
                return timestamp_to_words(int(found["seconds"]), found["style"] or "", self._now)

    def _spoiler(self, at: int) -> int:
        if self._text[at : at + 2] != "||":
            return self._literal("|", at)
        closing = self._next("||", at + 3)  # something stands between
        if closing == len(self._text):
            return self._literal("||", at)
        return self._say(SPOILER, at, closing + 2)

    def _link_text(self, at: int) -> int:
        closing = self._next("](", at + 1)
        nested = self._next("[", at + 1)
        if closing > at + 1 and closing < nested:
            target = _TARGET.match(self._text, closing)
            if target:
                self._link = (closing, target.end())
                return at + 1
        return self._literal("[", at)

    def _everyone(self, at: int) -> int:
        for mention, words in _MENTIONS.items():
            if self._text.startswith(mention, at):
                return self._say(words, at, at + len(mention))
        return self._literal("@", at)

    def _url(self, at: int) -> int:
        text_end = self._link[0] if self._link[0] > at else len(self._text)
        # No further than the text of a link: otherwise the search would go over the addresses
        # behind it, without a space between, again for each link. The shortest address is whole.
        found = _URL.match(self._text, at, max(text_end, at + _SHORTEST_URL))
        if found is None:
            return self._literal(self._text[at], at)
        url = found[0][: text_end - at].rstrip(_AFTER_URL)
        return self._say(_link(url), at, at + len(url))

    def _emphasis(self, at: int) -> int:
        char = self._text[at]
        end = at
        while self._text[end : end + 1] == char:
            end += 1
        run = _Run(char, end - at)
        self._out.append(run)
        before, after = self._text[max(0, at - 1) : at], self._text[end : end + 1]
        opens = bool(after.strip())
        closes = bool(before.strip())
        if char == "_":
            opens, closes = opens and not before.isalnum(), closes and not after.isalnum()
        elif char == "*" and before.isdigit() and after.isdigit():
            opens = closes = False
        waiting = self._open[char]
        while closes and waiting and (pairs := _pairs(waiting[-1], run)):
            waiting[-1].length -= pairs
            run.length -= pairs
            if not waiting[-1].length:
                waiting.pop()
        if opens and run.length:
            waiting.append(run)
        return end


def _pairs(opening: _Run, closing: _Run) -> int:
    """How many signs of both belong together. One "~" alone means nothing."""
    both = min(opening.length, closing.length)
    return both - both % 2 if opening.char == "~" else both


def _link(url: str) -> str:
    host = _HOST.match(url)
    if host is None or len(host[1]) > _LONGEST_HOST or _LONG_NUMBER.search(host[1]):
        return "link"
    return f"link to {host[1]}"


def _spaced(name: str) -> str:
    """A name without spaces as words: "pepe_laughHard" becomes "pepe laugh Hard"."""
    return _HUMP.sub(" ", name.replace("_", " ").replace("-", " ")).strip()
