"""Checks a text before anything is written.

Knows: the limits of a text, the engine in use, the messages for refusals. Does not know: the queue
(`limits.py` does), or rules that need the database (`Queue.guard`).
"""

import re
import shutil
from pathlib import Path
from typing import Final

import structlog

from engine.model.engine import MOST_VOICE_NAME, NO_SUCH_VOICE
from engine.model.errors import NothingToSpeak, StorageFull, TextTooLong, UnknownVoice
from engine.model.jobs import JobRequest
from engine.model.voices import voice_number
from engine.queue.chunking import ActiveEngine
from engine.text import normalize, speakable

#: Halves of surrogate pairs, and NUL: no name has them, and databases reject them.
_NOT_TEXT: Final = re.compile("[\ud800-\udfff\0]")

log = structlog.get_logger(__name__)


def check_request(
    request: JobRequest, engine: ActiveEngine | None, *, most_characters: int
) -> None:
    """Raises NothingToSpeak, TextTooLong, UnknownVoice."""
    if len(request.text) > most_characters:
        raise TextTooLong(
            f"{len(request.text)} characters, {most_characters} are allowed",
            user_message=f"This text has {len(request.text):,} characters; "
            f"at most {most_characters:,} can be spoken at once. Shorten it, or send it in parts.",
        )
    if not speakable(normalize(request.text)):
        raise NothingToSpeak(
            "nothing speakable in the text",
            user_message="There is nothing in this text that could be spoken. Add some words.",
        )
    if (voice_number(request.voice) is None) is not (request.reference is None):
        raise UnknownVoice(
            f"voice {request.voice!r} with reference {request.reference!r}",
            user_message=NO_SUCH_VOICE,
        )
    if len(request.voice) > MOST_VOICE_NAME or _NOT_TEXT.search(request.voice):
        raise UnknownVoice("no voice is called so", user_message=NO_SUCH_VOICE)
    if engine is None:
        return
    if (refusal := engine.refusal(request)) is not None:
        raise refusal
    if not engine.has(engine.voice_of(request), request.reference):
        raise UnknownVoice(
            f"no voice {request.voice!r} of {engine.info.name}", user_message=NO_SUCH_VOICE
        )


def check_disk(directory: Path, reserve: int) -> None:
    """Raises StorageFull if less than `reserve` bytes are free. Blocks."""
    free = shutil.disk_usage(directory).free
    if free < reserve:
        log.error("The disk is almost full", free=free, reserve=reserve)
        raise StorageFull(
            f"{free} bytes are free, the reserve is {reserve}",
            user_message="The disk of this bot is almost full, so it takes no new texts. "
            "Those that wait will be spoken. Tell its operator, and try again later.",
        )
