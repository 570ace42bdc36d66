"""The ASGI application around one Synthesizer: health, card, and sound streamed as it is made.

Knows: slots and their order, progress, the client's going away. Any ASGI server can host it; it
keeps no state that matters. Does not know: processes, sockets, which engine it is.

    order ──▶ wait for a slot ──▶ synthesize ─▶ finish ─▶ Ogg pages ──▶ [queue] ──▶ client
                                  └──── holds the slot, marks progress ────┘

The queue parts the engine from its reader: a reader that stalls holds no slot, and its stalling
is not taken for the engine's.
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from engine.clock import Clock, SystemClock
from engine.errors import EngineError, EngineUnavailable, SynthesisFailed
from engine.frames import SAMPLE_RATE
from engine.synthesis.base import EngineCard, Synthesizer
from engine.synthesis.opus import OggSound
from engine.synthesis.slots import Slots
from engine.synthesis.wav import WavSound
from engine.synthesis.wire import (
    MOST_BODY,
    Broken,
    Busy,
    Format,
    Health,
    HostState,
    Invalid,
    Order,
    describe_error,
)

log = structlog.get_logger(__name__)

_BROKEN_KEPT: Final = 16
_MEDIA_TYPES: Final = {"ogg": "audio/ogg; codecs=opus", "wav": "audio/wav"}


class Work:
    """An order that holds a slot, and when it last got on."""

    def __init__(self, order: Order, now: float) -> None:
        self.id = order.id
        self.progress = now


class Host:
    """One engine, what it is doing, and the orders that wait for it."""

    def __init__(self, synthesizer: Synthesizer, clock: Clock) -> None:
        self._synthesizer = synthesizer
        self._clock = clock
        self._state: HostState = "loading"
        self._error: str | None = None
        self._card: EngineCard | None = None
        self._slots = Slots(0)
        self._works: set[Work] = set()
        self._broken: deque[Broken] = deque(maxlen=_BROKEN_KEPT)

    async def load(self) -> None:
        """Bring the engine up; `health` tells how it went."""
        loaded: asyncio.Future[EngineCard] = asyncio.get_running_loop().create_future()
        # A daemon thread: the executor's are waited for when the process ends, and a model may
        # take minutes to load.
        threading.Thread(target=self._load, args=(loaded,), daemon=True, name="load").start()
        await asyncio.wait({loaded})
        if error := loaded.exception():
            self._state, self._error = "failed", str(error) or type(error).__name__
            log.error("the engine cannot be loaded", exc_info=error)
            return
        self._card = loaded.result()
        self._slots = Slots(self._card.slots)
        self._state = "ready"
        log.info("the engine is ready", engine=self._card.name, version=self._card.version)

    def _load(self, loaded: asyncio.Future[EngineCard]) -> None:
        loop = loaded.get_loop()
        settle: Callable[[], None]
        try:
            self._synthesizer.load()
            OggSound(SAMPLE_RATE)  # the first to speak shall not wait for the codec to be found
            settle = partial(loaded.set_result, self._synthesizer.describe())
        except Exception as error:  # noqa: BLE001 - the edge of this thread; `load` logs it
            settle = partial(loaded.set_exception, error)
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(settle)

    def health(self) -> Health:
        now = self._clock.monotonic()
        return Health(
            state=self._state,
            card=self._card,
            error=self._error,
            busy=tuple(
                Busy(id=work.id, seconds_since_progress=now - work.progress) for work in self._works
            ),
            waiting=self._slots.waiting,
            broken=tuple(self._broken),
        )

    def card(self) -> EngineCard:
        """Raises EngineUnavailable until the engine is loaded."""
        if self._card is None:
            raise EngineUnavailable(self._error or "the engine is loading")
        return self._card

    async def make(self, order: Order, put: Callable[[bytes], None]) -> None:
        """Make the sound of `order` when its turn comes, and `put` it piece by piece."""
        card = self.card()
        if order.request.voice not in {voice.id for voice in card.voices}:
            raise SynthesisFailed(
                f"no voice {order.request.voice!r}",
                user_message="The engine has no such voice. Choose another one.",
            )
        async with self._slots.take(self._clock.monotonic() + order.due_in):
            work = Work(order, self._clock.monotonic())
            self._works.add(work)
            try:
                await self._synthesize(order, work, put)
            finally:
                self._works.discard(work)

    async def _synthesize(self, order: Order, work: Work, put: Callable[[bytes], None]) -> None:
        sound: OggSound | WavSound | None = None
        async with aclosing(self._synthesizer.synthesize(order.request, None)) as pieces:
            async for piece in pieces:
                work.progress = self._clock.monotonic()
                if sound is None:
                    sound = OggSound(piece.rate) if order.format == "ogg" else WavSound(piece.rate)
                if made := sound.feed(piece):
                    put(made)
                # An engine far ahead of real time never waits: let others have the loop.
                await asyncio.sleep(0)
        made = sound.flush() if sound is not None else b""
        if not made:
            raise SynthesisFailed(
                "the text gave no sound", user_message="Nothing in this text can be spoken."
            )
        put(made)

    def note_broken(self, order: Order, error: BaseException) -> None:
        self._broken.append(Broken(id=order.id, error=describe_error(error)[1]))


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


def application(synthesizer: Synthesizer, clock: Clock | None = None) -> Starlette:
    """The ASGI application. It answers at once, and loads the engine behind that."""
    host = Host(synthesizer, clock or SystemClock())

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
        ],
        lifespan=lifespan,
    )


async def _read_order(request: Request) -> Order:
    """Raises Invalid, ClientDisconnect."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise Invalid(f"the body is larger than {MOST_BODY} bytes")
    try:
        return Order.from_json(json.loads(body))
    except RecursionError as error:
        raise Invalid("the body is nested too deep") from error
    except json.JSONDecodeError as error:
        raise Invalid(f"the body is no JSON: {error}") from error
    except UnicodeDecodeError as error:
        raise Invalid("the body is no UTF-8") from error


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
