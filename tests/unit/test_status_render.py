"""What a person sees in a status message and in the list of the queue."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.locales.escape import escape
from bot.messages.render import (
    MOST_CONTENT,
    Button,
    ButtonAction,
    GivenVoice,
    StatusMessage,
    render,
    render_queue,
)
from engine.model.engine import EngineState
from engine.model.errors import Failure
from engine.model.ids import parse_id
from engine.model.jobs import EndReason, JobState, JobView, Substitution
from engine.model.voices import Unnamed
from mynah.testing.fake_engine import fake_job

NOW = 1_800_000_000.0
CANNOT_CLONE = "This engine cannot imitate voices: spoken in its own."
LACKING = "This engine does not have that voice: spoken in its own."
FALLBACK_SPEAKS = "The speech engine is down: a simpler one speaks meanwhile, in its own voice."
FALLBACK_SPOKE = "The speech engine was down: a simpler one spoke, in its own voice."


def view(text: str = "Hello there.", **changes: Any) -> JobView:
    """A view of job 5 of member 7; `changes` go to the job or to the view, by their names."""
    job = fake_job(5, lane="1", requester="7", voice="en-us", text=text, created_at=NOW - 60)
    of_job = {name: value for name, value in changes.items() if hasattr(job, name)}
    of_view = {name: value for name, value in changes.items() if name not in of_job}
    plain = JobView(
        job=replace(job, **of_job),
        chunks=4,
        spoken=0,
        failed=0,
        seconds=0.0,
        position=1,
        eta=None,
        lane_paused=False,
    )
    return replace(plain, **of_view)


def show(shown: JobView, **options: Any) -> StatusMessage:
    return render(shown, now=NOW, **options)


def last_line(shown: JobView, **options: Any) -> str:
    return show(shown, **options).content.splitlines()[-1]


def as_seen(content: str) -> str:
    """What a reader sees of escaped text: the signs behind the backslashes, nothing invisible."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", content).replace("\u200b", "")


def test_a_message_names_who_speaks_in_which_voice_and_what() -> None:
    assert show(view(), voice="English (America)").content.splitlines() == [
        "<@7> says, in the voice English (America):",
        "> Hello there.",
        "Next in the queue.",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"position": 3}, "Place 3 in the queue."),
        ({"position": 3, "eta": NOW + 60}, "Place 3 in the queue, starts <t:1800000060:R>."),
        ({"position": 1, "eta": NOW + 11.2}, "Next in the queue, starts <t:1800000015:R>."),
        ({"position": 1, "eta": NOW - 1}, "Next in the queue, starts now."),
        ({"position": 0}, "Next in the queue."),
        ({"state": JobState.SPEAKING, "spoken": 2}, "▰▰▱▱ 2/4"),
        ({"state": JobState.SPEAKING, "spoken": 1, "failed": 1}, "▰▰▱▱ 2/4"),
        ({"state": JobState.SPEAKING, "chunks": 1}, "▱ 0/1"),
        ({"state": JobState.SPEAKING, "chunks": 40, "spoken": 39}, "▰▰▰▰▰▰▰▰▰▱ 39/40"),
    ],
)
def test_a_living_job_shows_how_far_it_is(changes: dict[str, Any], line: str) -> None:
    assert last_line(view(**changes)) == line


@pytest.mark.parametrize(
    ("changes", "options", "line"),
    [
        ({"lane_paused": True}, {}, "Paused: `/resume` goes on."),
        ({}, {"engine_state": EngineState.LOADING}, "The speech engine is loading."),
        ({}, {"engine_state": EngineState.DOWN}, "The speech engine is restarting."),
        ({}, {"note": "I am muted by the server."}, "I am muted by the server."),
    ],
)
def test_what_keeps_a_job_from_being_heard_is_said_and_no_estimate_with_it(
    changes: dict[str, Any], options: dict[str, Any], line: str
) -> None:
    shown = show(view(eta=NOW + 60, **changes), **options)
    assert shown.content.splitlines()[-2:] == ["Next in the queue.", line]
    speaking = show(view(state=JobState.SPEAKING, **changes), **options)
    assert speaking.content.splitlines()[-2:] == ["▱▱▱▱ 0/4", line]


@pytest.mark.parametrize(
    ("state", "changes", "line"),
    [
        ("completed", {"started_at": NOW, "ended_at": NOW + 12.4}, "Spoken in 12 s."),
        ("completed", {"started_at": NOW, "ended_at": NOW + 125}, "Spoken in 2 min 5 s."),
        ("completed", {"seconds": 0.3}, "Spoken in 1 s."),
        (
            "completed",
            {"seconds": 8.0, "failed": 1},
            "Spoken in 8 s; 1 part could not be spoken.",
        ),
        (
            "completed",
            {"seconds": 8.0, "failed": 3},
            "Spoken in 8 s; 3 parts could not be spoken.",
        ),
        (
            "failed",
            {"error": Failure("cannot-be-spoken")},
            "Failed: The engine cannot speak this text.",
        ),
        (
            "failed",
            {"error": Failure("older-version", {"words": "It went wrong."})},
            "Failed: “It went wrong.”",
        ),
        (
            "failed",
            {"error": Failure("no-voice-named", {"voice": "*x*"})},
            r"Failed: There is no voice “\*x\*” here. Choose one of those that are offered as you "
            "type.",
        ),
        ("failed", {}, "Failed: nothing of it could be spoken."),
        ("cancelled", {"ended_by": EndReason.SKIPPED, "ended_actor": "9"}, "Skipped by <@9>."),
        ("cancelled", {"ended_by": EndReason.STOPPED, "ended_actor": "9"}, "Stopped by <@9>."),
        (
            "cancelled",
            {"ended_by": EndReason.SKIPPED, "ended_actor": "9", "spoken": 2},
            "Skipped by <@9>; 2 of 4 parts spoken.",
        ),
        ("cancelled", {"ended_by": EndReason.SKIPPED}, "Skipped."),
        (
            "cancelled",
            {"ended_by": EndReason.DISCONNECTED},
            "Cancelled: a moderator disconnected me from the voice channel.",
        ),
        (
            "cancelled",
            {"ended_by": EndReason.LANE_GONE},
            "Cancelled: the voice channel is gone, or I was removed from the server.",
        ),
        (
            "cancelled",
            {"ended_by": EndReason.ABORTED},
            "Cancelled: Discord did not take my answer.",
        ),
        ("cancelled", {}, "Cancelled."),
        (
            "expired",
            {},
            "Expired: for too long I was in no voice channel where it could be heard.",
        ),
    ],
)
def test_an_outcome_says_what_happened(state: str, changes: dict[str, Any], line: str) -> None:
    over = view(state=JobState(state), position=0, **changes)
    assert last_line(over) == line
    assert show(over).final


def test_every_end_has_its_sentence() -> None:
    ends = [None, *EndReason]
    told = {last_line(view(state=JobState.CANCELLED, ended_by=each)) for each in ends}
    assert len(told) == len(ends)


def test_parts_are_counted() -> None:
    over = view(state=JobState.CANCELLED, ended_by=EndReason.STOPPED, spoken=1, chunks=1)
    assert last_line(over) == "Stopped; 1 of 1 part spoken."


def test_an_outcome_does_not_change_with_the_moment() -> None:
    over = view(state=JobState.COMPLETED, seconds=3.0)
    later = render(
        over, now=NOW + 9999, engine_state=EngineState.DOWN, note="I am alone in the channel."
    )
    assert later == show(over)


def test_a_living_job_can_be_skipped_and_stopped() -> None:
    assert [each.custom_id for each in show(view()).buttons] == ["mynah:skip:5", "mynah:stop:5"]
    assert not show(view()).final


def test_a_job_that_is_over_can_be_replayed_and_downloaded_once_it_was_heard() -> None:
    heard = show(view(state=JobState.COMPLETED, spoken=4))
    assert [each.label for each in heard.buttons] == ["Replay", "Download"]
    unheard = show(view(state=JobState.CANCELLED, ended_by=EndReason.SKIPPED))
    assert [each.label for each in unheard.buttons] == ["Replay"]
    assert not show(view(state=JobState.CANCELLED, ended_by=EndReason.ABORTED)).buttons


def test_every_button_has_its_name() -> None:
    labels = [Button(each, 5).label for each in ButtonAction]
    assert labels == ["Skip", "Stop", "Replay", "Download"]


@given(st.sampled_from(ButtonAction), st.integers(1, 2**63 - 1))
def test_a_button_is_known_again_by_its_custom_id(verb: ButtonAction, job_id: int) -> None:
    custom_id = Button(verb, job_id).custom_id
    start, _, typed = custom_id.rpartition(":")
    assert (start, parse_id(typed)) == (f"mynah:{verb}", job_id)
    assert len(custom_id) <= 100


def test_the_text_can_be_hidden() -> None:
    assert "Hello" not in show(view(), hide_text=True).content
    assert "Hello" not in render_queue([view()], now=NOW, hide_text=True)


def test_a_long_text_is_cut_to_two_hundred_characters() -> None:
    line = show(view(text="word " * 800)).content.splitlines()[1]
    assert line.startswith("> word word")
    assert line.endswith("…")
    assert len(line) <= 202


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (
            "**bold** _it_ ~~no~~ ||hid|| `code`",
            r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|hid\|\| \`code\`",
        ),
        ("[click](https://evil.example)", r"\[click\](https\://evil.example)"),
        ("<@123> <#5> </a:6> <t:1:R>", "\\<@\u200b123> \\<#5> \\</a:6> \\<t:1:R>"),
        ("@everyone @here", "@\u200beveryone @\u200bhere"),
        ("a\nb\r\nc\u2028d", "a b c d"),
        ("# head", r"\# head"),
        ("-# small", r"\-# small"),
        ("1. first", r"1\. first"),
        ("3.14 is pi", "3.14 is pi"),
        ("> quoted", r"\> quoted"),
        ("a\u202eb\u2066c\u200bd\x07", "abcd"),
        ("\\*", r"\\\*"),
        ("Z" + "\u0301" * 50, "Z" + "\u0301" * 4),
    ],
)
def test_nothing_in_a_text_is_more_than_text(text: str, escaped: str) -> None:
    assert escape(text, 200) == escaped


@given(st.text(st.sampled_from("ab1 *_~`|<>[]()@#-+.\\:/!&"), max_size=100))
def test_a_reader_sees_exactly_the_text(text: str) -> None:
    assert as_seen(escape(text, 200)) == " ".join(text.split())


@given(
    st.text(max_size=600),
    st.sampled_from(JobState),
    st.text(max_size=600),
    st.text(max_size=600),
    st.text(max_size=600),
)
def test_a_message_never_exceeds_what_discord_takes(
    text: str, state: JobState, voice: str, error: str, note: str
) -> None:
    failure = Failure("older-version", {"words": error + "_" * 300})
    shown = view(text=text + "*" * 300, state=state, error=failure, lane_paused=True)
    rendered = show(shown, voice=voice + "*" * 99, note=note * 9, engine_state=EngineState.DOWN)
    assert len(rendered.content) <= MOST_CONTENT
    assert "\n> " in rendered.content
    assert len(rendered.key) <= 40


@given(
    st.lists(
        st.tuples(
            st.sampled_from([JobState.QUEUED, JobState.SPEAKING, JobState.COMPLETED]),
            st.integers(0, 4),
            st.sampled_from(["a", "b"]),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_the_key_differs_exactly_when_the_message_does(
    states: list[tuple[JobState, int, str]],
) -> None:
    first, second = (show(view(text=text, state=s, spoken=n)) for s, n, text in states)
    seen_first, seen_second = ((each.content, each.buttons) for each in (first, second))
    assert (first.key == second.key) == (seen_first == seen_second)


def test_the_list_of_the_queue_begins_with_what_is_being_spoken() -> None:
    listed = render_queue(
        [
            view(text="First *one*", state=JobState.SPEAKING, position=0, spoken=1),
            view(text="Second", requester="8", position=1, eta=NOW + 10),
            view(text="Third " * 30, requester="9", position=2),
        ],
        now=NOW,
    )
    assert listed.splitlines() == [
        r"**now** ▰▱▱▱ 1/4 <@7>: First \*one\*",
        "**1.** starts <t:1800000010:R> <@8>: Second",
        "**2.** <@9>: " + ("Third " * 30)[:59] + "…",
    ]


def test_an_empty_queue_says_what_to_do() -> None:
    assert "/say" in render_queue([], now=NOW)


def test_the_list_of_a_paused_queue_says_so_and_estimates_nothing() -> None:
    listed = render_queue([view(lane_paused=True, eta=NOW + 10)], now=NOW, note="I am alone.")
    assert listed.splitlines() == [
        "Paused: `/resume` goes on.",
        "I am alone.",
        "**1.** <@7>: Hello there.",
    ]


@given(st.integers(1, 120), st.text(max_size=80))
def test_the_list_fits_one_message_and_counts_the_rest(count: int, text: str) -> None:
    views = [
        view(text=text + "*" * 60, position=place, requester="123456789012345678", eta=NOW + 60)
        for place in range(1, count + 1)
    ]
    listed = render_queue(views, now=NOW, note="n" * 500)
    assert len(listed) <= MOST_CONTENT
    shown = len([line for line in listed.splitlines() if line.startswith("**")])
    assert shown == count or listed.endswith(f"… and {count - shown} more.")


# The voice


def test_private_voice_has_no_name() -> None:
    assert "says, in a private voice:" in show(view(), voice=Unnamed.PRIVATE).content
    assert "says, in the voice Morning:" in show(view(), voice="Morning").content


@pytest.mark.parametrize("name", ["the engine's own voice", "a private voice", "none"])
def test_name_is_not_taken_for_what_it_says(name: str) -> None:
    assert f"says, in the voice {name}:" in show(view(), voice=name).content
    given = GivenVoice(name, public=False)
    assert f"says, in a member's voice, {name}:" in show(view(), voice=given).content
    given = GivenVoice(name, public=True)
    assert f"says, in the public voice {name}:" in show(view(), voice=given).content


def test_engines_own_voice_is_not_taken_for_a_name() -> None:
    assert "says, in the engine's own voice:" in show(view(), voice=Unnamed.OWN).content


@pytest.mark.parametrize(
    ("substitution", "fallback_speaks", "waiting", "over"),
    [
        (None, False, None, None),
        (Substitution.OWN_VOICE, False, CANNOT_CLONE, CANNOT_CLONE),
        (Substitution.LACKING, False, LACKING, LACKING),
        (Substitution.LACKING, True, FALLBACK_SPEAKS, LACKING),
        (None, True, FALLBACK_SPEAKS, None),  # it may have been spoken before
        (Substitution.FALLBACK, True, FALLBACK_SPEAKS, FALLBACK_SPOKE),
        (Substitution.FALLBACK, False, FALLBACK_SPOKE, FALLBACK_SPOKE),
    ],
)
def test_what_sounds_otherwise_than_wished_is_said_in_the_outcome_too(
    substitution: Substitution | None, fallback_speaks: bool, waiting: str | None, over: str | None
) -> None:
    for state, words in ((JobState.QUEUED, waiting), (JobState.COMPLETED, over)):
        shown = show(view(state=state, substitution=substitution), fallback_speaks=fallback_speaks)
        known = (CANNOT_CLONE, LACKING, FALLBACK_SPEAKS, FALLBACK_SPOKE)
        asides = {each for each in known if each in shown.content}
        assert asides == ({words} if words else set())
