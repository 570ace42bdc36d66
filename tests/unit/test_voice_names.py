"""Permitted names of voices: names that look like what they are."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.errors import BadName
from engine.model.voice_names import MOST_CHARACTERS, check_name, name_key, public_name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada", "Ada"),
        ("  my voice ", "my voice"),
        ("my   voice", "my voice"),
        ("Ａｄａ", "Ada"),
        ("Zoë", "Zoë"),
        ("Zoe\u0308", "Zoë"),
        ("日本語", "日本語"),
        ("🎤", "🎤"),
        ("my_voice-2 (calm)", "my_voice-2 (calm)"),
        ("Dr. O'Hara!", "Dr. O'Hara!"),
        ("x" * MOST_CHARACTERS, "x" * MOST_CHARACTERS),
    ],
)
def test_names_that_are_kept(typed: str, kept: str) -> None:
    assert check_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "x" * (MOST_CHARACTERS + 1),
        "ﷺ" * 3,  # each becomes 18 characters
        "a\nb",
        "a\tb",
        "a\0b",
        "a\x1bb",
        "a\u202eb",  # right-to-left override
        "a\u2066b",
        "a\u200bb",  # zero width
        "\ufeffa",
        "a\u00adb",
        "\u3164",  # a filler
        "\u2800",
        "\u0301",  # a mark without a letter
        "\ud800",
        "\ue000",
        "@everyone",
        "@12",
        "hi @here",
        "＠everyone",
        "<@1>",
        "../../etc/passwd",
        "..\\x",
        "a/b",
        "**bold**",
        "__x__",
        "_x_",
        "||x||",
        "`x`",
        "~~x~~",
        "[x](y)",
        "# x",
    ],
)
def test_names_that_are_not(typed: str) -> None:
    with pytest.raises(BadName) as refused:
        check_name(typed)
    # Its sentence says what to do, and does not repeat the name.
    assert refused.value.code in {"name-invisible", "name-empty", "name-too-long", "name-markup"}
    assert typed not in refused.value.fields.values()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "ADA"), ("Straße", "STRASSE"), ("Ａｄａ", "ada"), (" Ada ", "ada"), ("Σας", "ΣΑΣ")],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.text(max_size=40))
def test_a_kept_name_is_short_seen_and_kept_again(typed: str) -> None:
    try:
        kept = check_name(typed)
    except BadName:
        return
    assert 1 <= len(kept) <= MOST_CHARACTERS
    assert kept.isprintable()
    assert not any(unicodedata.category(each) in ("Cc", "Cf", "Cs") for each in kept)
    assert not kept.startswith("@")
    assert check_name(kept) == kept
    assert name_key(kept) == name_key(typed)


@given(st.text(max_size=80))
def test_every_file_has_a_name_that_may_be_kept(stem: str) -> None:
    name = public_name(stem)
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("narrator_calm", "narrator_calm"),
        ("@everyone", "everyone"),
        ("**loud**", "loud"),
        ("\u202e", "voice"),
        ("_", "voice"),
        ("x" * 50, "x" * 32),
    ],
)
def test_names_of_files(stem: str, name: str) -> None:
    assert public_name(stem) == name


@pytest.mark.parametrize("unit", ["#_", "# ", "_#", "_", "\u0323\u0301", "\ufdfa", "\u200b", "x"])
def test_endless_names_pass(unit: str) -> None:
    endless = unit * 500_000  # quadratic would be minutes
    assert check_name(public_name(endless)) == public_name(unit * 256)
    with pytest.raises(BadName, match=f"{len(endless)} characters"):
        check_name(endless)
    assert name_key(endless) == name_key(unit * 256)


@pytest.mark.parametrize("letter", ["\u1f82", "\u1e1c", "각"])
def test_longest_name_may_be_typed_in_any_form(letter: str) -> None:
    name = letter * MOST_CHARACTERS
    typed = unicodedata.normalize("NFD", name)
    assert len(typed) >= 3 * MOST_CHARACTERS
    assert check_name(typed) == name
    assert name_key(typed) == name_key(name)
