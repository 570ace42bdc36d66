"""The bot's side of an engine, as the queue needs it. `EngineSupervisor` is the real one."""

from collections.abc import AsyncGenerator
from typing import Protocol

from engine.model.engine import EngineInfo, EngineState, SynthesisRequest
from engine.tts.audio.ogg import OggPiece


class Engine(Protocol):
    @property
    def state(self) -> EngineState: ...

    @property
    def fallback_speaks(self) -> bool:
        """Whether another engine speaks while the main one is down."""

    async def start(self) -> None:
        """Begin to bring the host up; returns at once."""

    async def close(self) -> None:
        """Let go of the host; a process of our own has exited when this returns."""

    async def info(self) -> EngineInfo:
        """The host's info, once it is ready. Waits for as long as that takes."""

    def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        """Yield an Ogg Opus stream in pieces as they arrive (48 kHz stereo, 20 ms packets).

        It ends normally only if the stream is complete (its end-of-stream page arrived).
        Closing the iterator cancels the work in the host. `deadline_in`: seconds until the
        listeners run dry, by which the host orders its slots.
        Raises EngineUnavailable, HostDied, SynthesisFailed.
        """

    async def forget(self, reference: str) -> None:
        """Remove the embedding of this recording, in memory and on disk, if there is one.

        Raises EngineUnavailable where no host answers: try again later.
        """
