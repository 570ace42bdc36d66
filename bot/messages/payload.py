"""A rendered status as a message of Discord's, and the words that the renderer lacks.

Knows: Discord's message and component payloads, the names of voices. Does not know: when a
message is sent, or to where.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.discord_io.replies import name_commands
from bot.discord_io.rest import MESSAGE_FLAG_SUPPRESS_EMBEDS
from bot.messages.render import Button, ButtonAction, GivenVoice, Shown, StatusMessage, render
from engine.base.clock import Clock
from engine.model.builtin_voices import built_in
from engine.model.jobs import Job, JobView
from engine.model.voice_names import name_key
from engine.model.voices import OPERATOR, Unnamed
from engine.queue import FrontEndQueue
from engine.voices.registry import VoiceRegistry

ACTION_ROW: Final = 1
BUTTON: Final = 2
SECONDARY: Final = 2
DANGER: Final = 4
#: What is said where a name is not, as names are compared.
_OURS: Final = frozenset(name_key(each.value) for each in Unnamed)


def message_payload(rendered: StatusMessage) -> Mapping[str, Any]:
    """The body of a send or an edit: it pings nobody and unfurls nothing."""
    return {
        "content": rendered.content,
        "flags": MESSAGE_FLAG_SUPPRESS_EMBEDS,
        "allowed_mentions": {"parse": []},
        "components": [
            {"type": ACTION_ROW, "components": [_button(button) for button in rendered.buttons]}
        ]
        if rendered.buttons
        else [],
    }


def _button(button: Button) -> dict[str, Any]:
    return {
        "type": BUTTON,
        "style": DANGER if button.verb is ButtonAction.STOP else SECONDARY,
        "label": button.label,
        "custom_id": button.custom_id,
    }


def builtin_name(speech: FrontEndQueue, voice: str) -> str | None:
    """A built-in voice's name for people; None where the engine is not known yet, or lacks it."""
    voices = speech.info.voices if speech.info is not None else ()
    return next((each.name for each in voices if each.id == voice), None)


async def _shown_voice(speech: FrontEndQueue, registry: VoiceRegistry, job: Job) -> Shown:
    """What the message calls a job's voice. Decided by what the voice is, never by its name."""
    info = speech.info
    if job.reference is not None:
        name = await registry.shown_name(job.voice, job.place)
        if not isinstance(name, str):
            return name or Unnamed.PRIVATE
        if built_in(info, name) is None and name_key(name) not in _OURS:
            return name
        given = await registry.get(job.voice)
        return GivenVoice(name, public=given is not None and given.owner == OPERATOR)
    voice = job.voice or (info.default_voice if info is not None else "")
    return builtin_name(speech, voice) or voice or Unnamed.OWN


def renderer(
    speech: FrontEndQueue,
    registry: VoiceRegistry,
    clock: Clock,
    *,
    hide_text: bool,
    group: str | None,
) -> Callable[[JobView, str | None], Awaitable[StatusMessage]]:
    """`render` with all that does not depend on the job. It asks the library, since who may read
    the name of a voice changes."""

    async def rendered(view: JobView, note: str | None) -> StatusMessage:
        shown = render(
            view,
            now=clock.time(),
            voice=await _shown_voice(speech, registry, view.job),
            hide_text=hide_text,
            engine_state=speech.engine_state,
            note=note,
            fallback_speaks=speech.fallback_speaks,
        )
        return replace(shown, content=name_commands(shown.content, group))

    return rendered
