"""How a message is spoken: markup becomes words, and no id is ever spoken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup import to_words
from bot.timestamps import timestamp_to_words

NOW = 1_800_000_000.0  # 15 January 2027, 08:00 UTC, a Friday
ID = 123456789012345678


@dataclass(frozen=True)
class Known:
    """Names by id."""

    members: Mapping[int, str] = field(default_factory=lambda: {1: "Ann", 2: "Bob"})
    roles: Mapping[int, str] = field(default_factory=lambda: {1: "Night Crew"})
    channels: Mapping[int, str] = field(default_factory=lambda: {1: "general-chat"})

    def member(self, member_id: int) -> str | None:
        return self.members.get(member_id)

    def role(self, role_id: int) -> str | None:
        return self.roles.get(role_id)

    def channel(self, channel_id: int) -> str | None:
        return self.channels.get(channel_id)


def said(content: str) -> str:
    return to_words(content, Known(), now=NOW)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("hi <@1>!", "hi Ann!"),
        ("<@!2>, come", "Bob, come"),
        ("hi<@1>there", "hi Ann there"),
        ("<@1><@2>", "Ann Bob"),
        ("<@&1> in <#1>", "Night Crew in general chat"),
        (f"<@{ID}> <@&{ID}> <#{ID}>", "unknown member unknown role unknown channel"),
        (f"run </queue view:{ID}>", "run slash queue view"),
        ("@everyone and @here", "everyone and everyone here"),
        (f"<id:customize>, <id:guide>, <id:linked-roles:{ID}>",
         "Channels and Roles, Server Guide, Linked Roles"),
        (f"<sound:0:{ID}>", "sound"),
    ],
)  # fmt: skip
def test_a_mention_is_said_by_name(content: str, words: str) -> None:
    assert said(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"<:pepe_laugh:{ID}>", "pepe laugh"),
        (f"<a:catJam:{ID}>", "cat Jam"),
        (f"<:KEKW:{ID}> <:KEKW:{ID}><:KEKW:{ID}>", "3 times KEKW"),
        (f"a<:x:{ID}>b", "a x b"),
    ],
)
def test_a_custom_emoji_is_said_by_name_and_runs_are_counted(content: str, words: str) -> None:
    assert said(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("see https://www.example.com/a/b?c=1#d.", "see link to example.com."),
        ("HTTP://Example.com", "link to Example.com"),
        ("<https://example.com/x>", "link to example.com"),
        ("https://user:pw@example.com:8080/", "link to example.com"),
        ("[click me](https://evil.example/x)", "click me"),
        ('[**bold** <@1>](<https://evil.example> "title")', "bold Ann"),
        ("[https://good.example](https://evil.example)", "link to good.example"),
        ("[[a](https://b.example)]", "[a]"),
        ("[no](link)", "[no](link)"),
        (f"https://discord.com/channels/{ID}/{ID}", "link to discord.com"),
        (f"https://{ID}.example", "link"),
        ("**https://example.com**", "link to example.com"),
    ],
)
def test_a_link_is_said_by_its_text_or_its_host(content: str, words: str) -> None:
    assert said(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("**bold** *it* _it_ __under__ ~~gone~~", "bold it it under gone"),
        ("***both***", "both"),
        ("**a _b** c_", "a b c"),
        ("snake_case and __dunder__", "snake_case and dunder"),
        ("2 * 3 * 4 is 2*3*4", "2 * 3 * 4 is 2*3*4"),
        ("a ~ b, c~d~e", "a ~ b, c~d~e"),
        ("**open", "**open"),
        (r"\*no\* \_no\_ \||no\||", "*no* _no_ ||no||"),
        ("# Head\n## Sub\n-# small", "Head\nSub\nsmall"),
        ("> quote\n>>> more", "quote\nmore"),
        ("- one\n  * two\n3. three", "one\ntwo\n3. three"),
        ("1 > 0, a->b, -5", "1 > 0, a->b, -5"),
    ],
)
def test_signs_of_format_go_and_other_signs_stay(content: str, words: str) -> None:
    assert said(content) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("it was ||the butler|| who did", "it was spoiler who did"),
        ("||`a` **b** <@1>||", "spoiler"),
        ("a || b", "a || b"),
        ("look:\n```py\nx = 1\n```\ndone", "look:\ncode block\ndone"),
        ("call `a*b_c` or ``x`y``", "call a*b_c or x`y"),
        (f"`<@{ID}> <:x:{ID}> https://a.example/{ID}`", "unknown member x link to a.example"),
        ("a ` b", "a ` b"),
    ],
)
def test_spoilers_and_code_blocks_are_named_and_inline_code_is_read(
    content: str, words: str
) -> None:
    assert said(content) == words


def test_an_escaped_mention_is_a_mention_all_the_same() -> None:
    assert said(f"\\<@1> \\<@{ID}>") == "Ann unknown member"


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("", "15 January 2027 at 08:00 UTC"),
        (":t", "08:00 UTC"),
        (":T", "08:00:00 UTC"),
        (":d", "15 January 2027"),
        (":D", "15 January 2027"),
        (":f", "15 January 2027 at 08:00 UTC"),
        (":F", "Friday, 15 January 2027 at 08:00 UTC"),
        (":s", "15 January 2027 at 08:00 UTC"),
        (":S", "15 January 2027 at 08:00:00 UTC"),
        (":R", "now"),
    ],
)
def test_a_timestamp_is_said_in_its_style(style: str, words: str) -> None:
    assert said(f"<t:{NOW:.0f}{style}>") == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (30, "in 30 seconds"),
        (-1, "1 second ago"),
        (60, "in 1 minute"),
        (-3 * 3600, "3 hours ago"),
        (86_400, "in 1 day"),
        (40 * 86_400, "in 1 month"),
        (-800 * 86_400, "2 years ago"),
    ],
)
def test_a_relative_timestamp_counts_from_now(seconds: int, words: str) -> None:
    assert said(f"<t:{NOW + seconds:.0f}:R>") == words


@given(st.integers(-(10**17), 10**17), st.sampled_from([*"tTdDfFsSR", ""]))
def test_no_timestamp_is_too_far_away(seconds: int, style: str) -> None:
    words = timestamp_to_words(seconds, style, NOW)
    assert words
    assert not re.search(r"\d{5}", words)


PIECES = st.sampled_from(
    [
        *(f"<@{ID}>", f"<@!{ID}>", f"<@&{ID}>", f"<#{ID}>", f"<:x:{ID}>", f"<a:x_y:{ID}>"),
        *(f"</cmd sub:{ID}>", f"<sound:0:{ID}>", f"<id:linked-roles:{ID}>", f"<t:{ID // 10}:R>"),
        *(f"https://discord.com/channels/{ID}/{ID}", f"<https://x.example/{ID}>"),
        *(f"[x](https://x.example/{ID})", f"](https://x.example/{ID})"),
        *("a", " ", "\n", "\\", "`", "``", "```", "|", "||", "*", "**", "_", "~~", "[", "]", "("),
        *(")", "<", ">", "> ", "# ", "- ", "@", "@everyone", ".", "https://", "é", "1"),
    ]
)


@given(st.lists(PIECES, max_size=30))
def test_no_id_of_markup_is_ever_said(pieces: list[str]) -> None:
    assert not re.search(r"\d{15}", said("".join(pieces)))


@given(st.text(max_size=200))
def test_any_text_can_be_read(content: str) -> None:
    said(content)


@given(st.lists(st.text("abcdefgé1", min_size=1, max_size=8), max_size=20))
def test_words_without_markup_stay_as_they_are(words: list[str]) -> None:
    assert said(" ".join(words)) == " ".join(words)


@pytest.mark.parametrize(
    "unit",
    ["[", "](", "[a](", "[[a](https://x)", "`", "``a`", "||", "|", "*", "**a ", "a*", "_a_", "~~",
     "<@", "<:a:1>", "</a ", "\\", "https://", "<https://a", "> ", "\n- ", "\t", " \n", "@",
     "[a](https://x(", '](https://x "'],
)  # fmt: skip
def test_hostile_texts_pass(unit: str) -> None:
    said((unit * 100_000)[:100_000])  # quadratic would be minutes


def test_links_side_by_side_pass() -> None:
    assert said("[http://a](http://b)" * 2) == "link to alink to a"
    said("[http://a](http://b)" * 50_000)  # quadratic would be minutes
