"""The ASGI application around one engine: health, info, sound streamed as it is made, voices.

Any ASGI server can host it; it keeps no state that matters.

    access ──▶ admission ──▶ command ──▶ runner ──▶ [unread] ──▶ client

The unread buffer parts the engine from its reader: a reader that stalls holds no slot as long as
its sound has room there, and the engine does not count as stalled because of it. `connections.py`
cuts off a reader that stalls for long.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.base.aio import first_of
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.errors import EngineError, EngineUnavailable, HostFull
from engine.tts.audio.wav import MOST_WAV
from engine.tts.protocol import (
    MOST_BODY,
    MOST_PLAIN_BODY,
    Invalid,
    SynthesizeCommand,
    check_reference,
    describe_error,
    error_body,
)
from engine.tts.server.access import UNAUTHORIZED, UNKNOWN_HOST, Access
from engine.tts.server.admission import (
    MOST_UNREAD,
    Admission,
    AdmissionLimits,
    LogLimit,
    UnreadBuffer,
)
from engine.tts.server.runner import EngineRunner

log = structlog.get_logger(__name__)

_MEDIA_TYPES: Final = {"ogg": b"audio/ogg; codecs=opus", "wav": b"audio/wav"}
#: Bytes that are given to the server at once: what it holds of an answer that nobody reads.
_PIECE: Final = 16 * 1024


class AccessControl:
    """Middleware: nothing is answered before `access` has let the request in."""

    def __init__(self, app: ASGIApp, *, access: Access, clock: Clock) -> None:
        self._app = app
        self._access = access
        self._log_limit = LogLimit(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None
        if scope["type"] == "http":  # and not the server's own: start and end
            refusal = self._access.refusal(scope["method"], scope["headers"])
        if refusal is None:
            await self._app(scope, receive, send)
            return
        if self._log_limit.allows(refusal.code):
            more = {"reason": refusal.message, "client": str(scope.get("client"))}
            if refusal is UNKNOWN_HOST:
                more["host"] = repr(dict(scope["headers"]).get(b"host", b"")[:100])
            log.warning("a request was not let in", **more)
        # A stranger must not keep a connection.
        stranger = {"connection": "close", "www-authenticate": "Bearer"}
        headers = stranger if refusal is UNAUTHORIZED else None
        answer = JSONResponse(error_body(refusal.code, refusal.message), refusal.status, headers)
        await answer(scope, receive, send)


class Synthesis:
    """`POST /synthesize`. It ends as soon as its client goes: it listens while it works."""

    def __init__(self, runner: EngineRunner, limits: AdmissionLimits) -> None:
        self._runner = runner
        self._limits = limits
        self._log_limit = LogLimit(limits.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._limits.request() as admission:
                command = await _read_command(Request(scope, receive), admission)
                await first_of(self._answer(command, scope, receive, send), _client_gone(receive))
        except (HostFull, Invalid) as error:
            if isinstance(error, HostFull) and self._log_limit.allows("full"):
                log.warning("a request was refused", reason=describe(error))
            await _error(error)(scope, receive, send)
        except ClientDisconnect:
            return

    async def _answer(
        self, command: SynthesizeCommand, scope: Scope, receive: Receive, send: Send
    ) -> None:
        is_wav = command.format == "wav"
        async with self._limits.wav_file(command.deadline_in) if is_wav else nullcontext():
            unread = UnreadBuffer(MOST_WAV if is_wav else MOST_UNREAD)
            making = asyncio.create_task(self._runner.synthesize(command, unread.put))
            making.add_done_callback(lambda _: unread.end())
            begun = False
            try:
                while (piece := await unread.take()) is not None:
                    if not begun:
                        begun = True
                        kind = (b"content-type", _MEDIA_TYPES[command.format])
                        head = {"type": "http.response.start", "status": 200, "headers": [kind]}
                        await send(head)
                    for at in range(0, len(piece), _PIECE):
                        await send(_body(piece[at : at + _PIECE], more=True))
                error = making.exception()
                if error is None:
                    await send(_body(b"", more=False))
                    return
                if not isinstance(error, EngineError):
                    log.error("synthesis failed", id=command.id, exc_info=error)
                if not begun:
                    await _error(error)(scope, receive, send)
                    return
                # An answer that has begun cannot become an error. Left without its end, the
                # server cuts the connection, and no end-of-stream page was sent: the client asks
                # `health` for the reason.
                self._runner.note_broken(command, error)
            finally:
                making.cancel()
                await asyncio.wait({making})


def application(runner: EngineRunner, limits: AdmissionLimits, access: Access) -> Starlette:
    """The ASGI application. It answers at once, and loads the engine meanwhile."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(runner.load())
        yield
        loading.cancel()
        await asyncio.wait({loading})

    async def health(_: Request) -> Response:
        now = runner.health()
        return JSONResponse(replace(now, waiting=now.waiting + limits.waiting).to_json())

    async def info(_: Request) -> Response:
        try:
            return JSONResponse(runner.info().to_json())
        except EngineUnavailable as error:
            return _error(error)

    async def forget(request: Request) -> Response:
        reference = request.path_params["reference"]
        try:
            check_reference(reference)
            await runner.forget(reference)
        except (Invalid, OSError) as error:
            return _error(error)
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/info", info),
            Route("/synthesize", Synthesis(runner, limits), methods=["POST"]),
            Route("/voices/{reference}", forget, methods=["DELETE"]),
        ],
        middleware=[Middleware(AccessControl, access=access, clock=limits.clock)],
        lifespan=lifespan,
    )


async def _read_command(request: Request, admission: Admission) -> SynthesizeCommand:
    """Raises Invalid, HostFull, ClientDisconnect."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise Invalid(f"the body is larger than {MOST_BODY} bytes")
        if len(body) > MOST_PLAIN_BODY:
            admission.for_recording()
    return SynthesizeCommand.from_body(bytes(body))


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(piece: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": more}


def _error(error: BaseException) -> Response:
    status, body = describe_error(error)
    headers = {"retry-after": f"{error.retry_after:.0f}"} if isinstance(error, HostFull) else None
    return JSONResponse(body, status, headers)
