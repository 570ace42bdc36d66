"""A style's settings are checked against the engine that speaks now."""

import pytest

from bot.locales.catalog import error_text
from engine.model.errors import BadStyle
from engine.voices.styles import checked_style
from mynah.testing.fake_engine import CLONING_INFO


def test_settings_are_changed_and_reset_one_by_one() -> None:
    style = checked_style(CLONING_INFO, {}, {"temperature": 0.5, "norm_loudness": False})
    assert style == {"temperature": 0.5, "norm_loudness": False}
    assert checked_style(CLONING_INFO, style, {"temperature": None, "top_k": 5.0}) == {
        "norm_loudness": False,
        "top_k": 5,
    }


@pytest.mark.parametrize("value", [0.05, 2.1, "warm", True, float("nan"), float("inf")])
def test_a_value_out_of_range_is_told_with_the_range_and_the_default(value: object) -> None:
    with pytest.raises(BadStyle) as refused:
        checked_style(CLONING_INFO, {}, {"temperature": value})
    assert (refused.value.code, refused.value.fields) == (
        "style-value",
        {"setting": "temperature", "kind": "number", "least": "0.1", "most": "2", "usual": "0.8"},
    )
    assert error_text(refused.value) == (
        "**temperature** takes a number from 0.1 to 2; without it, 0.8."
    )


def test_whole_numbers_and_switches_say_what_they_are() -> None:
    with pytest.raises(BadStyle, match="top_k") as refused:
        checked_style(CLONING_INFO, {}, {"top_k": 1.5})
    assert "a whole number from 1 to 2000; without it, 1000" in error_text(refused.value)
    with pytest.raises(BadStyle) as refused:
        checked_style(CLONING_INFO, {}, {"norm_loudness": 1})
    assert "on or off; without it, on" in error_text(refused.value)


def test_an_unknown_setting_is_told_with_those_that_there_are() -> None:
    with pytest.raises(BadStyle) as refused:
        checked_style(CLONING_INFO, {}, {"warmth": 1})
    assert refused.value.code == "style-unknown"
    assert refused.value.fields["settings"] == "temperature, top_k, norm_loudness"


def test_a_setting_of_another_engine_can_be_reset() -> None:
    assert checked_style(CLONING_INFO, {"warmth": 1}, {"warmth": None}) == {}


def test_before_an_engine_was_there_it_says_to_try_again() -> None:
    with pytest.raises(BadStyle) as refused:
        checked_style(None, {}, {"temperature": 1})
    assert refused.value.code == "style-engine-loading"
