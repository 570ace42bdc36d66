"""What a status message and the list of the queue show. Pure.

    <@7> says, in the voice English (America):
    > The text, cut to 200 characters
    Place 2 in the queue, starts <t:1800000000:R>.        ▰▰▱▱ 2/4        Spoken in 12 s.

A name is a mention, so it shows the member's current name. `allowed_mentions` in the payload keeps
it from pinging anybody.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.locales.catalog import code_text, label, text
from bot.locales.escape import Markup, escape
from engine.model.engine import EngineState
from engine.model.jobs import EndReason, JobState, JobView, Substitution
from engine.model.voices import Unnamed

MOST_CONTENT: Final = 2000  # characters, Discord's limit
MOST_TEXT: Final = 200
MOST_LISTED_TEXT: Final = 60
MOST_NAME: Final = 80
MOST_REASON: Final = 300
BAR_CELLS: Final = 10
#: Estimates are rounded up to this: they change a little all the time, and a message is not edited
#: for that.
ETA_STEP: Final = 5  # seconds


#: Why a job does not sound as its requester chose.
SUBSTITUTED: Final = {
    Substitution.OWN_VOICE: "status-cannot-clone",
    Substitution.LACKING: "status-voice-lacking",
    Substitution.FALLBACK: "status-fallback-spoke",
}


@dataclass(frozen=True, slots=True)
class GivenVoice:
    """A registered voice whose name equals that of a built-in voice, or our words for a voice.
    `public`: the operator gave it, else a member."""

    name: str
    public: bool


#: What a voice is called: a plain name, wherever a plain name cannot be misread.
Shown = str | GivenVoice | Unnamed


class ButtonAction(StrEnum):
    """What a button does. The value is part of its custom id, which outlives the process."""

    SKIP = "skip"
    STOP = "stop"
    REPLAY = "replay"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class Button:
    action: ButtonAction
    job_id: int

    @property
    def label(self) -> str:
        return label(f"status-button-{self.action}")

    @property
    def custom_id(self) -> str:
        return f"mynah:{self.action}:{self.job_id}"


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """`key` is short, stays the same over restarts, and differs exactly when the content or the
    buttons differ."""

    content: str
    buttons: tuple[Button, ...]
    final: bool
    key: str


def render(
    view: JobView,
    *,
    now: float,
    voice: Shown | None = None,
    hide_text: bool = False,
    engine_state: EngineState = EngineState.READY,
    note: str | None = None,
    fallback_speaks: bool = False,
) -> StatusMessage:
    """The status message of a job.

    `now` is in seconds since the epoch. `voice` is what the voice is called; without it, the
    voice's id is shown. `note` is a sentence that says why the job cannot be heard now.
    `fallback_speaks`: another engine speaks while the main one is down.
    An outcome depends on none of `now`, `engine_state`, `note` and `fallback_speaks`.
    """
    job = view.job
    lines: list[str] = [_says(_name(job.requester), voice or job.voice)]
    if not hide_text:
        lines.append(f"> {escape(job.text, MOST_TEXT)}")
    if fallback_speaks and not job.state.final:
        lines.append(text("status-fallback-speaks"))
    elif job.substitution is not None:
        lines.append(text(SUBSTITUTED[job.substitution]))
    if job.state.final:
        lines.append(_outcome(view))
    else:
        blockers = _blockers(view, engine_state, note)
        lines.append(_progress(view, now, estimate=not blockers))
        lines.extend(blockers)
    content, buttons = "\n".join(lines), _buttons(view)
    shown = "\n".join([content, *(button.custom_id for button in buttons)])
    digest = hashlib.blake2s(shown.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return StatusMessage(content, buttons, job.state.final, f"{job.state}:{digest}")


def render_queue(
    views: Sequence[JobView], *, now: float, hide_text: bool = False, note: str | None = None
) -> str:
    """The list of a server's jobs, in order. Jobs that do not fit are counted."""
    if not views:
        return text("queue-empty")
    lines = _blockers(views[0], EngineState.READY, note)
    estimate = not lines
    rows = [_listed(view, now, hide_text=hide_text, estimate=estimate) for view in views]
    return fitted(lines, rows, lambda count: text("queue-more", count=count))


def fitted(lines: Sequence[str], rows: Sequence[str], more: Callable[[int], str]) -> str:
    """A message of `lines`, and below them as many of `rows` as fit into it. `more` says how many
    others there are."""
    shown = list(lines)
    space = MOST_CONTENT - sum(len(line) + 1 for line in lines) - len(more(len(rows)))
    for index, row in enumerate(rows):
        space -= len(row) + 1
        if space < 0:
            return "\n".join([*shown, more(len(rows) - index)])
        shown.append(row)
    return "\n".join(shown)


def _listed(view: JobView, now: float, *, hide_text: bool, estimate: bool) -> Markup:
    who, words = _name(view.job.requester), escape(view.job.text, MOST_LISTED_TEXT)
    if view.job.state is JobState.SPEAKING:
        return text("queue-now", bar=_bar(view), who=who, hidden=hide_text, text=words)
    place = max(1, view.position)
    start, moment = _start(view, now, estimate=estimate)
    return text(
        "queue-place",
        place=place,
        start=start,
        moment=moment,
        who=who,
        hidden=hide_text,
        text=words,
    )


def _says(who: Markup, voice: Shown) -> Markup:
    match voice:
        case Unnamed():
            return text("status-says-unnamed", who=who, voice=voice)
        case GivenVoice():
            sentence = "status-says-public" if voice.public else "status-says-member"
            return text(sentence, who=who, voice=escape(voice.name, MOST_NAME))
        case _:
            return text("status-says", who=who, voice=escape(voice, MOST_NAME))


def _progress(view: JobView, now: float, *, estimate: bool) -> Markup:
    if view.job.state is JobState.SPEAKING:
        return _bar(view)
    start, moment = _start(view, now, estimate=estimate)
    if view.position <= 1:
        return text("status-next", start=start, moment=moment)
    return text("status-place", place=view.position, start=start, moment=moment)


def _start(view: JobView, now: float, *, estimate: bool) -> tuple[str, Markup]:
    """What the sentences choose by, and the moment."""
    if view.eta is None or not estimate:
        return "unknown", Markup()
    eta = math.ceil(view.eta / ETA_STEP) * ETA_STEP
    return "now" if view.eta <= now else "later", Markup(f"<t:{eta}:R>")


def _bar(view: JobView) -> Markup:
    done = view.spoken + view.failed
    cells = min(view.chunks, BAR_CELLS)
    filled = done * cells // view.chunks if view.chunks else 0
    return Markup(f"{'▰' * filled}{'▱' * (cells - filled)} {done}/{view.chunks}")


def _blockers(view: JobView, engine_state: EngineState, note: str | None) -> list[str]:
    lines: list[str] = []
    if view.lane_paused:
        lines.append(text("status-paused"))
    if engine_state is EngineState.LOADING:
        lines.append(text("status-engine-loading"))
    elif engine_state is EngineState.DOWN:
        lines.append(text("status-engine-down"))
    if note:
        lines.append(note[:MOST_REASON])
    return lines


def _outcome(view: JobView) -> Markup:
    job = view.job
    match job.state:
        case JobState.COMPLETED:
            return text("status-spoken", duration=_duration(_seconds(view)), failed=view.failed)
        case JobState.FAILED if job.error is not None:
            return text("status-failed", reason=code_text(job.error.code, job.error.fields))
        case JobState.FAILED:
            return text("status-failed-unspoken")
        case JobState.EXPIRED:
            return text("status-expired", spoken=view.spoken, parts=view.chunks)
    reason = job.ended_by or "unknown"
    if job.ended_actor and job.ended_by in (EndReason.SKIPPED, EndReason.STOPPED):
        return text(
            "status-ended-by",
            reason=reason,
            actor=_name(job.ended_actor),
            spoken=view.spoken,
            parts=view.chunks,
        )
    return text("status-ended", reason=reason, spoken=view.spoken, parts=view.chunks)


def _buttons(view: JobView) -> tuple[Button, ...]:
    job = view.job
    if not job.state.final:
        actions = [ButtonAction.SKIP, ButtonAction.STOP]
    elif job.ended_by is EndReason.ABORTED:
        actions = []
    else:
        actions = [ButtonAction.REPLAY, *([ButtonAction.DOWNLOAD] if view.spoken else [])]
    return tuple(Button(action, job.id) for action in actions)


def _seconds(view: JobView) -> float:
    job = view.job
    if job.started_at is None or job.ended_at is None:
        return view.seconds
    return job.ended_at - job.started_at


def _duration(seconds: float) -> Markup:
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return text("status-duration", minutes=minutes, seconds=rest)


def _name(who: str) -> Markup:
    """A mention, if this is a member's id; any other name as it is."""
    return Markup(f"<@{who}>") if who.isascii() and who.isdecimal() else escape(who, MOST_NAME)
