"""What members read about voices: the question before an upload, the card after it, the list. Pure.

This file does not know Discord, nor how a recording is analyzed, nor who may use what.
"""

from collections.abc import Collection, Sequence
from typing import Final

from bot.locales.catalog import text
from bot.locales.escape import Markup, escape
from bot.messages.render import MOST_CONTENT, fitted
from engine.model.engine import EngineInfo
from engine.model.voice_names import MOST_CHARACTERS
from engine.model.voices import OPERATOR, Scope, Voice

MOST_ADVICE: Final = 300
#: Nobody hears noise below this.
SILENT: Final = -90.0  # decibels to full scale
CLIPPED: Final = 0.0005  # share of samples
#: Members of a voice's list that a line of `/voice list` names.
MOST_LISTED: Final = 10


def voice_name(name: str) -> Markup:
    """A voice's name inside a sentence."""
    return escape(name, MOST_CHARACTERS)


def mentions(members: Collection[str], most: int) -> Markup:
    return Markup(", ".join(f"<@{each}>" for each in sorted(members)[:most]))


def render_consent(name: str, scope: Scope, lapses_at: float) -> Markup:
    """The question. `lapses_at` is in seconds since the epoch."""
    return text(
        "upload-question",
        voice=voice_name(name),
        scope=scope,
        consent=text("upload-consent"),
        when=Markup(f"<t:{int(lapses_at)}:R>"),
    )


def render_card(
    voice: Voice, advice: Sequence[str], info: EngineInfo | None, *, frozen: bool = False
) -> str:
    """The answer to an upload: how good the recording is, and what would make it better. `frozen`:
    the recording is frozen on the server where the member uploaded it."""
    analysis = voice.analysis
    lines = [
        text(
            "upload-card",
            voice=voice_name(voice.name),
            scope=voice.scope,
            speech=analysis.usable,
            silent=analysis.noise <= SILENT,
            noise=round(analysis.noise),
            snr=round(analysis.snr),
            loudness=round(analysis.loudness),
            clips=analysis.clipping > CLIPPED,
            clipping=round(100 * analysis.clipping, 1),
        )
    ]
    lines += [text("upload-advice", advice=escape(each, MOST_ADVICE)) for each in advice]
    if info is not None and not info.clones:
        lines.append(text("upload-no-cloning"))
    if frozen:
        lines.append(text("voice-frozen-here"))
    return "\n".join(lines)[:MOST_CONTENT]


def list_line(voice: Voice, member: str, *, usable: bool = True) -> Markup:
    """A line of this member's list. `usable`: they may use the voice here."""
    name = voice_name(voice.name)
    if voice.owner == OPERATOR:
        return text("voice-list-public", voice=name)
    if voice.owner != member:
        return text("voice-list-other", voice=name, owner=mentions([voice.owner], 1))
    return text(
        "voice-list-own",
        voice=name,
        usable=usable,
        scope=voice.scope,
        count=len(voice.members),
        members=mentions(voice.members, MOST_LISTED),
    )


def render_list(listed: Sequence[str], speaking: str | None) -> str:
    """The voices that a member may use, a line each, and the number of those that do not fit.
    `speaking` is the name of the voice that `/say` uses; None: the engine's own."""
    if speaking is not None:
        lines = [text("voice-list-speaking", voice=voice_name(speaking))]
    else:
        lines = [text("voice-list-engine")]
    if not listed:
        lines.append(text("voice-list-empty"))
    return fitted(lines, listed, lambda count: text("voice-list-more", count=count))
