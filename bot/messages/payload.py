"""A rendered status message as Discord's payload, and the facts that the pure renderer is given:
the names of voices, the engine's state, the time.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.discord_io.replies import name_commands
from bot.discord_io.rest import QUIET
from bot.locales.catalog import label
from bot.messages.render import Button, ButtonAction, GivenVoice, Shown, StatusMessage, render
from engine.base.clock import Clock
from engine.model.jobs import Job, JobView
from engine.model.voice_names import built_in, name_key
from engine.model.voices import OPERATOR, Unnamed
from engine.queue import FrontEndQueue
from engine.voices.selection import Selection

ACTION_ROW: Final = 1
BUTTON: Final = 2
SECONDARY: Final = 2
DANGER: Final = 4

#: The content of a job's message; the second argument says why the job cannot be heard now.
Render = Callable[[JobView, str | None], Awaitable[StatusMessage]]


def message_payload(rendered: StatusMessage) -> Mapping[str, Any]:
    """The body of a send or an edit. It pings nobody and embeds no links."""
    row = {"type": ACTION_ROW, "components": [_button(button) for button in rendered.buttons]}
    components = [row] if rendered.buttons else []
    return {"content": rendered.content, **QUIET, "components": components}


def _button(button: Button) -> dict[str, Any]:
    return {
        "type": BUTTON,
        "style": DANGER if button.action is ButtonAction.STOP else SECONDARY,
        "label": button.label,
        "custom_id": button.custom_id,
    }


def builtin_name(speech: FrontEndQueue, voice: str) -> str | None:
    """The name of a built-in voice. None while the engine is not known yet, or if it has no such
    voice."""
    voices = speech.info.voices if speech.info is not None else ()
    return next((each.name for each in voices if each.id == voice), None)


def _is_reserved(name: str) -> bool:
    """Whether a message says the same in place of a voice's name."""
    words = (label(f"status-unnamed-{each.value}") for each in Unnamed)
    return name_key(name) in map(name_key, words)


async def _shown_voice(speech: FrontEndQueue, selection: Selection, job: Job) -> Shown:
    """What the message calls a job's voice. What the voice is decides, never its name."""
    info = speech.info
    if job.reference is not None:
        name = await selection.shown_name(job.voice, job.lane)
        if not isinstance(name, str):
            return name or Unnamed.PRIVATE
        if built_in(info, name) is None and not _is_reserved(name):
            return name
        given = await selection.get(job.voice)
        return GivenVoice(name, public=given is not None and given.owner == OPERATOR)
    voice = job.voice or (info.default_voice if info is not None else "")
    return builtin_name(speech, voice) or voice or Unnamed.OWN


def renderer(
    speech: FrontEndQueue, selection: Selection, clock: Clock, *, hide_text: bool, group: str | None
) -> Render:
    """`render`, given all that does not depend on the job. It asks each time: the
    members who may read the name of a voice change."""

    async def rendered(view: JobView, note: str | None) -> StatusMessage:
        shown = render(
            view,
            now=clock.time(),
            voice=await _shown_voice(speech, selection, view.job),
            hide_text=hide_text,
            engine_state=speech.engine_state,
            note=note,
            fallback_speaks=speech.fallback_speaks,
        )
        return replace(shown, content=name_commands(shown.content, group))

    return rendered
