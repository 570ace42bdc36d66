"""May this text be submitted? What can be said before anything is written.

Knows: the limits, the card in use, and what to say where a text is refused. Does not know: the
queue (`limits.py` does, and what is asked in the transaction: `Queue.guard`).
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

#: Halves of surrogate pairs, and NUL: in no name, and in no database.
_HALVES: Final = re.compile("[\ud800-\udfff\0]")

log = structlog.get_logger(__name__)


def check_say(say: JobRequest, info: ActiveEngine | None, *, most_characters: int) -> None:
    """Raises NothingToSpeak, TextTooLong, UnknownVoice."""
    if len(say.text) > most_characters:
        raise TextTooLong(
            f"{len(say.text)} characters, {most_characters} are allowed",
            user_message=f"This text has {len(say.text):,} characters; "
            f"at most {most_characters:,} can be spoken at once. Shorten it, or send it in parts.",
        )
    if not speakable(normalize(say.text)):
        raise NothingToSpeak(
            "nothing speakable in the text",
            user_message="There is nothing in this text that could be spoken. Add some words.",
        )
    if (voice_number(say.voice) is None) is not (say.reference is None):
        raise UnknownVoice(
            f"voice {say.voice!r} with reference {say.reference!r}", user_message=NO_SUCH_VOICE
        )
    if len(say.voice) > MOST_VOICE_NAME or _HALVES.search(say.voice):
        raise UnknownVoice("no voice is called so", user_message=NO_SUCH_VOICE)
    if info is None:
        return
    if (refusal := info.refusal(say)) is not None:
        raise refusal
    if not info.has(info.voice_of(say), say.reference):
        raise UnknownVoice(
            f"no voice {say.voice!r} on the card of {info.info.name}", user_message=NO_SUCH_VOICE
        )


def check_disk(directory: Path, reserve: int) -> None:
    """Raises StorageFull where less than `reserve` bytes are free. Blocks."""
    free = shutil.disk_usage(directory).free
    if free < reserve:
        log.error("The disk is almost full", free=free, reserve=reserve)
        raise StorageFull(
            f"{free} bytes are free, the reserve is {reserve}",
            user_message="The disk of this bot is almost full, so it takes no new texts. "
            "Those that wait will be spoken. Tell whoever runs it, and try again later.",
        )
