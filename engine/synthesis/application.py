"""The ASGI application around one engine: health, card, sound streamed as it is made, voices.

Knows: HTTP's forms, the client's going away. Any ASGI server can host it; it keeps no state that
matters. Does not know: processes, sockets, how an order is worked on (`hosting.py`).

    order ──▶ hosting ──▶ [queue] ──▶ client

The queue parts the engine from its reader: a reader that stalls holds no slot, and its stalling
is not taken for the engine's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from engine.clock import Clock, SystemClock
from engine.errors import EngineError, EngineUnavailable
from engine.synthesis.base import Synthesizer
from engine.synthesis.hosting import Host
from engine.synthesis.wire import (
    MOST_BODY,
    Format,
    Invalid,
    Order,
    check_reference,
    describe_error,
)

log = structlog.get_logger(__name__)

_MEDIA_TYPES: Final = {"ogg": "audio/ogg; codecs=opus", "wav": "audio/wav"}


class Synthesis:
    """`POST /synthesize`. It ends at once when its client goes: it listens while it works."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            order = await _read_order(Request(scope, receive))
        except Invalid as error:
            await _refusal(error)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        answering = asyncio.create_task(self._answer(order, scope, receive, send))
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

    async def _answer(self, order: Order, scope: Scope, receive: Receive, send: Send) -> None:
        pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        making = asyncio.create_task(self._host.make(order, pieces.put_nowait))
        making.add_done_callback(lambda _: pieces.put_nowait(None))
        begun = False
        try:
            while (piece := await pieces.get()) is not None:
                if not begun:
                    begun = True
                    await send(_head(order.format))
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            error = making.exception()
            if error is None:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            if not isinstance(error, EngineError):
                log.error("synthesis broke", id=order.id, exc_info=error)
            if not begun:
                await _refusal(error)(scope, receive, send)
                return
            # What has begun cannot become an error. Left without its end, the connection is cut
            # by the server, and no end-of-stream page was sent: the client asks `health` why.
            self._host.note_broken(order, error)
        finally:
            making.cancel()
            await asyncio.wait({making})


class Voice:
    """`DELETE /voices/HASH`."""

    def __init__(self, host: Host) -> None:
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


def application(
    make: Callable[[], Synthesizer],
    clock: Clock | None = None,
    *,
    state_dir: Path | None = None,
    slots: int | None = None,
    give_up: Callable[[], None] = lambda: None,
) -> Starlette:
    """The ASGI application. It answers at once, and makes and loads the engine behind that.

    `state_dir`: where what was made of reference voices is kept. `slots`: how many orders are
    worked on at once, if not as many as the engine says. `give_up`: called when the engine has
    become of no use; what is asked of it from then on is refused.
    """
    host = Host(make, clock or SystemClock(), state_dir=state_dir, slots=slots, give_up=give_up)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(host.load())
        yield
        loading.cancel()
        await asyncio.wait({loading})

    async def health(_: Request) -> Response:
        return JSONResponse(host.health().to_json())

    async def card(_: Request) -> Response:
        try:
            return JSONResponse(host.card().to_json())
        except EngineUnavailable as error:
            return _refusal(error)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/card", card),
            Route("/synthesize", Synthesis(host), methods=["POST"]),
            Route("/voices/{reference}", Voice(host), methods=["DELETE"]),
        ],
        lifespan=lifespan,
    )


async def _read_order(request: Request) -> Order:
    """Raises Invalid, ClientDisconnect."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise Invalid(f"the body is larger than {MOST_BODY} bytes")
    return Order.from_body(bytes(body))


async def _gone(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(form: Format) -> Message:
    kind = _MEDIA_TYPES[form].encode()
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}


def _refusal(error: BaseException) -> Response:
    status, body = describe_error(error)
    return JSONResponse(body, status)
