"""The ASGI application around one engine: health, card, sound streamed as it is made, voices.

Knows: HTTP's forms, the client's going away. Any ASGI server can host it; it keeps no state that
matters. Does not know: processes, sockets, how an order is worked on (`runner.py`), who may ask
(`access.py`), how many may (`admission.py`).

    door ──▶ place ──▶ order ──▶ hosting ──▶ [unread] ──▶ client

What is unread parts the engine from its reader: a reader that stalls holds no slot as long as its
sound has room there, and its stalling is never taken for the engine's. The server cuts a reader
that stalls for long (`connections.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.errors import EngineError, EngineUnavailable, HostFull
from engine.tts.audio.wav import MOST_WAV
from engine.tts.protocol import (
    MOST_BODY,
    MOST_WORDS,
    Format,
    Invalid,
    SynthesizeCommand,
    check_reference,
    describe_error,
)
from engine.tts.server.access import UNAUTHORIZED, UNKNOWN_HOST, Access, Closed
from engine.tts.server.admission import MOST_UNREAD, Admission, AdmissionLimits
from engine.tts.server.log_limit import LogLimit
from engine.tts.server.runner import EngineRunner
from engine.tts.server.unread import Unread

log = structlog.get_logger(__name__)

_MEDIA_TYPES: Final = {"ogg": "audio/ogg; codecs=opus", "wav": "audio/wav"}
#: Bytes that are given to the server at once: what it holds of an answer that nobody reads.
_PIECE: Final = 16 * 1024


class Guarded:
    """The application behind its door: nothing is answered before the door has opened."""

    def __init__(self, app: ASGIApp, *, door: Access, clock: Clock) -> None:
        self._app = app
        self._door = door
        self._seldom = LogLimit(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server's own: start and end
            await self._app(scope, receive, send)
            return
        closed = self._door.closed_to(scope["method"], scope["headers"])
        if closed is None:
            await self._app(scope, receive, send)
            return
        self._log(closed, scope)
        await _closed(closed)(scope, receive, send)

    def _log(self, closed: Closed, scope: Scope) -> None:
        if not self._seldom.due(closed.code):
            return
        told = {"why": closed.message, "client": str(scope.get("client"))}
        if closed is UNKNOWN_HOST:
            told["host"] = repr(dict(scope["headers"]).get(b"host", b"")[:100])
        log.warning("a request was not let in", **told)


class Synthesis:
    """`POST /synthesize`. It ends at once when its client goes: it listens while it works."""

    def __init__(self, host: EngineRunner, places: AdmissionLimits) -> None:
        self._host = host
        self._places = places
        self._seldom = LogLimit(places.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._places.command() as place:
                command = await _read_command(Request(scope, receive), place)
                await self._serve(command, scope, receive, send)
        except HostFull as error:
            if self._seldom.due("full"):
                log.warning("a request was refused", why=describe(error))
            await _refusal(error)(scope, receive, send)
        except Invalid as error:
            await _refusal(error)(scope, receive, send)
        except ClientDisconnect:
            return

    async def _serve(
        self, command: SynthesizeCommand, scope: Scope, receive: Receive, send: Send
    ) -> None:
        answering = asyncio.create_task(self._answer(command, scope, receive, send))
        leaving = asyncio.create_task(_gone(receive))
        both = {answering, leaving}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.wait(both)
        if not answering.cancelled():
            answering.result()

    async def _answer(
        self, command: SynthesizeCommand, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async with AsyncExitStack() as stack:
            if command.format == "wav":
                await stack.enter_async_context(self._places.wave(command.deadline_in))
            unread = Unread(MOST_WAV if command.format == "wav" else MOST_UNREAD)
            making = asyncio.create_task(self._host.make(command, unread.put))
            making.add_done_callback(lambda _: unread.end())
            begun = False
            try:
                while (piece := await unread.take()) is not None:
                    if not begun:
                        begun = True
                        await send(_head(command.format))
                    for at in range(0, len(piece), _PIECE):
                        await send(_body(piece[at : at + _PIECE], more=True))
                error = making.exception()
                if error is None:
                    await send(_body(b"", more=False))
                    return
                if not isinstance(error, EngineError):
                    log.error("synthesis broke", id=command.id, exc_info=error)
                if not begun:
                    await _refusal(error)(scope, receive, send)
                    return
                # What has begun cannot become an error. Left without its end, the connection is
                # cut by the server, and no end-of-stream page was sent: the client asks `health`
                # why.
                self._host.note_broken(command, error)
            finally:
                making.cancel()
                await asyncio.wait({making})


class Voice:
    """`DELETE /voices/HASH`."""

    def __init__(self, host: EngineRunner) -> None:
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reference = Request(scope, receive).path_params["reference"]
        try:
            check_reference(reference)
            await self._host.forget(reference)
        except (Invalid, OSError) as error:
            await _refusal(error)(scope, receive, send)
        else:
            await Response(status_code=204)(scope, receive, send)


def application(host: EngineRunner, places: AdmissionLimits, door: Access) -> Starlette:
    """The ASGI application. It answers at once, and has the engine loaded behind that."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(host.load())
        yield
        loading.cancel()
        await asyncio.wait({loading})

    async def health(_: Request) -> Response:
        told = host.health()
        return JSONResponse(replace(told, waiting=told.waiting + places.waiting).to_json())

    async def info(_: Request) -> Response:
        try:
            return JSONResponse(host.info().to_json())
        except EngineUnavailable as error:
            return _refusal(error)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/info", info),
            Route("/synthesize", Synthesis(host, places), methods=["POST"]),
            Route("/voices/{reference}", Voice(host), methods=["DELETE"]),
        ],
        middleware=[Middleware(Guarded, door=door, clock=places.clock)],
        lifespan=lifespan,
    )


async def _read_command(request: Request, place: Admission) -> SynthesizeCommand:
    """Raises Invalid, HostFull, ClientDisconnect."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise Invalid(f"the body is larger than {MOST_BODY} bytes")
        if len(body) > MOST_WORDS:
            place.for_recording()
    return SynthesizeCommand.from_body(bytes(body))


async def _gone(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(form: Format) -> Message:
    kind = _MEDIA_TYPES[form].encode()
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}


def _body(piece: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": more}


def _refusal(error: BaseException) -> Response:
    status, body = describe_error(error)
    headers = {}
    if isinstance(error, HostFull):
        headers["retry-after"] = f"{error.retry_after:.0f}"
    return JSONResponse(body, status, headers)


def _closed(closed: Closed) -> Response:
    # A stranger does not get to keep a connection.
    stranger = {"connection": "close", "www-authenticate": "Bearer"}
    headers = stranger if closed is UNAUTHORIZED else {}
    body: Mapping[str, Any] = {
        "code": closed.code,
        "message": closed.message,
        "user_message": None,
        "retryable": False,
    }
    return JSONResponse(body, closed.status, headers)
