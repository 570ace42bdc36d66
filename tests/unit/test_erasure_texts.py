"""The progress of the redaction of a member's messages, in words."""

from bot.erasure.texts import (
    MOST_LINKS,
    PRIVATE_ANSWERS,
    OutOfReach,
    RedactionProgress,
    render_progress,
    render_report,
)

OUT = OutOfReach("https://discord.com/channels/1/2/3", "I cannot see its channel")


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
    assert PRIVATE_ANSWERS in words
    assert "out of my reach" not in words
    assert "None of my messages" in render_report(RedactionProgress())


def test_report_names_ten_links_and_counts_the_rest_within_a_message() -> None:
    link = "https://discord.com/channels/" + "/".join(["9" * 19] * 3)
    words = render_report(
        RedactionProgress(out_of_reach=(OutOfReach(link, "I am no longer in its server"),) * 15)
    )
    assert words.count(link) == MOST_LINKS
    assert "15 messages are out of my reach" in words
    assert "and 5 more" in words
    assert len(words) <= 2000


def test_message_without_a_link_is_told_too() -> None:
    words = render_report(
        RedactionProgress(out_of_reach=(OutOfReach(None, "I do not know where it is"),))
    )
    assert "- a message: I do not know where it is" in words
