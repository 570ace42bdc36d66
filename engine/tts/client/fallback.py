"""Two engines as one: a spare speaks while the main one is down.

    main loads for the first time      nobody speaks: it is about to be there
    main is down, or loads again       the spare, started when it is first needed
    main cannot be loaded at all       the spare
    main is ready                      main, from the next chunk on

Knows: which of the two has its card in use. Does not know: hosts, what either can do beyond its
card.

Whoever asks takes up another card by asking for it (`info`), and is made to ask by
EngineUnavailable: so that no text that was cut for one engine, in a voice of one engine, reaches
the other.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog

from engine.base.clock import Clock
from engine.model.engine import EngineInfo, EngineState, SynthesisRequest
from engine.model.errors import EngineUnavailable
from engine.tts.audio.ogg import OggPiece
from engine.tts.client.engine import Engine

log = structlog.get_logger(__name__)

_LOOK: Final = 0.5  # seconds between looks at a main engine that loads for the first time
#: Looks at which it was down after which it is given up for now. More than one: between a host that
#: cannot be reached yet and one that cannot load lie a few tries.
_DOWN_LOOKS: Final = 3


class FallbackEngine:
    """Implements `engine.tts.engines.base.Engine` with two of them."""

    def __init__(self, main: Engine, fallback: Engine, clock: Clock) -> None:
        self._main = main
        self._spare = fallback
        self._clock = clock
        #: Whose card was told last: what is asked for is meant for it.
        self._in_use = main
        self._info: EngineInfo | None = None
        self._main_was_ready = False
        self._spare_started = False

    @property
    def state(self) -> EngineState:
        if self._main.state is EngineState.READY:
            return EngineState.READY
        return self._in_use.state

    @property
    def fallback_speaks(self) -> bool:
        return self._in_use is self._spare and self._main.state is not EngineState.READY

    async def start(self) -> None:
        await self._main.start()

    async def close(self) -> None:
        await asyncio.gather(self._main.close(), self._spare.close())

    async def info(self) -> EngineInfo:
        """The card of whichever is ready first; the spare's only where it may speak."""
        asked = {asyncio.create_task(self._main.info()): self._main}
        if self._main.state is not EngineState.READY:
            asked[asyncio.create_task(self._spare_card())] = self._spare
        try:
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            first = next(task for task in asked if task.done())  # the main one, where both are
            self._use(asked[first])
            self._info = first.result()
            return self._info
        finally:
            for task in asked:
                task.cancel()
            await asyncio.wait(asked)

    async def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        engine = self._in_use
        if engine is self._spare and self._main.state is EngineState.READY:
            raise EngineUnavailable("the engine is back: it takes over from the spare one")
        if self._info is not None and not _is_for(self._info, request):
            raise EngineUnavailable("another engine has taken over")
        async with aclosing(engine.synthesize(request, deadline_in=deadline_in)) as pieces:
            async for piece in pieces:
                yield piece

    async def forget(self, reference: str) -> None:
        """Only the main engine knows reference voices."""
        await self._main.forget(reference)

    def _use(self, engine: Engine) -> None:
        if engine is not self._in_use:
            which = "fallback" if engine is self._spare else "main"
            log.warning("another engine speaks from now on", which=which)
        self._in_use = engine
        if engine is self._main:
            self._main_was_ready = True

    async def _spare_card(self) -> EngineInfo:
        looks = 0
        while not self._main_was_ready and looks < _DOWN_LOOKS:
            looks += self._main.state is EngineState.DOWN
            await self._clock.sleep(_LOOK)
        if not self._spare_started:
            self._spare_started = True
            log.warning("the engine is down: the spare one is started")
            await self._spare.start()
        return await self._spare.info()


def _is_for(info: EngineInfo, request: SynthesisRequest) -> bool:
    """Whether a request can have been made under this card. One made under another card can still
    be under way when the engine changes."""
    if request.reference is not None:
        return info.clones
    return request.voice == info.default_voice or any(
        voice.id == request.voice for voice in info.voices
    )
