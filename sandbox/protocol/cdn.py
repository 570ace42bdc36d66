"""The servers that keep files: how they answer, and how they fail when a test orders it."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from sandbox.model.context import Context
from sandbox.model.files import Attachment

PIECE: Final = 64 * 1024  # bytes
GONE: Final = "This content is no longer available."


@dataclass
class Fetched:
    """One request for a file, and its progress."""

    time: float  # the sandbox's clock, at the start
    filename: str
    status: int = 0  # 0 until there is an answer
    sent: int = 0  # bytes
    is_over: bool = False
    is_whole: bool = False  # everything was sent, and the connection was not cut


@dataclass
class Fault:
    """An order for the next `times` requests for a file whose name matches."""

    name: str
    times: int
    status: int = 200
    most: int | None = None  # bytes, after which nothing more comes
    is_cut: bool = False  # and the connection is cut there
    rate: float | None = None  # bytes in a second
    extra: int = 0  # bytes more than announced


@dataclass
class Files:
    """`discord.files`: what Discord keeps, who fetched it, and faults to order. `name` is a regular
    expression, searched for in the file's name as Discord keeps it."""

    world: Context
    #: In the order of their start.
    requests: list[Fetched] = field(default_factory=list)
    _orders: list[Fault] = field(default_factory=list)
    _cleared: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kept(self) -> list[Attachment]:
        """All files that a client can fetch. Files of deleted messages, and those that an edit
        removed, are gone."""
        return list(self.world.storage.files.values())

    def vanish(self, name: str) -> None:
        """Lose the files with this name: they answer 404 from now on."""
        for each in self.kept:
            if re.search(name, each.filename):
                self.world.storage.forget(each)

    def fail(self, name: str = "", *, status: int = 503, times: int = 1) -> Fault:
        """Answer with `status` and no file."""
        return self._order(Fault(name, times, status=status))

    def stall(self, name: str = "", *, after: int = 0, times: int = 1) -> Fault:
        """Send headers and `after` bytes, then nothing, until `clear`."""
        return self._order(Fault(name, times, most=after))

    def cut(self, name: str = "", *, after: int = 0, times: int = 1) -> Fault:
        """Send headers and `after` bytes, then cut the connection."""
        return self._order(Fault(name, times, most=after, is_cut=True))

    def slow(self, name: str = "", *, rate: float, times: int = 1) -> Fault:
        """Send `rate` bytes in a second of the sandbox's clock, in up to ten portions."""
        return self._order(Fault(name, times, rate=rate))

    def swell(self, name: str = "", *, by: int, times: int = 1) -> Fault:
        """Send `by` bytes (zeros) more than the attachment's `size`, and no Content-Length."""
        return self._order(Fault(name, times, extra=by))

    def mislead(self, to: str) -> None:
        """Make the addresses of files begin with `to` (`http://host:port`) from now on, as a
        hostile proxy in front of Discord could. "" ends this."""
        self.world.storage.misleading = to

    def clear(self) -> None:
        """Forget all orders, and cut transfers that stall or are slow."""
        self._orders.clear()
        self.release()

    def release(self) -> None:
        """Cut transfers that stall or are slow. Orders stay."""
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def until(
        self, predicate: Callable[[list[Fetched]], object], timeout: float = 5.0
    ) -> None:
        """Wait until `predicate` holds for the log of requests, which is then not empty."""
        await self.world.watch.until(
            lambda: self.requests and predicate(self.requests), timeout, "a request for a file"
        )

    def _order(self, fault: Fault) -> Fault:
        self._orders.append(fault)
        return fault

    def _due(self, filename: str) -> Fault:
        """The fault that applies to a request now, counted as used once; or one without effect."""
        for each in self._orders:
            if re.search(each.name, filename):
                each.times -= 1
                if each.times <= 0:
                    self._orders.remove(each)
                return each
        return Fault(filename, times=0)

    # Serving

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        log = Fetched(self.world.clock.time(), name)
        self.requests.append(log)
        self.world.watch.changed()
        fault = self._due(name)
        file = self._find(request)
        response: web.StreamResponse
        try:
            if fault.status != 200:
                response = web.Response(status=fault.status)
            elif file is None:
                response = web.Response(status=404, text=GONE)
            else:
                content_type = file.content_type or "application/octet-stream"
                response = web.StreamResponse(headers={"Content-Type": content_type})
            log.status = response.status
            if file is not None and fault.status == 200:
                await self._send(request, response, file.file.data, fault, log)
        finally:
            log.is_over = True
            self.world.watch.changed()
        return response

    def _find(self, request: web.Request) -> Attachment | None:
        storage = self.world.storage
        file = storage.files.get(int(request.match_info["attachment"]))
        if file is None or request.path.removeprefix("/proxy") != file.path:
            return None
        signed = [request.query.get(each, "") for each in ("ex", "is", "hm")]
        return file if storage.admits(file.path, *signed) else None

    async def _send(
        self,
        request: web.Request,
        response: web.StreamResponse,
        data: bytes,
        fault: Fault,
        log: Fetched,
    ) -> None:
        if not fault.extra:
            response.content_length = len(data)
        cleared = self._cleared
        end = len(data) + fault.extra if fault.most is None else min(fault.most, len(data))
        portion = PIECE if fault.rate is None else max(1, int(fault.rate / 10))
        try:
            await response.prepare(request)
            while log.sent < end and not cleared.is_set():
                if fault.rate is not None:
                    await self._until(log.time + (log.sent + portion) / fault.rate, cleared)
                size = min(portion, end - log.sent)
                piece = data[log.sent : log.sent + size]
                await response.write(piece.ljust(size, b"\0"))
                log.sent += size
                self.world.watch.changed()
            if fault.most is not None and not fault.is_cut:
                await cleared.wait()
            if fault.most is None and not cleared.is_set():
                await response.write_eof()
                log.is_whole = True
            elif request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # the client has gone; the log says how many bytes it got

    async def _until(self, when: float, cleared: asyncio.Event) -> None:
        """Wait for a moment of the sandbox's clock, or until the test calls `clear`."""
        due = asyncio.Event()
        self.world.clock.call_at(when, due.set)
        ends = [asyncio.create_task(each.wait()) for each in (due, cleared)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for each in ends:
            each.cancel()
