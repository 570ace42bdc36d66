"""The host in use: its HTTP client and, if we started it, its process; and what its errors mean.

It sends a recording to a host that lacks the voice, finds out why a stream broke, and ends a host.
When a host hangs, and what replaces it, is for `supervisor.py` to decide.
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
from engine.tts.client.process import HostOptions, HostProcess
from engine.tts.protocol import SynthesizeCommand, error_from

log = structlog.get_logger(__name__)

_DEATH_WITHIN: Final = 1.0  # seconds in which a broken stream may turn out to be a death

#: The WAV file of a reference voice by its content hash; None: there is none. It may block.
Recordings = Callable[[str], bytes | None]


class EngineHost:
    """`process` None: somebody else started the host."""

    def __init__(self, http: EngineHttpClient, process: HostProcess | None) -> None:
        self.http = http
        self.process = process
        self.was_ready = False
        self.given_up: str | None = None  # the reason
        self._giving_up = asyncio.Event()

    @classmethod
    async def start(
        cls, options: HostOptions | None, url: str | None, token: SecretStr | None = None
    ) -> Self:
        """Start a host, or use the one at `url` with its `token`. Raises OSError."""
        if options is None:
            assert url is not None
            return cls(EngineHttpClient(url, token.get_secret_value() if token else None), None)
        process = await HostProcess.start(options)
        return cls(EngineHttpClient(f"unix://{process.socket}"), process)

    async def death(self) -> str:
        """Wait until our process has ended, or until another host is given up; the reason."""
        if self.process is None:
            await self._giving_up.wait()
            return str(self.given_up)
        return f"it died (exit status {await self.process.wait()})"

    def give_up(self, reason: str) -> None:
        """It is unusable: kill our own process, let go of another host."""
        self.given_up = reason
        self._giving_up.set()
        if self.process is not None:
            self.process.kill()

    async def close(self) -> None:
        try:
            if self.process is not None:
                await self.process.close()
        finally:
            await self.http.close()

    async def synthesize(
        self, command: SynthesizeCommand, recordings: Recordings
    ) -> AsyncGenerator[OggPiece, None]:
        """The sound of `command`, which is sent again with its recording if the voice is missing.

        Raises what `EngineHttpClient.synthesize` does, except VoiceMissing; SynthesisFailed also if
        there is no recording.
        """
        while True:
            try:
                async with aclosing(self.http.synthesize(command)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except VoiceMissing as error:  # it comes before any sound: nothing is heard twice
                if command.recording is not None:
                    reason = "the host does not take the voice that it was given"
                    raise SynthesisFailed(reason) from error
            command = replace(command, recording=await _recording(command, recordings))

    async def cause(self, command: SynthesizeCommand, broken: StreamBroken) -> EngineError:
        """Why the stream of `command` broke: the host knows, or the host is dead."""
        try:
            health = await self.http.health(within=_DEATH_WITHIN)
        except EngineUnavailable:
            if self.process is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_DEATH_WITHIN):
                        reason = await self.death()
                        return HostDied(f"the host: {self.given_up or reason}")
        else:
            for each in health.broken:
                if each.id == command.id:
                    return error_from(each.error)
        return EngineUnavailable(f"the stream from the host broke: {broken}")


async def _recording(command: SynthesizeCommand, recordings: Recordings) -> bytes:
    """Raises SynthesisFailed, also for a recording whose hash is not its name: the host would
    refuse it."""
    reference = command.request.reference or ""
    recording = await asyncio.to_thread(recordings, reference)
    if recording is not None:
        if hashlib.sha256(recording).hexdigest() == reference:
            return recording
        log.error("a recording on disk is damaged", reference=reference)
    raise SynthesisFailed(f"there is no recording {reference}", code="recording-gone")
