"""What a member reads before all their data is deleted, while messages on Discord are redacted, and
afterwards. Pure.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.voices.upload_text import bold

if TYPE_CHECKING:
    from engine.voices.erasure import DataSummary

#: Voices that the question names; the others are counted.
MOST_NAMED: Final = 10
#: Links that the report names; the others are counted. Ten fit into a message with their reasons.
MOST_LINKS: Final = 10

EXPIRED: Final = "This button has expired. Use `/mydata delete` again to see what is stored now."
DELETING: Final = "I am deleting your data …"

#: Nothing but Discord's own client can delete these.
PRIVATE_ANSWERS: Final = (
    "My private answers, which only you can see, disappear when you close Discord or dismiss them."
)


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """A message that still shows deleted text, and why it cannot be redacted."""

    link: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionProgress:
    """How far the redaction of one member's messages is."""

    redacted: int = 0
    gone: int = 0  # somebody else had deleted them
    waiting: int = 0
    archived: int = 0  # the part of `waiting` in archived threads, which may never be opened
    files: int = 0  # private files that were deleted
    out_of_reach: tuple[OutOfReach, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing is left that will be done soon."""
        return self.waiting == self.archived

    @property
    def total(self) -> int:
        return self.redacted + self.gone + self.waiting + len(self.out_of_reach)


def render_question(summary: "DataSummary") -> str:
    """What will be deleted, and what will not."""
    lines = ["This is deleted permanently, for all servers and direct messages:"]
    if summary.voices:
        names = [bold(each.name) for each in summary.voices[:MOST_NAMED]]
        more = len(summary.voices) - len(names)
        named = ", ".join(names) + (f" and {more} more" if more else "")
        voices = "voice" if len(summary.voices) == 1 else many(len(summary.voices), "voice")
        lines.append(
            f"- Your {voices} ({named}): recordings, consents, "
            "styles, what a speech engine derived from them, and all sound that was made with "
            "them. Jobs of other members that wait in these voices end."
        )
    if summary.texts:
        waiting = f"; {summary.waiting} of them not spoken yet" if summary.waiting else ""
        lines.append(
            f"- {many(summary.texts, 'text')} that you had spoken, with their sound{waiting}. "
            "The text is also removed from my messages on Discord."
        )
    if summary.messages:
        lines.append(
            f"- The text of {many(summary.messages, 'message')} that an earlier deletion could not "
            "reach yet."
        )
    if summary.choices:
        lines.append(f"- Your choice of a voice, {many(summary.choices, 'time')}.")
    if summary.lists:
        lines.append(f"- Your place on the lists of {many(summary.lists, 'voice')} of others.")
    if len(lines) == 1:
        lines = ["Nothing of yours is stored except your name in the log of changes to voices."]
    lines.append(
        "That log keeps what was done, without your name and your words. What is frozen on a "
        "server stays frozen there. If an admin has blocked you from adding voices, your id stays "
        "for that."
    )
    lines.append("This cannot be undone. Use `/mydata export` first to get a copy.")
    return "\n".join(lines)


def render_progress(progress: RedactionProgress) -> str:
    return (
        "Your data is deleted. Now I am removing your text from my messages on Discord: "
        f"{progress.redacted + progress.gone} of {progress.total} so far. "
        "If this takes longer than 15 minutes, I will send you a direct message when it is done."
    )


def render_report(progress: RedactionProgress) -> str:
    """What the member is told at the end."""
    lines = ["Your data is deleted.", _done(progress)]
    if progress.archived:
        lines.append(
            f"{_are(progress.archived)} in archived threads: I remove your text when somebody "
            "opens the thread."
        )
    if progress.out_of_reach:
        lines.append(
            f"{_are(len(progress.out_of_reach))} out of my reach. Please delete them yourself "
            "where you can:"
        )
        named = progress.out_of_reach[:MOST_LINKS]
        lines.extend(f"- {each.link or 'a message'}: {each.why}" for each in named)
        if len(progress.out_of_reach) > MOST_LINKS:
            lines.append(f"- … and {len(progress.out_of_reach) - MOST_LINKS} more")
    lines.append(PRIVATE_ANSWERS)
    return "\n".join(lines)


def _done(progress: RedactionProgress) -> str:
    if not progress.total:
        sentences = ["None of my messages on Discord had text of yours."]
    else:
        sentences = [f"I removed your text from {many(progress.redacted, 'message')}."]
    if progress.gone:
        were = "1 message was" if progress.gone == 1 else f"{progress.gone} messages were"
        sentences.append(f"{were} already deleted.")
    if progress.files:
        sentences.append(f"I deleted {many(progress.files, 'private file')}.")
    return " ".join(sentences)


def many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _are(count: int) -> str:
    return "1 message is" if count == 1 else f"{count} messages are"
