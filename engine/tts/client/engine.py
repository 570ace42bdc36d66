"""The bot's side of an engine, as the queue needs it. `EngineSupervisor` is the real one."""

from collections.abc import AsyncGenerator
from typing import Protocol

from engine.model.engine import EngineInfo, EngineState, SynthesisRequest
from engine.tts.audio.ogg import OggPiece


class Engine(Protocol):
    """The bot's side of a host: what the queue needs of it. `client.HostClient` is the real one."""

    @property
    def state(self) -> EngineState: ...

    @property
    def fallback_speaks(self) -> bool:
        """Whether another engine speaks while the one that was chosen is down."""
        ...

    async def start(self) -> None:
        """Begin to bring the host up; returns at once."""
        ...

    async def close(self) -> None:
        """Let go of the host; a child of ours has exited when this returns."""
        ...

    async def info(self) -> EngineInfo:
        """The card of the host, once it is ready. Waits for as long as that takes."""
        ...

    def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        """Yield an Ogg Opus stream in pieces as they arrive (48 kHz stereo, 20 ms packets).

        It ends normally only when the stream is complete (its end-of-stream page was seen).
        Closing the iterator cancels the work in the host. `deadline_in`: seconds until the
        listeners run dry, by which the host orders its slots.
        Raises EngineUnavailable, HostDied, SynthesisFailed.
        """
        ...

    async def forget(self, reference: str) -> None:
        """Drop the state of this reference voice, in memory and on disk; nothing where there is
        none. Raises EngineUnavailable where no host answers: ask again later."""
        ...
