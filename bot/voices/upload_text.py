"""What members read about voices: the question before an upload, the card after it, the list. Pure.

This file does not know Discord, nor how a recording is examined, nor who may use what.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.locales.escape import escape
from engine.model.engine import EngineInfo
from engine.model.voice_names import MOST_CHARACTERS
from engine.model.voices import RecordingAnalysis, Scope, Voice

MOST_CONTENT: Final = 2000  # characters, Discord's limit
MOST_ADVICE: Final = 300
#: Nobody hears noise below this.
SILENT: Final = -90.0  # decibels to full scale
CLIPPED: Final = 0.0005  # share of samples

#: What a member agrees to. It is kept with their consent, so it is complete in itself.
CONSENT: Final = "\n".join(
    (
        "By pressing **I agree** you say that this recording is of your own voice, or was made "
        "with the permission of the person who speaks in it.",
        "- What is kept: the best part of the recording, a fingerprint by which the recording is "
        "recognized, what a speech engine derives from it, and sound that is made in this voice.",
        "- Where: on the machine of this bot's operator.",
        "- For how long: until it is deleted.",
        "- How to delete it: `/voice delete`, or `/mydata delete` for all that is kept of you.",
    )
)

#: For the owner of a voice whose recording an admin froze, perhaps as another member's voice.
FROZEN_HERE: Final = (
    "An admin has frozen this recording on this server, so nobody can have text spoken in it here. "
    "It can be used elsewhere. If you think that this is a mistake, ask an admin."
)

LAPSED: Final = "This has lapsed. Upload the recording again."
REPLACED: Final = "Another upload of yours has replaced this one."
AGREED: Final = "You agreed. The answer is below."


def bold(name: str) -> str:
    """A voice's name in a sentence: "**Ada**"."""
    return f"**{escape(name, MOST_CHARACTERS)}**"


def render_consent(name: str, scope: Scope, lapses_at: float) -> str:
    """The question. `lapses_at` is in seconds since the epoch."""
    return (
        f"You are about to give me the voice {bold(name)}, {render_reach(scope)}.\n{CONSENT}\n"
        f"I fetch nothing before you agree. This lapses <t:{int(lapses_at)}:R>."
    )


def render_card(
    voice: Voice, advice: Sequence[str], info: EngineInfo | None, *, frozen: bool = False
) -> str:
    """The answer to an upload: how good the recording is, and what would make it better. `frozen`:
    the recording is frozen on the server where the member uploaded it."""
    analysis = voice.analysis
    lines = [
        f"{bold(voice.name)} is kept, {render_reach(voice.scope)}.",
        f"- Speech: {analysis.usable} that can be used",
        f"- Noise: {_noise(analysis)}",
        f"- Loudness: {analysis.loudness:.0f} LUFS; it is levelled for you",
        f"- Clipping: {_clipping(analysis)}",
    ]
    lines += [f"**Advice:** {escape(each, MOST_ADVICE)}" for each in advice]
    if info is not None and not info.clones:
        lines.append(
            "The engine that speaks now cannot imitate voices. It speaks in its own voice until "
            "the operator chooses an engine that can."
        )
    if frozen:
        lines.append(FROZEN_HERE)
    return "\n".join(lines)[:MOST_CONTENT]


def render_reach(scope: Scope) -> str:
    """Who may use a voice, as its owner reads it."""
    match scope:
        case Scope.PRIVATE:
            return "private: only you may use it"
        case Scope.SERVER:
            return "shared with this server: all its members may use it"
        case Scope.MEMBERS:
            return "shared with the members on its list"
        case Scope.PUBLIC:
            return "public"


def _noise(analysis: RecordingAnalysis) -> str:
    if analysis.noise <= SILENT:
        return "none that anyone can hear"
    return f"{analysis.noise:.0f} dB, {analysis.snr:.0f} dB below the speech"


def _clipping(analysis: RecordingAnalysis) -> str:
    if analysis.clipping <= CLIPPED:
        return "none"
    return f"{analysis.clipping:.1%} of it is louder than a recording can hold"


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list. `owner` is a mention, "yours" or "public"."""

    name: str
    owner: str
    note: str = ""


def render_list(voices: Iterable[Listed], speaking: str | None) -> str:
    """The voices that a member may use, and the number of those that do not fit. `speaking` is the
    name of the voice that `/say` uses; None: the engine's own."""
    listed = list(voices)
    lines = [
        f"`/say` speaks in {bold(speaking)}."
        if speaking is not None
        else "`/say` speaks in the engine's own voice. `/voice use` chooses another."
    ]
    if not listed:
        lines.append("You have no voice of your own yet. Give me a recording with `/voice upload`.")
    room = MOST_CONTENT - len(lines[0]) - len(_more(len(listed))) - 2
    for index, each in enumerate(listed):
        line = f"- {bold(each.name)} · {each.owner}{f', {each.note}' if each.note else ''}"
        room -= len(line) + 1
        if room < 0:
            lines.append(_more(len(listed) - index))
            break
        lines.append(line)
    return "\n".join(lines)


def _more(count: int) -> str:
    return f"… and {count} more; `voice` completes as you type."
