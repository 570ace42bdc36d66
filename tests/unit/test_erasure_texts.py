"""What a member reads before and after their data is deleted."""

from dataclasses import replace

import pytest

from bot.erasure.texts import (
    MOST_LINKS,
    OutOfReach,
    RedactionProgress,
    Unreached,
    render_progress,
    render_question,
    render_report,
)
from bot.locales.catalog import text
from engine.model.voice_names import MOST_CHARACTERS
from engine.voices.erasure import DataSummary
from tests.values import VOICE

OUT = OutOfReach("https://discord.com/channels/1/2/3", Unreached.HIDDEN)


def test_it_is_over_when_only_archived_threads_are_left() -> None:
    assert RedactionProgress().over
    assert RedactionProgress(redacted=3, waiting=1, archived=1).over
    assert not RedactionProgress(redacted=3, waiting=2, archived=1).over


def test_progress_counts_what_is_done_of_all() -> None:
    progress = RedactionProgress(redacted=3, gone=1, waiting=5, out_of_reach=(OUT,))
    assert "4 of 10 so far" in render_progress(progress)


def test_report_says_what_was_done_and_always_what_nobody_can_reach() -> None:
    words = render_report(RedactionProgress(redacted=1, gone=2, files=3))
    assert "your text from 1 message. 2 messages were already deleted. I deleted 3" in words
    assert text("mydata-report-private") in words
    assert "out of my reach" not in words
    assert "None of my messages" in render_report(RedactionProgress())


def test_report_names_ten_links_and_counts_the_rest_within_a_message() -> None:
    link = "https://discord.com/channels/" + "/".join(["9" * 19] * 3)
    words = render_report(RedactionProgress(out_of_reach=(OutOfReach(link, Unreached.LEFT),) * 15))
    assert words.count(link) == MOST_LINKS
    assert "15 messages are out of my reach" in words
    assert "and 5 more" in words
    assert len(words) <= 2000


def test_message_without_a_link_is_told_too() -> None:
    words = render_report(RedactionProgress(out_of_reach=(OutOfReach(None, Unreached.UNKNOWN),)))
    assert "- a message: I do not know where it is" in words


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (Unreached.HIDDEN, "I cannot see its channel"),
        (Unreached.FORBIDDEN, "I am not allowed to edit it"),
        (Unreached.LEFT, "I am no longer in its server"),
        (Unreached.UNKNOWN, "I do not know where it is"),
    ],
)
def test_report_says_why_a_message_is_out_of_reach(why: Unreached, reason: str) -> None:
    words = render_report(RedactionProgress(out_of_reach=(OutOfReach("https://x.test/1", why),)))
    assert f"- https://x.test/1: {reason}" in words.splitlines()
    assert "1 message is out of my reach" in words


def test_question_names_ten_voices_and_counts_the_rest_within_a_message() -> None:
    voices = [
        replace(VOICE, name=f"{'*' * (MOST_CHARACTERS - 2)}{number:02}") for number in range(12)
    ]
    words = render_question(
        DataSummary(voices=voices, texts=2000, waiting=9, messages=1, choices=3, lists=2)
    )
    assert "- Your 12 voices (" in words
    assert "\\*09** and 2 more)" in words
    assert "- 2,000 texts that you had spoken, with their sound; 9 of them not spoken yet." in words
    assert len(words) <= 2000


def test_question_about_one_of_each_is_in_the_singular() -> None:
    words = render_question(
        DataSummary(
            voices=[replace(VOICE, name="Ada")], texts=1, waiting=1, messages=1, choices=1, lists=1
        )
    )
    assert "- Your voice (**Ada**): recordings" in words
    assert "- 1 text that you had spoken, with its sound; it is not spoken yet." in words
    assert "- The text of 1 message that" in words
    assert "- Your choice of a voice, 1 time." in words
    assert "- Your place on the lists of 1 voice of another member." in words
