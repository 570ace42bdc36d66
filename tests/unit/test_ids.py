"""Which numbers are ids, wherever they come from."""

import pytest

from engine.model.ids import LARGEST, parse_id
from engine.model.voices import voice_number

NUMBERS = {"1": 1, "12": 12, "9223372036854775807": LARGEST}
NONE = [
    *("", "0", "007", "-1", "+1", " 1", "1 ", "1\n", "1_000", "1.0", "1e3", "0x1", "one"),
    *("²", "٣", "१२", "１２", "1²", "\ud800", "9223372036854775808", "9999999999999999999"),
    "9" * 5_000,
]


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_numbers_of_64_bits_are_ids(text: str, number: int) -> None:
    assert parse_id(text) == number
    assert voice_number(f"@{text}") == number


@pytest.mark.parametrize("text", NONE)
def test_nothing_else_is(text: str) -> None:
    assert parse_id(text) is None
    assert voice_number(f"@{text}") is None


@pytest.mark.parametrize("key", ["12", "", "@", "@@12", "#12", "en-us", "\u200b@12"])
def test_other_keys_are_no_registered_voices(key: str) -> None:
    assert voice_number(key) is None
