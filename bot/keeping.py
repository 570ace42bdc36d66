"""What a member reads before all that is kept of them is deleted. Pure.

Knows: words. Does not know: what is kept (it is told), what a press of the button does.
"""

from typing import TYPE_CHECKING, Final

from bot.status.escape import escape

if TYPE_CHECKING:
    from engine.voices.holding import Holdings

MOST_NAMED: Final = 10
MOST_NAME: Final = 32

LAPSED: Final = "This has lapsed. Use `/mydata delete` again: it says what is kept of you now."
GONE_HERE: Final = "I delete what I keep of you …"


def render_question(kept: "Holdings") -> str:
    """What will go, and what will not."""
    lines = ["This is deleted for good, on every server and in direct messages:"]
    if kept.voices:
        names = [f"**{escape(each.name, MOST_NAME)}**" for each in kept.voices[:MOST_NAMED]]
        more = len(kept.voices) - len(names)
        named = ", ".join(names) + (f" and {more} more" if more else "")
        lines.append(
            f"- {_many(len(kept.voices), 'voice')} of yours ({named}): recordings, consents, "
            "styles, what a speech engine derived from them, and all sound that was made in them. "
            "Jobs of others that wait in them end."
        )
    if kept.texts:
        waiting = f"; {kept.waiting} of them not spoken yet" if kept.waiting else ""
        lines.append(
            f"- {_many(kept.texts, 'text')} that you had spoken, with their sound{waiting}. "
            "Their messages on Discord are blanked."
        )
    if kept.messages:
        lines.append(
            f"- {_many(kept.messages, 'message')} still to be blanked from an earlier time."
        )
    if kept.choices:
        lines.append(f"- Your choice of a voice, {_many(kept.choices, 'time')}.")
    if kept.lists:
        lines.append(f"- Your place on the lists of {_many(kept.lists, 'voice')} of others.")
    if len(lines) == 1:
        lines = [
            "Nothing of yours is kept but your name in the trail of what was done with voices."
        ]
    lines.append("The trail keeps what was done, without your name and without your words.")
    lines.append("It cannot be undone. `/mydata export` gives you all of it first.")
    return "\n".join(lines)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
