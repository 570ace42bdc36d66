"""An engine's input: nothing invisible, nothing endless, nothing that it takes for markup."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import normalize, speakable
from engine.text.normalize import MOST_DIACRITICS, PARAGRAPH

SPITEFUL = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "aA1 .,!?<>[]&;/'\"\n\r\t\u0301\u0323\u200b\u200c\u200d\ufe0f\u20e3\u202e\u2066\u3000"
            "😀❤👍🏽👨👩🇩🇪1️⃣کमक्字。、𝓗Ｈﬁ①ﷺ\u1160\u3164\ufeff\x00\x1b\ud800"
        ),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, world.", "Hello, world."),
        ("  too   many\tspaces\u00a0here\u3000 ", "too many spaces here"),
        ("cafe\u0301", "café"),
        ("he\u200bl\u00adl\ufeffo", "hello"),
        ("\u202eevil\u202c \u2066text\u2069", "evil text"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("𝓗𝓮𝓵𝓵𝓸 Ｗｏｒｌｄ ①②", "Hello World 12"),
        ("ﬁne ｶﾞ", "fine ガ"),
        ("น้ำ", "น้ำ"),
        ("\ud800lone", "lone"),
    ],
)
def test_invisible_and_fancy_characters_become_plain_ones(text: str, said: str) -> None:
    assert normalize(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("he\u200cllo", "hello"),
        ("می\u200c خواهم", "می خواهم"),
    ],
)
def test_joiners_stay_only_inside_words_of_scripts_that_need_them(text: str, said: str) -> None:
    assert normalize(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[h@'loU]]", "h@'loU"),
        ("<speak>Hi<break time='9s'/></speak>", "Hi"),
        ("[laugh] well", "laugh well"),
        ("I <3 you", "I heart you"),
        ("3 < 5 and 7>2", "3 less than 5 and 7 greater than 2"),
        ("R&D", "R & D"),
        ("&lt;speak&gt;", "& lt;speak & gt;"),
        ("snake_case {x} |y|", "snake case x y"),
    ],
)
def test_markup_of_engines_is_taken_apart_and_its_words_stay(text: str, said: str) -> None:
    result = normalize(text)
    if "speak>" in text:
        assert "Hi" in result.split()
    else:
        assert result == said
    assert not set("<>[]{}") & set(result)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Nooooooooo!!!!!!", "Noooo!"),
        ("what?!?!?!?!", "what?!"),
        ("wait........ what", "wait... what"),
        ("1000000", "1000000"),
        ("C++ is -- fine", "C++ is -- fine"),
        ("====== a", "== a"),
        ("哈哈哈哈哈哈哈哈", "哈哈哈哈"),
        ("Schifffahrt", "Schifffahrt"),
        ("2" * 500, "2" * 20),
    ],
)
def test_repetition_without_end_ends(text: str, said: str) -> None:
    assert normalize(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("😀", "grinning face"),
        ("hi😀there", "hi grinning face there"),
        ("😀😀 😀", "3 times grinning face"),
        ("❤️❤", "2 times red heart"),
        ("👍🏽", "thumbs up"),
        ("👨‍👩‍👧", "family man woman girl"),
        ("🇩🇪", "flag of Germany"),
        ("🇭 🇮", "H I"),
        (
            "😀😂🥰😎🤔🙃🙃😴",
            "grinning face, face with tears of joy, smiling face with hearts, "
            "smiling face with sunglasses, thinking face, and 3 more emoji",
        ),
    ],
)
def test_emoji_are_said_by_name_and_runs_are_counted(text: str, said: str) -> None:
    assert normalize(text) == said


def test_a_text_of_thousands_of_emoji_stays_short() -> None:
    assert len(normalize("a😀" * 2000)) < 2 * 4000
    assert len(normalize("😀😂" * 2000)) < 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one\ntwo", "one. two"),
        ("one,\ntwo", "one, two"),
        ("one!\r\ntwo\n", "one! two"),
        ('"one."\ntwo', '"one." two'),
        ("one\n\n\ntwo", f"one.{PARAGRAPH}two"),
        ("one\n---\ntwo", f"one.{PARAGRAPH}two"),
        ("你好\n世界", "你好。 世界"),
        ("one\u2028two", "one. two"),
    ],
)
def test_line_ends_become_ends_of_sentences(text: str, said: str) -> None:
    assert normalize(text) == said


@pytest.mark.parametrize(
    "text", ["", " \n ", "?!", "…", "***", "->", "\u200b", "\u3164", "\u1160\uffa0", "\u0301", "⠀"]
)
def test_what_holds_no_letter_or_digit_is_not_speakable(text: str) -> None:
    assert not speakable(text)
    assert normalize(text) == ""


@pytest.mark.parametrize("text", ["a", "7", "字", "ก", "न", "é", "😀", "٣", "½", "אָ"])
def test_a_letter_or_digit_of_any_script_is_speakable(text: str) -> None:
    assert speakable(normalize(text))


def test_marks_without_end_are_cut_to_what_a_script_needs() -> None:
    piled = unicodedata.normalize("NFD", normalize("z" + "\u0315\u0301\u0323" * 1500 + "o"))
    assert piled[0] == "z"
    assert piled[-1] == "o"
    assert len(piled) == 2 + MOST_DIACRITICS
    assert normalize("Việt Nam") == "Việt Nam"
    assert normalize("בְּרֵאשִׁ֖ית") == unicodedata.normalize("NFC", "בְּרֵאשִׁ֖ית")


@given(SPITEFUL)
def test_the_result_is_clean_whatever_came_in(text: str) -> None:
    said = normalize(text)
    assert said == unicodedata.normalize("NFC", said)
    assert not set("<>[]{}|\\^`~_\r\t") & set(said)
    assert "  " not in said
    assert said == said.strip()
    assert speakable(said) or said == ""
    for char in said.replace("\u200c", "").replace("\u200d", "").replace("\n", ""):
        assert unicodedata.category(char)[0] != "C"
    said.encode("utf-8")


@given(SPITEFUL)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalize(text)
    assert normalize(once) == once


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=4))
def test_plain_words_pass_unchanged(word: str) -> None:
    assert normalize(f"The word {word}, said twice.") == f"The word {word}, said twice."
