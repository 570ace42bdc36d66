"""What a member reads before all that is kept of them is deleted. Pure.

Knows: words. Does not know: what is kept (it is told), what a press of the button does.
"""

from typing import TYPE_CHECKING, Final

from bot.erasure.progress import many
from bot.voices.upload_text import bold

if TYPE_CHECKING:
    from engine.voices.data_summary import DataSummary

MOST_NAMED: Final = 10

LAPSED: Final = "This has lapsed. Use `/mydata delete` again: it says what is kept of you now."
GONE_HERE: Final = "I delete what I keep of you …"


def render_question(kept: "DataSummary") -> str:
    """What will go, and what will not."""
    lines = ["This is deleted for good, on every server and in direct messages:"]
    if kept.voices:
        names = [bold(each.name) for each in kept.voices[:MOST_NAMED]]
        more = len(kept.voices) - len(names)
        named = ", ".join(names) + (f" and {more} more" if more else "")
        lines.append(
            f"- {many(len(kept.voices), 'voice')} of yours ({named}): recordings, consents, "
            "styles, what a speech engine derived from them, and all sound that was made in them. "
            "Jobs of others that wait in them end."
        )
    if kept.texts:
        waiting = f"; {kept.waiting} of them not spoken yet" if kept.waiting else ""
        lines.append(
            f"- {many(kept.texts, 'text')} that you had spoken, with their sound{waiting}. "
            "Their messages on Discord are blanked."
        )
    if kept.messages:
        lines.append(
            f"- {many(kept.messages, 'message')} still to be blanked from an earlier time."
        )
    if kept.choices:
        lines.append(f"- Your choice of a voice, {many(kept.choices, 'time')}.")
    if kept.lists:
        lines.append(f"- Your place on the lists of {many(kept.lists, 'voice')} of others.")
    if len(lines) == 1:
        lines = [
            "Nothing of yours is kept but your name in the trail of what was done with voices."
        ]
    lines.append(
        "The trail keeps what was done, without your name and without your words. What is frozen "
        "on a server stays frozen there, and where an admin has barred you from giving voices, "
        "your id stays for that."
    )
    lines.append("It cannot be undone. `/mydata export` gives you all of it first.")
    return "\n".join(lines)
