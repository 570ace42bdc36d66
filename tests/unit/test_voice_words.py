"""What members read about voices, and what completes as they type one."""

from dataclasses import replace
from typing import Any

from bot.locales.catalog import text
from bot.messages.render import MOST_CONTENT
from bot.voices.choices import MOST_CHOICES, Registered, builtin, registered, together
from bot.voices.style_text import render_style
from bot.voices.upload_text import (
    list_line,
    render_card,
    render_consent,
    render_list,
    voice_name,
)
from engine.model.voices import OPERATOR, Scope
from mynah.testing.fake_engine import CLONING_INFO, INFO
from tests import values

REPORT = replace(values.REPORT, speech=5.5, noise=-62.4, snr=41.6, loudness=-24.0)
VOICE = replace(values.VOICE, owner="7", name="Morning", analysis=REPORT)


def card(advice: tuple[str, ...] = (), **report: Any) -> str:
    voice = replace(VOICE, analysis=replace(REPORT, **report))
    return render_card(voice, advice, CLONING_INFO)


# The answer to an upload


def test_card_tells_what_was_found_in_words() -> None:
    lines = card().splitlines()
    assert lines[0] == "**Morning** is kept, private: only you may use it."
    assert "- Speech: 5.5 s that can be used" in lines
    assert "- Noise: -62 dB, 42 dB below the speech" in lines
    assert "- Clipping: none" in lines


def test_card_tells_of_clipping_and_of_silence_between_the_words() -> None:
    words = card(clipping=0.03, noise=-120.0)
    assert "3% of it" in words
    assert "Noise: none that anyone can hear" in words


def test_card_gives_each_advice() -> None:
    assert card(("one", "two")).splitlines()[-2:] == ["**Advice:** one", "**Advice:** two"]


def test_card_says_where_the_engine_cannot_imitate() -> None:
    assert "cannot imitate voices" in render_card(VOICE, (), INFO)
    assert "cannot imitate voices" not in render_card(VOICE, (), CLONING_INFO)


def test_question_shows_the_name_without_markup() -> None:
    assert "**\\*\\*x\\*\\* @\u200beveryone**" in render_consent(
        "**x** @everyone", Scope.PRIVATE, 0
    )
    assert voice_name("a `b` c") == "a \\`b\\` c"


def test_question_shows_the_consent_that_is_kept() -> None:
    consent = text("upload-consent")
    assert "By pressing **I agree** you say" in consent
    assert f"\n{consent}\n" in render_consent("Ada", Scope.SERVER, 0)


# The list


def test_long_list_ends_with_what_is_left_out() -> None:
    voices = [replace(VOICE, name=f"Voice {number} " + "x" * 20) for number in range(100)]
    words = render_list([list_line(each, VOICE.owner) for each in voices], None)
    assert len(words) <= MOST_CONTENT
    shown = words.count("\n- ")
    assert words.endswith(f"… and {100 - shown} more; `voice` completes as you type.")


def test_list_names_the_voice_of_say() -> None:
    assert render_list([], "Morning").startswith("`/say` speaks in **Morning**.")
    assert "engine's own voice" in render_list([], None)


def test_list_says_whose_a_voice_is_and_who_may_use_it() -> None:
    shared = replace(VOICE, scope=Scope.MEMBERS, members=frozenset({"8"}))
    assert [
        list_line(VOICE, "7"),
        list_line(shared, "7"),
        list_line(replace(VOICE, scope=Scope.SERVER), "7"),
        list_line(VOICE, "7", usable=False),
        list_line(shared, "8"),
        list_line(replace(VOICE, owner=OPERATOR, scope=Scope.PUBLIC), "7"),
    ] == [
        "- **Morning** · yours, private",
        "- **Morning** · yours, shared with <@8>",
        "- **Morning** · yours, shared with a server",
        "- **Morning** · yours, cannot be used here at present",
        "- **Morning** · <@7>",
        "- **Morning** · public",
    ]


# The style


def test_style_shows_ranges_and_what_the_engine_does_not_take() -> None:
    voice = replace(VOICE, style={"temperature": 0.5, "pitch": 1.5})
    lines = render_style(voice, CLONING_INFO).splitlines()
    assert "- `temperature`: **0.5** (0.1 to 2; usually 0.8)" in lines
    assert "- `pitch`: **1.5**, which the engine that speaks now does not take" in lines
    assert "- `norm_loudness`: as the engine does (on or off; usually on)" in lines


# What completes


def offer(name: str, owner: str = "yours", key: str = "@1") -> Registered:
    return Registered(key, name, owner)


def test_best_fit_comes_first() -> None:
    voices = [offer("An Ada", key="@1"), offer("Ada", key="@2"), offer("Canada", key="@3")]
    assert [each.value for each in registered(voices, "ada")] == ["@2", "@1", "@3"]


def test_voices_complete_by_their_owner_too() -> None:
    voices = [offer("Morning", "Eve", "@1"), offer("Evening", "Bob", "@2"), offer("Noon", "yours")]
    assert [each.value for each in registered(voices, "eve")] == ["@2", "@1"]


def test_label_is_plain_and_short_enough_for_discord() -> None:
    (offered,) = registered([offer("x" * 32, "\u202e" + "y" * 200)], "")
    assert len(offered.label) <= 100
    assert "\u202e" not in offered.label


def test_engines_own_voices_fill_what_is_left() -> None:
    mine = registered([offer(f"Voice {number}", key=f"@{number}") for number in range(30)], "")
    assert len(mine) == MOST_CHOICES
    assert together(mine, builtin(INFO, "")) == mine
    assert len(together(mine[:1], builtin(INFO, ""))) == 1 + len(INFO.voices)
