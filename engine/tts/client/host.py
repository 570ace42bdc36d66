"""A host in use: the link to it and, if it is ours, its process; and what its errors mean.

Knows: which host lacks a voice and gets its recording, why a stream broke, how to be rid of a host.
Does not know: when it is hung, what comes after it (`supervisor.py`).
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Final, Self

import structlog
from pydantic import SecretStr

from engine.model.errors import (
    EngineError,
    EngineUnavailable,
    HostDied,
    SynthesisFailed,
    VoiceMissing,
)
from engine.tts.audio.ogg import OggPiece
from engine.tts.client.http import EngineHttpClient, StreamBroken
from engine.tts.client.process import HostCommand, HostProcess
from engine.tts.protocol import SynthesizeCommand, error_from

log = structlog.get_logger(__name__)

_DEATH_WITHIN: Final = 1.0  # seconds in which a broken stream may turn out to be a death

#: The WAV file of a reference voice by its content hash; None: there is none. It may block.
Recordings = Callable[[str], bytes | None]


class EngineHost:
    """A host in use: the link to it and, if it is ours, its process."""

    def __init__(self, link: EngineHttpClient, process: HostProcess | None) -> None:
        self.link = link
        self.process = process
        self.was_ready = False
        self.condemned: str | None = None
        self._condemning = asyncio.Event()

    @classmethod
    async def start(
        cls, command: HostCommand | None, url: str | None, token: SecretStr | None = None
    ) -> Self:
        """Raises OSError. `token`: of a host at a URL."""
        if command is None:
            assert url is not None
            return cls(EngineHttpClient(url, token.get_secret_value() if token else None), None)
        process = await HostProcess.start(command)
        return cls(EngineHttpClient(f"unix://{process.socket}"), process)

    async def death(self) -> str:
        """Wait for the end of a process of ours; for that of another, until it is condemned."""
        if self.process is None:
            await self._condemning.wait()
            return str(self.condemned)
        return f"it died (exit status {await self.process.wait()})"

    def condemn(self, reason: str) -> None:
        """It is of no use any more: kill a process of ours, let go of another."""
        self.condemned = reason
        self._condemning.set()
        if self.process is not None:
            self.process.kill()

    async def close(self) -> None:
        try:
            if self.process is not None:
                await self.process.close()
        finally:
            await self.link.close()

    async def sound(
        self, command: SynthesizeCommand, recordings: Recordings
    ) -> AsyncGenerator[OggPiece, None]:
        """The sound of `command`, which is sent again with its recording if the voice is missing.

        Raises what `EngineHttpClient.synthesize` does, except VoiceMissing; SynthesisFailed also if
        there is no recording.
        """
        try:
            async with aclosing(self.link.synthesize(command)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except VoiceMissing:
            pass  # told before any sound: the next answer is the first to give some
        command = replace(command, recording=await _recording(command, recordings))
        try:
            async with aclosing(self.link.synthesize(command)) as pieces:
                async for piece in pieces:
                    yield piece
        except VoiceMissing as error:
            raise SynthesisFailed("the host does not take the voice that it was given") from error

    async def why(self, command: SynthesizeCommand, broken: StreamBroken) -> EngineError:
        """Why a stream broke: the host knows, or the host is dead."""
        try:
            health = await self.link.health(within=_DEATH_WITHIN)
        except EngineUnavailable:
            if self.process is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_DEATH_WITHIN):
                        reason = await self.death()
                        return HostDied(f"the host: {self.condemned or reason}")
        else:
            for told in health.broken:
                if told.id == command.id:
                    return error_from(told.error)
        return EngineUnavailable(f"the stream from the host broke: {broken}")


async def _recording(command: SynthesizeCommand, recordings: Recordings) -> bytes:
    """Raises SynthesisFailed."""
    reference = command.request.reference or ""
    recording = await asyncio.to_thread(_whole, recordings, reference)
    if recording is None:
        raise SynthesisFailed(
            f"there is no recording {reference}",
            user_message="The recording of this voice is gone. Choose another voice.",
        )
    return recording


def _whole(recordings: Recordings, reference: str) -> bytes | None:
    """The recording, if it is the one that its name says: the host would refuse another."""
    recording = recordings(reference)
    if recording is None or hashlib.sha256(recording).hexdigest() == reference:
        return recording
    log.error("a recording on disk is damaged", reference=reference)
    return None
