"""A rendered status as a message of Discord's, and the words that the renderer lacks.

Knows: Discord's message and component payloads, the names of voices. Does not know: when a
message is sent, or to where.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.reply import name_commands
from bot.rest import MESSAGE_FLAG_SUPPRESS_EMBEDS
from bot.status.render import OWN_VOICE, Button, Rendered, Verb, render
from engine.clock import Clock
from engine.speech import Speech
from engine.speech.jobs import JobView
from engine.voices.library import Library

ACTION_ROW: Final = 1
BUTTON: Final = 2
SECONDARY: Final = 2
DANGER: Final = 4


def message_payload(rendered: Rendered) -> Mapping[str, Any]:
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
        "style": DANGER if button.verb is Verb.STOP else SECONDARY,
        "label": button.label,
        "custom_id": button.custom_id,
    }


def voice_name(speech: Speech, voice: str) -> str | None:
    """A voice's name for people; None where the engine is not known yet, or lacks it."""
    card = speech.card
    wanted = voice or (card.default_voice if card is not None else "")
    if not wanted:
        return OWN_VOICE
    voices = card.voices if card is not None else ()
    return next((each.name for each in voices if each.id == wanted), None)


def renderer(
    speech: Speech, library: Library, clock: Clock, *, hide_text: bool, group: str | None
) -> Callable[[JobView, str | None], Awaitable[Rendered]]:
    """`render` with all that does not depend on the job. It asks the library, since who may read
    the name of a voice changes."""

    async def rendered(view: JobView, note: str | None) -> Rendered:
        job = view.job
        voice = voice_name(speech, job.voice)
        if job.reference is not None:
            voice = await library.shown_name(job.voice, job.lane)
        shown = render(
            view,
            now=clock.time(),
            voice=voice,
            hide_text=hide_text,
            engine_state=speech.engine_state,
            note=note,
            spare_speaks=speech.spare_speaks,
        )
        return replace(shown, content=name_commands(shown.content, group))

    return rendered
