"""What a status message and the list of the queue show. Pure.

    <@7> says, in the voice English (America):
    > The text, cut to 200 characters
    Place 2 in the queue, starts <t:1800000000:R>.        ▰▰▱▱ 2/4        Spoken in 12 s.

A name is a mention, so it shows the member's current name. `allowed_mentions` in the payload keeps
it from pinging anybody.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.locales.catalog import code_text
from bot.locales.escape import escape
from engine.model.engine import EngineState
from engine.model.ids import parse_id
from engine.model.jobs import EndReason, Job, JobState, JobView, Substitution
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


#: What the default voice is called until the engine has said which one it is.
OWN_VOICE: Final = Unnamed.OWN
#: Why a job does not sound like the built-in voice that was chosen.
LACKING: Final = "This engine does not have that voice: spoken in its own."
#: Why a job does not sound like the registered voice that was chosen.
NO_CLONES: Final = "This engine cannot imitate voices: spoken in its own."
SPARE: Final = "The speech engine is down: a simpler one speaks meanwhile, in its own voice."
SPARE_SPOKE: Final = "The speech engine was down: a simpler one spoke, in its own voice."


@dataclass(frozen=True, slots=True)
class GivenVoice:
    """A registered voice whose name equals that of a built-in voice, or our own words for a voice.
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
        return self.action.value.capitalize()

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


_CUSTOM_ID: Final = re.compile(r"mynah:(skip|stop|replay|download):(.*)", re.DOTALL)


def parse_custom_id(custom_id: str) -> Button | None:
    """The button that has this custom id; None if it is not a button of a job."""
    found = _CUSTOM_ID.fullmatch(custom_id)
    job_id = parse_id(found[2]) if found else None
    return Button(ButtonAction(found[1]), job_id) if found and job_id is not None else None


def is_button_id(custom_id: str) -> bool:
    """Whether a custom id is that of a job's button, even if it holds no valid job id."""
    return _CUSTOM_ID.fullmatch(custom_id) is not None


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
    voice's id is shown. `note` is a sentence that says why the job cannot be heard just now.
    `fallback_speaks`: another engine speaks while the main one is down.
    An outcome depends on none of `now`, `engine_state`, `note` and `fallback_speaks`.
    """
    job = view.job
    lines = [f"{_name(job.requester)} says, in {_voice(voice or job.voice)}:"]
    if not hide_text:
        lines.append(f"> {escape(job.text, MOST_TEXT)}")
    if substitution := _substitution(job, fallback_speaks=fallback_speaks):
        lines.append(substitution)
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
        return "Nothing is waiting to be spoken. Say something with `/say`."
    lines = _blockers(views[0], EngineState.READY, note)
    estimate = not lines
    space = MOST_CONTENT - sum(len(line) + 1 for line in lines) - len(_more(len(views)))
    for index, view in enumerate(views):
        line = _listed(view, now, hide_text=hide_text, estimate=estimate)
        space -= len(line) + 1
        if space < 0:
            lines.append(_more(len(views) - index))
            break
        lines.append(line)
    return "\n".join(lines)


def _more(count: int) -> str:
    return f"… and {count} more."


def _listed(view: JobView, now: float, *, hide_text: bool, estimate: bool) -> str:
    if view.job.state is JobState.SPEAKING:
        where = f"**now** {_bar(view)}"
    else:
        where = f"**{view.position or 1}.** {_starts(view, now) if estimate else ''}".rstrip()
    words = "" if hide_text else f": {escape(view.job.text, MOST_LISTED_TEXT)}"
    return f"{where} {_name(view.job.requester)}{words}"


def _voice(voice: Shown) -> str:
    match voice:
        case Unnamed():
            return voice.value
        case GivenVoice():
            kind = "the public voice" if voice.public else "a member's voice,"
            return f"{kind} {escape(voice.name, MOST_NAME)}"
        case _:
            return f"the voice {escape(voice, MOST_NAME)}"


def _progress(view: JobView, now: float, *, estimate: bool) -> str:
    if view.job.state is JobState.SPEAKING:
        return _bar(view)
    place = f"Place {view.position} in the queue" if view.position > 1 else "Next in the queue"
    starts = _starts(view, now) if estimate else ""
    return f"{place}, {starts}." if starts else f"{place}."


def _starts(view: JobView, now: float) -> str:
    if view.eta is None:
        return ""
    eta = math.ceil(view.eta / ETA_STEP) * ETA_STEP
    return "starts now" if view.eta <= now else f"starts <t:{eta}:R>"


def _bar(view: JobView) -> str:
    done = view.spoken + view.failed
    cells = min(view.chunks, BAR_CELLS)
    filled = done * cells // view.chunks if view.chunks else 0
    return f"{'▰' * filled}{'▱' * (cells - filled)} {done}/{view.chunks}"


def _blockers(view: JobView, engine_state: EngineState, note: str | None) -> list[str]:
    lines = []
    if view.lane_paused:
        lines.append("Paused: `/resume` goes on.")
    if engine_state is EngineState.LOADING:
        lines.append("The speech engine is loading.")
    elif engine_state is EngineState.DOWN:
        lines.append("The speech engine is restarting.")
    if note:
        lines.append(note[:MOST_REASON])
    return lines


def _substitution(job: Job, *, fallback_speaks: bool) -> str | None:
    """Why a job does not sound as its requester chose."""
    if fallback_speaks and not job.state.final:
        return SPARE
    if job.substitution is Substitution.FALLBACK:
        return SPARE_SPOKE
    if job.substitution is Substitution.LACKING:
        return LACKING
    return NO_CLONES if job.substitution is Substitution.OWN_VOICE else None


def _outcome(view: JobView) -> str:
    job = view.job
    match job.state:
        case JobState.COMPLETED:
            unspoken = f"; {_parts(view.failed)} could not be spoken" if view.failed else ""
            return f"Spoken in {_duration(_seconds(view))}{unspoken}."
        case JobState.FAILED:
            reason = "nothing of it could be spoken"
            if job.error is not None:
                reason = code_text(job.error.code, job.error.fields)
            return f"Failed: {reason.rstrip('.')}."
        case JobState.EXPIRED:
            words = "Expired: for too long I was in no voice channel where it could be heard"
        case _:
            words = _cancelled(job)
    return (
        f"{words}; {view.spoken} of {_parts(view.chunks)} spoken." if view.spoken else words + "."
    )


def _cancelled(job: Job) -> str:
    by = f" by {_name(job.ended_actor)}" if job.ended_actor else ""
    match job.ended_by:
        case EndReason.SKIPPED:
            return f"Skipped{by}"
        case EndReason.STOPPED:
            return f"Stopped{by}"
        case EndReason.DISCONNECTED:
            return "Cancelled: a moderator disconnected me from the voice channel"
        case EndReason.LANE_GONE:
            return "Cancelled: the voice channel is gone, or I was removed from the server"
        case EndReason.ABORTED:
            return "Cancelled: Discord did not take my answer"
        case EndReason.VOICE_GONE:
            return "Cancelled: its voice was deleted, frozen, or is no longer shared"
        case EndReason.ERASED:
            return "Cancelled: its data was deleted"
        case None:
            return "Cancelled"


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


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _parts(count: int) -> str:
    return "1 part" if count == 1 else f"{count} parts"


def _name(who: str) -> str:
    """A mention, if this is a member's id; any other name as it is."""
    return f"<@{who}>" if who.isascii() and who.isdecimal() else escape(who, MOST_NAME)
