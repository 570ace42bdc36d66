"""The way of each REST request: read it, break it if a test ordered that, authorize it, count it,
answer it, log it.

Knows: HTTP as Discord's clients expect it. Does not know: what a route does (`routes`).
"""

import inspect
import json
from typing import Any, Final

from aiohttp import web

from sandbox.model.files import Upload
from sandbox.model.world import World
from sandbox.protocol import limits
from sandbox.protocol.cdn import Files
from sandbox.protocol.errors import ApiError, refusal, unauthorized
from sandbox.protocol.faults import Asked, Fault, Faults, Page
from sandbox.protocol.gateway import Gateway
from sandbox.protocol.limits import Limits
from sandbox.protocol.routes import Call, Created, Routes
from sandbox.protocol.voice_states import VoiceStates

PREFIX: Final = "/api/v10"
LARGEST_BODY: Final = 256 * 1024 * 1024


class _Cut(Exception):
    """The connection is cut instead of an answer."""


class _StoodIn(Exception):
    """A page that does not come from Discord is the answer."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page


class Rest:
    """The HTTP application: REST, the gateway's address, and the files of messages."""

    def __init__(self, world: World, gateway: Gateway, voice_states: VoiceStates) -> None:
        self._world = world
        self._gateway = gateway
        self._routes = Routes(world, voice_states)
        self.faults = Faults(world.watch)
        self.files = Files(world)
        self.limits = Limits(world.clock)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_get("/gateway", self._gateway.handle)
        for kind in ("/attachments", "/ephemeral-attachments"):
            file = kind + r"/{channel}/{attachment:\d+}/{name}"
            app.router.add_get(file, self.files.handle, allow_head=False)
            app.router.add_get("/proxy" + file, self.files.handle, allow_head=False)
        app.router.add_route("*", PREFIX + "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        call = await _read(request)
        asked_at = self._world.clock.time()
        status: int | None = None
        code: int | None = None
        headers: dict[str, str] = {}
        try:
            reply = await self._perform(call, request.headers.get("Authorization"), headers)
            status = 201 if isinstance(reply, Created) else 200 if reply is not None else 204
            return _response(reply, status, headers)
        except ApiError as error:
            status, code = error.status, error.code
            return _response(error.body, status, headers | error.headers)
        except _StoodIn as other:
            page, status = other.page, other.page.status
            return web.Response(text=page.body, status=status, content_type=page.media_type)
        except _Cut:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=444)  # reaches nobody
        finally:
            self.faults.requests.append(
                Asked(asked_at, call.method, call.path, status, call.body, code)
            )
            self._world.watch.changed()

    async def _perform(self, call: Call, authorization: str | None, headers: dict[str, str]) -> Any:
        """Returns the reply. Adds the headers of the rate limit to `headers`."""
        broken: Fault | None = None
        for fault in self.faults.due(call.method, call.path):
            if fault.seconds:
                await self._world.clock.sleep(fault.seconds)
            else:
                broken = fault
        if broken is not None and not broken.is_applied:
            _break(broken)
        self._authorize(call.path, authorization)
        if call.body is None:
            raise refusal(50109)
        headers |= self._count(call)
        reply = self._routes.answer(call)
        if inspect.isawaitable(reply):
            reply = await reply
        if broken is not None:
            _break(broken)
        return reply

    def _authorize(self, path: str, given: str | None) -> None:
        """Paths with a token of their own are checked by their routes; others need the bot's."""
        if path.startswith(("/interactions/", "/webhooks/")) or path == "/gateway":
            return
        if given != f"Bot {self._world.token}":
            raise unauthorized()
        self.limits.take_global()

    def _count(self, call: Call) -> dict[str, str]:
        match (call.method, call.path.strip("/").split("/")):
            case ("POST", ["channels", channel, "messages"]):
                return self.limits.take("send", channel, limits.CHANNEL)
            case ("PATCH", ["channels", channel, "messages", _]):
                return self.limits.take("edit", channel, limits.CHANNEL)
            case (_, ["webhooks", _, token, *_]):
                return self.limits.take("webhook", token, limits.WEBHOOK)
        return {}


def _break(fault: Fault) -> None:
    if fault.page is not None:
        raise _StoodIn(fault.page)
    raise fault.error if fault.error is not None else _Cut


async def _read(request: web.Request) -> Call:
    """The request with its body: JSON, or files and a field `payload_json`."""
    files: list[Upload] = []
    text = ""
    if request.content_type.startswith("multipart/"):
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                files.append(Upload(part.filename, part.file.read(), part.content_type))
                part.file.close()
            elif name == "payload_json":
                text = str(part)
    else:
        text = await request.text()
    path = request.path.removeprefix(PREFIX)
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        body = None  # the answer is 50109
    return Call(request.method, path, dict(request.query), body, files)


def _response(body: Any, status: int, headers: dict[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers=headers)
    # Clients compare the content type with exactly "application/json": no charset.
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        headers=headers,
        content_type="application/json",
    )
