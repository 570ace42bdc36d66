"""The engine that the settings ask for: one, or two as one, of which the fallback speaks while the
main engine is down.

    main loads for the first time      nobody speaks: it is about to be there
    main is down, or loads again       the fallback, started when it is first needed
    main cannot be loaded at all       the fallback
    main is ready                      main, from the next chunk on

EngineUnavailable makes the caller ask for the info again (`info`), and only by asking does it
switch to the other engine: so a text that was cut for one engine never reaches the other.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog

from engine.base.aio import first_of
from engine.base.clock import Clock
from engine.base.settings import Settings
from engine.model.engine import EngineInfo, EngineState, SynthesisRequest
from engine.model.errors import EngineUnavailable, SetupError
from engine.tts.audio.ogg import OggPiece
from engine.tts.client.engine import Engine
from engine.tts.client.host import Recordings
from engine.tts.client.process import HostOptions
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.engines.catalog import check_installed, check_names

log = structlog.get_logger(__name__)

_POLL: Final = 0.5  # seconds between looks at a main engine that loads for the first time
#: Looks that found it down, after which the fallback starts. More than one: a host that cannot be
#: reached yet may need a few tries.
_DOWN_LOOKS: Final = 3


def engine_from(settings: Settings, clock: Clock, recordings: Recordings) -> Engine:
    """Not started. Raises SetupError for wrong settings; whether a model loads shows only later."""
    check_settings(settings)
    main = EngineSupervisor.from_settings(settings, clock, recordings)
    is_main = settings.mynah_engine == settings.mynah_fallback and not settings.mynah_engine_url
    if settings.mynah_fallback is None or is_main:
        return main
    options = HostOptions(
        engine=settings.mynah_fallback,
        log_level=settings.mynah_log_level,
        log_format=settings.mynah_log_format,
    )
    fallback = EngineSupervisor(clock, options=options, hang_limit=settings.mynah_hang_limit)
    return FallbackEngine(main, fallback, clock)


def check_settings(settings: Settings) -> None:
    """Raises SetupError for a name that no engine has, and where a local host cannot work."""
    check_names(settings.mynah_engine, settings.mynah_fallback)
    if settings.mynah_engine_url:
        return
    check_installed(settings.mynah_engine)
    checkpoint = settings.mynah_checkpoint
    if checkpoint is not None and not checkpoint.is_dir():
        raise SetupError(
            f"MYNAH_CHECKPOINT: there is no folder {checkpoint}. Name the folder that holds the "
            "model's files, or leave it empty to fetch them."
        )


class FallbackEngine:
    """Implements `engine.tts.client.engine.Engine` with two of them."""

    def __init__(self, main: Engine, fallback: Engine, clock: Clock) -> None:
        self._main = main
        self._fallback = fallback
        self._clock = clock
        #: Whose info was given last: requests are meant for this one.
        self._in_use = main
        self._info: EngineInfo | None = None
        self._main_was_ready = False
        self._fallback_started = False

    @property
    def state(self) -> EngineState:
        ready = self._main.state is EngineState.READY
        return EngineState.READY if ready else self._in_use.state

    @property
    def fallback_speaks(self) -> bool:
        return self._in_use is self._fallback and self._main.state is not EngineState.READY

    async def start(self) -> None:
        await self._main.start()

    async def close(self) -> None:
        await asyncio.gather(self._main.close(), self._fallback.close())

    async def info(self) -> EngineInfo:
        """The info of the engine that is ready first; of the fallback only where it may speak."""
        asked = {asyncio.create_task(self._main.info()): self._main}
        if self._main.state is not EngineState.READY:
            asked[asyncio.create_task(self._fallback_info())] = self._fallback
        first, engine = list(asked.items())[await first_of(*asked)]  # the main one, if both are
        if engine is not self._in_use:
            which = "fallback" if engine is self._fallback else "main"
            log.warning("another engine speaks from now on", which=which)
        self._in_use = engine
        self._main_was_ready = self._main_was_ready or engine is self._main
        self._info = first.result()
        return self._info

    async def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        engine = self._in_use
        if engine is self._fallback and self._main.state is EngineState.READY:
            raise EngineUnavailable("the main engine is back: it takes over from the fallback")
        if self._info is not None and not _fits(request, self._info):
            raise EngineUnavailable("another engine has taken over")
        async with aclosing(engine.synthesize(request, deadline_in=deadline_in)) as pieces:
            async for piece in pieces:
                yield piece

    async def forget(self, reference: str) -> None:
        """Only the main engine knows reference voices."""
        await self._main.forget(reference)

    async def _fallback_info(self) -> EngineInfo:
        looks = 0
        while not self._main_was_ready and looks < _DOWN_LOOKS:
            looks += self._main.state is EngineState.DOWN
            await self._clock.sleep(_POLL)
        if not self._fallback_started:
            self._fallback_started = True
            log.warning("the engine is down: the fallback is started")
            await self._fallback.start()
        return await self._fallback.info()


def _fits(request: SynthesisRequest, info: EngineInfo) -> bool:
    """Whether a request can have been made for this engine. One that was made for the other engine
    can still be under way when they change places."""
    if request.reference is not None:
        return info.clones
    return request.voice == info.default_voice or any(
        voice.id == request.voice for voice in info.voices
    )
