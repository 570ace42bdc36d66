"""Checks a request before anything is written: its text, its voice, the disk.
Does not know: the queue (`LiveLane.refusal` does), rules that need the database (`Queue.guard`).
"""

import re
import shutil
from pathlib import Path
from typing import Final

import structlog

from engine.base.settings import MEBIBYTE
from engine.model.errors import NothingToSpeak, StorageFull, TextTooLong, UnknownVoice
from engine.model.jobs import JobRequest
from engine.model.voices import voice_number
from engine.queue.chunking import ActiveEngine
from engine.text import normalize, speakable

#: UTF-8 cannot encode halves of surrogate pairs, and PostgreSQL rejects NUL.
NOT_TEXT: Final = re.compile("[\ud800-\udfff\0]")
#: Characters of a voice's id, or of the name that stands for it until the engine is known.
_MOST_VOICE: Final = 100

log = structlog.get_logger(__name__)


def check_request(
    request: JobRequest, engine: ActiveEngine | None, *, most_characters: int
) -> None:
    """Raises NothingToSpeak, TextTooLong, UnknownVoice."""
    if len(request.text) > most_characters:
        raise TextTooLong(
            f"{len(request.text)} characters, {most_characters} are allowed",
            characters=len(request.text),
            most=most_characters,
        )
    if not speakable(normalize(request.text)):
        raise NothingToSpeak("nothing speakable in the text")
    if (voice_number(request.voice) is None) is not (request.reference is None):
        raise UnknownVoice(
            f"voice {request.voice!r} with reference {request.reference!r}",
            code="no-such-voice",
        )
    if len(request.voice) > _MOST_VOICE or NOT_TEXT.search(request.voice):
        raise UnknownVoice("this cannot be a voice's name", code="no-such-voice")
    if engine is None:
        return
    if (refusal := engine.refusal(request)) is not None:
        raise refusal
    if not engine.has(engine.voice_of(request), request.reference):
        raise UnknownVoice(
            f"no voice {request.voice!r} of {engine.info.name}", code="no-such-voice"
        )


def check_disk(directory: Path, reserve: int) -> None:
    """Raises StorageFull if less than `reserve` mebibytes are free. Blocks."""
    free = shutil.disk_usage(directory).free
    if free < reserve * MEBIBYTE:
        log.error("The disk is almost full", free=free, reserve=reserve * MEBIBYTE)
        raise StorageFull(
            f"{free} bytes are free, the reserve is {reserve} MiB", code="disk-almost-full"
        )
