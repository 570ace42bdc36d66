"""How far the blanking of a member's messages is, in words."""

from bot.erasure.progress import (
    MOST_LINKS,
    PRIVATE_ANSWERS,
    OutOfReach,
    RedactionProgress,
    progress,
    report,
)

OUT = OutOfReach("https://discord.com/channels/1/2/3", "I may not see its channel")


def test_it_is_over_when_only_archived_threads_are_left() -> None:
    assert RedactionProgress().over
    assert RedactionProgress(blanked=3, waiting=1, archived=1).over
    assert not RedactionProgress(blanked=3, waiting=2, archived=1).over


def test_progress_counts_what_is_done_of_all() -> None:
    account = RedactionProgress(blanked=3, gone=1, waiting=5, out=(OUT,))
    assert "4 of 10 so far" in progress(account)


def test_report_says_what_was_done_and_always_what_nobody_can_reach() -> None:
    words = report(RedactionProgress(blanked=1, gone=2, files=3))
    assert "1 message blanked. 2 messages had been deleted before. 3 private files" in words
    assert PRIVATE_ANSWERS in words
    assert "out of my reach" not in words
    assert "You had no messages" in report(RedactionProgress())


def test_report_names_ten_links_and_counts_the_rest_within_a_message() -> None:
    link = "https://discord.com/channels/" + "/".join(["9" * 19] * 3)
    words = report(RedactionProgress(out=(OutOfReach(link, "I am no longer in its server"),) * 15))
    assert words.count(link) == MOST_LINKS
    assert "15 messages stand out of my reach" in words
    assert "and 5 more" in words
    assert len(words) <= 2000


def test_message_without_a_link_is_told_too() -> None:
    words = report(RedactionProgress(out=(OutOfReach(None, "I never learned where it stands"),)))
    assert "- a message: I never learned where it stands" in words
