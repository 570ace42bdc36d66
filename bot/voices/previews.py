"""Recordings to listen to: kept from the upload, else made once.

A preview is missing if an earlier version kept the recording, or if somebody deleted the cache.
Then one member's request makes it and counts as theirs; other members who ask meanwhile wait for
it. This file does not know who may hear a voice, nor how sound is encoded.
"""

import asyncio
from dataclasses import dataclass, field

import structlog

from bot.voices.work_slots import WorkSlots
from engine.base.error_text import describe
from engine.model.errors import Refused
from engine.voices.owners import VoiceOwners
from engine.voices.rate_limits import LimitedAction, RateLimits
from engine.voices.recording_analyzer import RecordingAnalyzer
from engine.voices.recording_files import RecordingFiles

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Making:
    """A preview that is being made. When `over` is set, it exists, was refused, or was given up."""

    member: str
    over: asyncio.Event = field(default_factory=asyncio.Event)
    sound: bytes | None = None
    refused: Refused | None = None


@dataclass(slots=True, eq=False)
class Previews:
    _owners: VoiceOwners
    _rate_limits: RateLimits
    _recording_files: RecordingFiles
    _analyzer: RecordingAnalyzer
    _slots: WorkSlots
    #: By the recording's content hash.
    _making: dict[str, _Making] = field(init=False, default_factory=dict)

    async def of(self, member: str, reference: str) -> bytes:
        """A recording as Ogg Opus, for this member. Raises Refused."""
        while True:
            kept = await asyncio.to_thread(self._recording_files.preview, reference)
            if kept is not None:
                return kept
            making = self._making.get(reference)
            if making is None:
                return await self._make(member, reference)
            await making.over.wait()
            if making.sound is not None:
                return making.sound
            if making.refused is not None and making.member == member:
                raise making.refused

    async def _make(self, member: str, reference: str) -> bytes:
        making = self._making[reference] = _Making(member)
        try:
            with self._slots.claim(member) as claim:
                await claim.wait()
                wav = await asyncio.to_thread(self._recording_files.path, reference)
                if wav is None:
                    raise Refused("the recording is gone", code="preview-gone")
                await self._rate_limits.attempt(member, LimitedAction.PREVIEW)
                making.sound = await self._analyzer.encode_preview(wav)
                await self._keep(reference, making.sound)
                return making.sound
        except Refused as refused:
            making.refused = refused
            raise
        finally:
            del self._making[reference]
            making.over.set()

    async def _keep(self, reference: str, sound: bytes) -> None:
        try:
            await self._owners.keep_preview(reference, sound)
        except OSError as error:
            log.warning(
                "A preview cannot be kept, so it is made again each time", error=describe(error)
            )
