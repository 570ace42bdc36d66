"""What a member reads before all their data is deleted, while messages on Discord are redacted, and
afterwards. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.locales.catalog import text
from bot.locales.escape import Markup, escape
from engine.model.voice_names import MOST_CHARACTERS

if TYPE_CHECKING:
    from engine.voices.erasure import DataSummary

#: Voices that the question names; the others are counted.
MOST_NAMED: Final = 10
#: Links that the report names; the others are counted. Ten fit into a message with their reasons.
MOST_LINKS: Final = 10


class Unreached(StrEnum):
    """Why a message cannot be redacted."""

    HIDDEN = "hidden"  # the bot cannot see its channel
    FORBIDDEN = "forbidden"
    LEFT = "left"  # the bot was removed from its server
    UNKNOWN = "unknown"  # where it is


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """A message that still shows deleted text, and why it cannot be redacted."""

    link: str | None
    why: Unreached


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionProgress:
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
    lines = []
    if summary.voices:
        names = [f"**{escape(each.name, MOST_CHARACTERS)}**" for each in summary.voices]
        lines.append(
            text(
                "mydata-question-voices",
                count=len(names),
                names=Markup(", ".join(names[:MOST_NAMED])),
                more=max(0, len(names) - MOST_NAMED),
            )
        )
    if summary.texts:
        lines.append(text("mydata-question-texts", count=summary.texts, waiting=summary.waiting))
    if summary.messages:
        lines.append(text("mydata-question-messages", count=summary.messages))
    if summary.choices:
        lines.append(text("mydata-question-choices", count=summary.choices))
    if summary.lists:
        lines.append(text("mydata-question-lists", count=summary.lists))
    first = text("mydata-question" if lines else "mydata-question-nothing")
    return "\n".join([first, *lines, text("mydata-question-log"), text("mydata-question-end")])


def render_progress(progress: RedactionProgress) -> str:
    done = progress.redacted + progress.gone
    return text("mydata-progress", done=done, total=progress.total)


def render_report(progress: RedactionProgress) -> str:
    lines = [
        text(
            "mydata-report",
            total=progress.total,
            redacted=progress.redacted,
            gone=progress.gone,
            files=progress.files,
        )
    ]
    if progress.archived:
        lines.append(text("mydata-report-archived", count=progress.archived))
    if unreached := progress.out_of_reach:
        lines.append(text("mydata-report-unreached", count=len(unreached)))
        lines.extend(map(_unreached, unreached[:MOST_LINKS]))
        if len(unreached) > MOST_LINKS:
            lines.append(text("mydata-unreached-more", count=len(unreached) - MOST_LINKS))
    lines.append(text("mydata-report-private"))
    return "\n".join(lines)


def _unreached(message: OutOfReach) -> Markup:
    link = Markup(message.link or "")
    return text("mydata-unreached", known=bool(link), link=link, reason=message.why)
