"""Pieces: nothing lost, sentences whole, the first one short, the engine's range respected."""

import random
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import Piece, normalize, split
from engine.text.boundaries import IDEOGRAPHIC, Ends
from engine.text.split import FIRST_LONGEST, PAUSES

PROSE = (
    "The house stood at the end of the road, where the wind came in from the sea. "
    "Nobody had lived in it for years; the windows were dark, and the garden had gone wild. "
    'Mr. Smith said: "I will buy it." Then he left, and for 1,000 days nobody saw him again! '
    "Was it true? The children thought so (they always did), but their mother — who knew "
    "better — said nothing at all. It was e.g. the roof that let the rain in. "
) * 3

ANY_TEXT = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("aaabcé  ..,!?;:—\n\n\"')（）。、」1\u0301\u200d\u3000👩🚀🇩🇪क्षก\ud800"),
    ),
    max_size=400,
)


def words(text: str) -> str:
    return "".join(text.split())


def joined(pieces: list[Piece]) -> str:
    return words("".join(piece.text for piece in pieces))


@given(ANY_TEXT, st.integers(1, 60), st.integers(0, 120))
def test_no_character_is_lost_and_no_piece_is_too_long(text: str, least: int, more: int) -> None:
    pieces = split(text, least=least, most=least + more)
    assert joined(pieces) == words(text)
    assert all(0 < len(piece.text) <= least + more for piece in pieces)
    assert all(piece.text == " ".join(piece.text.split()) for piece in pieces)


@given(st.lists(st.text("abcdé.,!?", min_size=1, max_size=12), max_size=150), st.integers(1, 40))
def test_every_piece_of_ordinary_words_is_within_the_range(parts: list[str], least: int) -> None:
    text, most = " ".join(parts), 2 * least + 30
    pieces = split(text, least=least, most=most)
    assert all(len(piece.text) <= most for piece in pieces)
    if len(text) >= least and all(any(map(str.isalnum, part)) for part in parts):
        assert all(len(piece.text) >= least for piece in pieces)


@given(ANY_TEXT, st.integers(30, 100))
def test_no_word_that_fits_is_cut(text: str, most: int) -> None:
    text = re.sub(f"[，、；：—。！？．｡{IDEOGRAPHIC}]", "", text)  # these end without a space
    fitting = [word for word in text.split() if len(word) <= most]
    spoken = [word for piece in split(text, least=1, most=most) for word in piece.text.split()]
    assert not [word for word in fitting if word not in spoken]


@given(st.lists(st.sampled_from(["e\u0301\u0323", "👩🏽\u200d🚀", "🇩🇪", "क्ष", "กำ", "ü", "x"])))
def test_no_accent_and_no_emoji_comes_apart(clusters: list[str]) -> None:
    for piece in split("".join(clusters), least=1, most=20):
        assert unicodedata.category(piece.text[0])[0] != "M"
        assert piece.text[0] not in "\u200d🏽ำ"
        assert piece.text[-1] not in "\u200d\u094d"
        flags = [char for char in piece.text if "\U0001f1e6" <= char <= "\U0001f1ff"]
        assert len(flags) % 2 == 0


def test_prose_is_cut_between_sentences() -> None:
    pieces = split(PROSE, least=25, most=300)
    assert len(pieces) <= 1 + len(PROSE) // 200
    for piece in pieces[1:]:
        assert piece.text[-1] in '.!?"'
        assert piece.pause_after in (0.0, PAUSES[Ends.SENTENCE])
    assert not any(piece.text.endswith(("Mr.", "e.g.")) for piece in pieces)


@pytest.mark.parametrize(
    ("text", "first", "pause"),
    [
        (PROSE, "The house stood at the end of the road,", 0.12),
        ("Short one. " + PROSE, "Short one. The house stood at the end of the road,", 0.12),
        ("Hello there my friend! " + "word " * 80, "Hello there my friend!", 0.3),
        (
            "你好，我是小明。今天天气很好，我们去公园吧！" * 20,
            "你好，我是小明。今天天气很好，",
            0.12,
        ),
    ],
)
def test_the_first_piece_is_a_clause(text: str, first: str, pause: float) -> None:
    assert split(text, least=1, most=300)[0] == Piece(first, pause)


def test_a_first_sentence_a_little_too_long_stays_whole() -> None:
    sentence = "one of those sentences that go on without a comma until they are past the eighty"
    assert split(f"{sentence} mark. {PROSE}", least=1, most=300)[0].text == f"{sentence} mark."


def test_without_any_mark_the_first_piece_ends_with_a_word() -> None:
    pieces = split("word " * 200, least=25, most=300)
    assert len(pieces[0].text) <= FIRST_LONGEST
    assert all(set(piece.text.split()) == {"word"} for piece in pieces)


def test_the_first_piece_is_never_shorter_than_the_engine_needs() -> None:
    assert len(split(PROSE, least=100, most=300)[0].text) >= 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("Hi.", [Piece("Hi.", 0.0)]),
        (f"{'a' * 40}.\n\n{'b' * 50}.", [Piece("a" * 40 + ".", 0.5), Piece("b" * 50 + ".", 0.0)]),
        (f"{'a' * 40}. {'b' * 50}.", [Piece("a" * 40 + ".", 0.3), Piece("b" * 50 + ".", 0.0)]),
        (f"{'a' * 40}; {'b' * 50}.", [Piece("a" * 40 + ";", 0.12), Piece("b" * 50 + ".", 0.0)]),
        (f"{'a' * 40} - {'b' * 50}.", [Piece("a" * 40 + " -", 0.12), Piece("b" * 50 + ".", 0.0)]),
        (f"{'a' * 60} {'b' * 60}.", [Piece("a" * 60, 0.05), Piece("b" * 60 + ".", 0.0)]),
        ("x" * 150, [Piece("x" * 80, 0.0), Piece("x" * 70, 0.0)]),
    ],
)
def test_the_pause_tells_what_ended(text: str, expected: list[Piece]) -> None:
    assert split(text, least=1, most=100) == expected


def test_numbers_and_times_hold_together() -> None:
    text = "It costs 1,000,000 at 12:30:15 on http://example.com/a,b;c:d " * 8
    for piece in split(text, least=10, most=62):
        assert set(piece.text.split()) <= set(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "今天天气很好，我们去公园吧！" * 40,
        "これは、とても長い文章です。「はい。」と彼は言った。" * 20,
        "오늘은 날씨가 좋습니다, 그래서 공원에 갑니다. " * 20,
        "मैं ठीक हूँ। तुम कैसे हो? " * 30,
        "كيف حالك؟ أنا بخير، شكرا. " * 30,
    ],
)
def test_other_scripts_are_cut_at_their_own_marks(text: str) -> None:
    pieces = split(text, least=5, most=120)
    assert joined(pieces) == words(text)
    assert all(piece.pause_after >= PAUSES[Ends.CLAUSE] for piece in pieces[:-1])


def test_a_word_of_four_thousand_letters_is_cut_into_full_pieces() -> None:
    word = "".join(random.Random(1).choices("abcdefghijklmnop", k=4000))
    pieces = split(word, least=25, most=300)
    assert "".join(piece.text for piece in pieces) == word
    assert all(25 <= len(piece.text) <= 300 for piece in pieces)
    assert len(pieces) <= 15


def test_a_long_word_fills_the_piece_that_a_short_one_began() -> None:
    pieces = split("Look: " + "z" * 1000, least=25, most=300)
    assert all(25 <= len(piece.text) <= 300 for piece in pieces)


def test_punctuation_never_stands_alone_where_it_can_be_joined() -> None:
    pieces = split(
        "Hello there, how are you doing today? " + "- . " * 30 + PROSE, least=1, most=300
    )
    assert all(any(map(str.isalnum, piece.text)) for piece in pieces)


def test_white_space_that_the_sentence_library_stumbles_over_does_no_harm() -> None:
    assert [piece.text for piece in split("A\u3000. b", least=1, most=100)] == ["A . b"]
    assert split("\ud800 a. b", least=1, most=100)[0].text == "\ud800 a. b"


@pytest.mark.parametrize(("least", "most"), [(0, 10), (11, 10), (-1, -1)])
def test_a_range_that_no_piece_can_have_is_refused(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="a piece cannot have"):
        split("hello", least=least, most=most)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        ". ",
        '"',
        ")",
        "),",
        "e\u0301",
        "\u0301",
        "🇩",
        "😀\u200d",
        "\n",
        "<3",
        "&",
        "[[",
        "क्",
        "a\n\n",
    ],
)
def test_hostile_texts_pass_through_both_steps(unit: str) -> None:
    text = (unit * 100_000)[:100_000]  # the largest text that settings allow; quadratic is minutes
    pieces = split(text, least=25, most=300)
    assert joined(pieces) == words(text)
    said = normalize(text)
    assert joined(split(said, least=25, most=300)) == words(said)


def test_quotation_marks_in_a_long_text_pass() -> None:
    """The sentence library is quadratic in them: so many would take minutes."""
    text = "a“" * 300_000
    assert joined(split(text, least=25, most=300)) == words(text)


def test_long_paragraph_is_cut_where_its_sentences_end() -> None:
    text = " ".join(f"This is sentence {number} of very many." for number in range(1000))
    pieces = split(text, least=25, most=300)
    assert joined(pieces) == words(text)
    # One in four thousand characters may lie where the text was cut for the sentence library.
    assert sum(not piece.text.endswith("many.") for piece in pieces) <= len(text) / 4000
