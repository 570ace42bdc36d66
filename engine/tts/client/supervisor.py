"""The bot's only way to an engine: it brings a host up, watches it, replaces it, asks it for sound.

A host hangs when its health reports stop, or when they say that a request has made no progress for
too long; never because sound is late: an engine on a CPU may take minutes.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, Self

import structlog
from pydantic import SecretStr

from engine.base.aio import TaskSet, first_of
from engine.base.clock import Clock
from engine.base.data_dir import DataDirectory
from engine.base.error_text import describe
from engine.base.settings import Settings
from engine.model.engine import EngineInfo, EngineState, SynthesisRequest
from engine.model.errors import AccessRefused, EngineUnavailable, HostDied, HostFull, OutOfMemory
from engine.tts.audio.ogg import OggPiece
from engine.tts.client.host import EngineHost, Recordings
from engine.tts.client.http import StreamBroken, check_url
from engine.tts.client.process import HostOptions
from engine.tts.protocol import Health, SynthesizeCommand

log = structlog.get_logger(__name__)

#: Seconds before each restart of a host that keeps dying before it is ready.
_RESTART_DELAYS: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 5.0)
_START_POLL: Final = 0.02  # seconds between polls of a host that is not ready yet, at first
_START_POLL_MOST: Final = 0.5
_REFUSED_POLL_MOST: Final = 10.0  # of a host that does not let us in: a person must fix that
_START_LIMIT: Final = 60.0  # seconds in which a new host must give its first report
_WATCH_POLL: Final = 0.5  # while requests are in flight
_WATCH_POLL_AGAIN: Final = 0.1  # after a poll that was not answered
_WATCH_POLL_IDLE: Final = 5.0  # a host at a URL, while no request is
_HEALTH_WITHIN: Final = 1.0
#: Unanswered polls in a row that mean a hang. More than one: if this process itself was held up,
#: the answer is there, unread, when the time-out strikes.
_MISSES: Final = 3
_FORGET_WITHIN: Final = 5.0


class EngineSupervisor:
    """Implements `engine.tts.client.engine.Engine` with a process of its own, or a host at a URL.

    Raises SetupError for a wrong URL.
    """

    fallback_speaks = False

    def __init__(
        self,
        clock: Clock,
        *,
        options: HostOptions | None = None,
        url: str | None = None,
        token: SecretStr | None = None,
        hang_limit: float = 30.0,
        recordings: Recordings = lambda reference: None,
    ) -> None:
        if (options is None) == (url is None):
            raise ValueError("either options or a URL")
        if url is not None:
            check_url(url)
        self._clock = clock
        self._options = options
        self._url = url
        self._token = token
        self._hang_limit = hang_limit
        self._recordings = recordings
        self.state = EngineState.LOADING
        self._info: EngineInfo | None = None
        self._ready = asyncio.Event()
        self._host: EngineHost | None = None
        self._in_flight: set[str] = set()
        self._working = asyncio.Event()
        self._tasks = TaskSet()
        self.error: str | None = None  # why the host is not ready, if something is wrong

    @classmethod
    def from_settings(
        cls, settings: Settings, clock: Clock, recordings: Recordings = lambda reference: None
    ) -> Self:
        options = HostOptions(
            engine=settings.mynah_engine,
            checkpoint=settings.mynah_checkpoint,
            device=settings.mynah_device,
            state_dir=DataDirectory(settings.mynah_data_dir.absolute()).embeddings,
            pace=settings.mynah_espeak_pace,
            log_level=settings.mynah_log_level,
            log_format=settings.mynah_log_format,
        )
        return cls(
            clock,
            url=settings.mynah_engine_url,
            token=settings.mynah_engine_token,
            options=None if settings.mynah_engine_url else options,
            hang_limit=settings.mynah_hang_limit,
            recordings=recordings,
        )

    @property
    def pid(self) -> int | None:
        return self._host.process.pid if self._host and self._host.process else None

    async def start(self) -> None:
        self._tasks.start(self._supervise(), name="engine host")

    async def close(self) -> None:
        await self._tasks.cancel()

    async def info(self) -> EngineInfo:
        while self._info is None or self.state is not EngineState.READY:
            await self._ready.wait()
        return self._info

    async def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        host = self._ready_host()
        command = SynthesizeCommand(id=uuid.uuid4().hex, request=request, deadline_in=deadline_in)
        self._in_flight.add(command.id)
        self._working.set()
        try:
            async with aclosing(host.synthesize(command, self._recordings)) as pieces:
                async for piece in pieces:
                    yield piece
        except StreamBroken as broken:
            error = await host.cause(command, broken)
            if isinstance(error, OutOfMemory):
                error = self._out_of_memory(host, error)
            if isinstance(error, HostDied):
                self._lose(host)  # before the supervisor notices: nobody must ask a dead host
            raise error from broken
        except OutOfMemory as error:
            raise self._out_of_memory(host, error) from error
        except AccessRefused as error:
            host.give_up(str(error))
            self._lose(host)
            raise
        except HostFull as error:
            await self._clock.sleep(error.retry_after)  # else the caller would ask again at once
            raise
        finally:
            self._in_flight.discard(command.id)
            if not self._in_flight:
                self._working.clear()

    async def forget(self, reference: str) -> None:
        await self._ready_host().http.forget(reference, within=_FORGET_WITHIN)

    def _ready_host(self) -> EngineHost:
        if self._host is None:
            raise EngineUnavailable(self.error or "the engine's host is not ready")
        return self._host

    def _out_of_memory(self, host: EngineHost, error: OutOfMemory) -> HostDied:
        """The host is out of memory and unusable, which is a death for the request. It is given up
        at once: a host without requests is not polled."""
        host.give_up(f"it is out of memory ({error})")
        self._lose(host)
        return HostDied(f"the host: {host.given_up}")

    async def _supervise(self) -> None:
        deaths = 0
        while True:
            self.state = EngineState.LOADING if self._options else self.state
            try:
                host = await EngineHost.start(self._options, self._url, self._token)
            except OSError as error:
                reason = f"it cannot be started: {describe(error)}"
            else:
                try:
                    reason = await self._attend(host)
                except Exception:  # the edge of this loop: the next host must come up
                    log.exception("watching the engine's host failed")
                    reason = "watching it failed"
                finally:
                    self._lose(host)
                    await host.close()
                deaths = 0 if host.was_ready else deaths
            self.error = f"The engine's host is down: {reason}."
            log.warning("the engine's host is down and will be replaced", reason=reason)
            await self._clock.sleep(_RESTART_DELAYS[deaths])
            deaths = min(deaths + 1, len(_RESTART_DELAYS) - 1)

    def _lose(self, host: EngineHost) -> None:
        if self._host in (host, None):
            self._host = None
            self._ready.clear()
            self.state = EngineState.DOWN

    async def _attend(self, host: EngineHost) -> str:
        """Wait until `host` is ready, then watch it; the reason why it is unusable."""
        dying = asyncio.create_task(host.death())
        watching = asyncio.create_task(self._watch(host))
        if await first_of(dying, watching):
            host.give_up(watching.result())
        return host.given_up or dying.result()

    async def _watch(self, host: EngineHost) -> str:
        if reason := await self._until_ready(host):
            return reason
        misses = 0
        while True:
            await self._until_next_poll(host, again=misses > 0)
            try:
                health = await host.http.health(within=_HEALTH_WITHIN)
            except AccessRefused as error:
                return str(error)
            except EngineUnavailable as error:
                misses += 1
                if misses == _MISSES:
                    return f"it does not answer ({error})"
                continue
            misses = 0
            if health.state != "ready":
                return health.error or "it loads again"
            if self._hung(host, health):
                return f"a request made no progress for {self._hang_limit:g} s"

    async def _until_ready(self, host: EngineHost) -> str | None:
        """Wait until `host` is ready; the reason if a process of our own will never be."""
        began, poll, seen, refused = self._clock.monotonic(), _START_POLL, False, False
        while True:
            most = _START_POLL_MOST
            try:
                health = await host.http.health(within=_HEALTH_WITHIN)
            except EngineUnavailable as error:
                if isinstance(error, AccessRefused):
                    most = _REFUSED_POLL_MOST
                    if not refused:
                        refused = True
                        log.warning("the engine's host does not let us in", reason=describe(error))
                if host.process is None:
                    self.state, self.error = EngineState.DOWN, str(error)
                elif not seen and self._clock.monotonic() - began > _START_LIMIT:
                    return "it gave no report after its start"
            else:
                seen = True
                if health.state == "ready" and health.info is not None:
                    self._info, self._host, self.error = health.info, host, None
                    host.was_ready = True
                    self.state = EngineState.READY
                    self._ready.set()
                    return None
                self.error = health.error
                failed = health.state == "failed"
                self.state = EngineState.DOWN if failed else EngineState.LOADING
                if failed and host.process is not None:
                    return health.error or "its engine cannot be loaded"
            await self._clock.sleep(poll)
            poll = min(poll * 1.5, most)

    async def _until_next_poll(self, host: EngineHost, *, again: bool) -> None:
        if not self._in_flight and not again:
            try:
                async with asyncio.timeout(None if host.process else _WATCH_POLL_IDLE):
                    await self._working.wait()
            except TimeoutError:
                return
        await self._clock.sleep(_WATCH_POLL_AGAIN if again else _WATCH_POLL)

    def _hung(self, host: EngineHost, health: Health) -> bool:
        """Whether a request makes no progress. In a host of our own also a request that we have
        cancelled: an engine that does not stop keeps the others waiting."""
        return any(
            busy.seconds_since_progress > self._hang_limit
            and (host.process is not None or busy.id in self._in_flight)
            for busy in health.busy
        )
