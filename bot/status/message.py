"""A rendered status as a message of Discord's, and the words that the renderer lacks.

Knows: Discord's message and component payloads, the names of voices. Does not know: when a
message is sent, or to where.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.reply import name_commands
from bot.rest import MESSAGE_FLAG_SUPPRESS_EMBEDS
from bot.status.render import Button, Rendered, Verb, render
from engine.clock import Clock
from engine.speech import Speech
from engine.speech.jobs import JobView

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
    if card is None:
        return "the engine's own" if not voice else None
    wanted = voice or card.default_voice
    return next((each.name for each in card.voices if each.id == wanted), None)


def renderer(
    speech: Speech, clock: Clock, *, hide_text: bool, group: str | None
) -> Callable[[JobView, str | None], Rendered]:
    """`render` with all that does not depend on the job."""

    def rendered(view: JobView, note: str | None) -> Rendered:
        shown = render(
            view,
            now=clock.time(),
            voice=voice_name(speech, view.job.voice),
            hide_text=hide_text,
            engine_state=speech.engine_state,
            note=note,
        )
        return replace(shown, content=name_commands(shown.content, group))

    return rendered
