"""Requests to one host, by HTTP over a Unix socket or the network: addresses, token, breaks."""

import asyncio
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from engine.base.error_text import describe
from engine.model.errors import AccessRefused, EngineError, EngineUnavailable, HostFull, SetupError
from engine.tts.audio.ogg import OggDamaged, OggPiece, OggReader
from engine.tts.protocol import Health, SynthesizeCommand, error_from

_CONNECT_SECONDS: Final = 3.0
#: The errors of a broken connection or an absent host.
_BREAKS: Final = (aiohttp.ClientError, OSError, TimeoutError)
_JSON: Final = {"content-type": "application/json"}
#: Why the host does not let us in, by the status of its answer.
_REFUSALS: Final = {
    401: "the engine's host refuses the token: set the same MYNAH_ENGINE_TOKEN on both machines",
    403: "the engine's host, or a proxy in front of it, refuses our requests",
    421: "the engine's host does not know the name in MYNAH_ENGINE_URL: put its IP address there, "
    "or start it with --allow-host and that name",
}
_MOST_RETRY_AFTER: Final = 30.0  # seconds that we wait at most, when a full host says how long


class StreamBroken(Exception):
    """The stream ended without its end-of-stream page. The connection cannot say why."""


def check_url(url: str) -> tuple[str, str | None]:
    """The base URL of requests to the host, and the path of its Unix socket if it has one.

    `url`: `http://…`, `https://…` or `unix:///path`. Raises SetupError for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path:
        return "http://host", parts.path
    if parts.username is not None or parts.password is not None:
        # The message does not repeat it: the log shows addresses.
        raise SetupError(
            "MYNAH_ENGINE_URL must not hold a name or a password. "
            "The secret of the engine's host belongs in MYNAH_ENGINE_TOKEN."
        )
    if parts.scheme in ("http", "https") and parts.netloc:
        return url.rstrip("/"), None
    raise SetupError(
        f"MYNAH_ENGINE_URL: {url!r} is not an address of a host. "
        "It looks like http://address:port or unix:///path.sock."
    )


class EngineHttpClient:
    """A pool of connections to the host at `url`. It must be made on the event loop.

    `token`: sent over TCP only, never to a Unix socket.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._base, socket = check_url(url)
        self._waits: set[asyncio.Timeout] = set()
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"} if token and not socket else None,
            connector=(
                aiohttp.UnixConnector(socket, limit=0) if socket else aiohttp.TCPConnector(limit=0)
            ),
            # No limit: an engine may take minutes for its first sound. The supervisor finds hangs.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        )

    async def health(self, *, within: float) -> Health:
        """Raises EngineUnavailable if no report arrives within that many seconds; AccessRefused."""
        async with self._answer("GET", "/health", within) as response:
            _check_access(response)
            return Health.from_json(json.loads(await response.read()))

    async def synthesize(self, command: SynthesizeCommand) -> AsyncGenerator[OggPiece, None]:
        """The sound of `command` as it arrives, ending normally only if it is whole.

        Closing the generator cuts the connection, which tells the host to stop.
        Raises the host's own error; AccessRefused; HostFull; EngineUnavailable, if the host never
        got the command; StreamBroken.
        """
        reader = OggReader()
        # Encoding a recording of half a megabyte would hold up the event loop.
        body = await asyncio.to_thread(command.to_body) if command.recording else command.to_body()
        posted = io.BytesIO(body)  # aiohttp warns about bytes of more than a megabyte
        try:
            async with self._while_open():
                response = await self._session.post(
                    f"{self._base}/synthesize", data=posted, headers=_JSON, allow_redirects=False
                )
            try:
                if response.status != 200:
                    async with self._while_open():
                        raise await _error(response)
                while True:
                    async with self._while_open():
                        data = await response.content.readany()
                    if not data:
                        break
                    yield OggPiece(data, reader.feed(data))
            finally:
                if reader.complete:
                    response.release()
                else:
                    response.close()
        except aiohttp.ClientConnectorError as error:
            raise EngineUnavailable(f"{self.url} cannot be reached: {describe(error)}") from error
        except (*_BREAKS, OggDamaged) as error:
            raise StreamBroken(describe(error)) from error
        if not reader.complete:
            raise StreamBroken("the stream ended before its last page")

    async def forget(self, reference: str, *, within: float) -> None:
        """Raises EngineUnavailable unless the host confirms within that many seconds."""
        async with self._answer("DELETE", f"/voices/{reference}", within) as response:
            if response.status >= 300:
                raise await _error(response)

    async def close(self) -> None:
        """Cut every connection; running streams break."""
        for wait in self._waits:
            wait.reschedule(0)
        await self._session.close()

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, within: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session.closed:
            raise EngineUnavailable("the client was closed")
        url = f"{self._base}{path}"
        try:
            async with asyncio.timeout(within):
                async with self._session.request(method, url, allow_redirects=False) as response:
                    yield response
        except (*_BREAKS, ValueError, KeyError, TypeError) as error:  # or no answer of a host
            raise EngineUnavailable(f"no answer from {self.url}: {describe(error)}") from error

    @asynccontextmanager
    async def _while_open(self) -> AsyncIterator[None]:
        """Waiting for the host ends with TimeoutError when this client is closed: closing a session
        alone leaves its readers waiting (seen with aiohttp 3.14)."""
        async with asyncio.timeout(None) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)


async def _error(response: aiohttp.ClientResponse) -> EngineError:
    """The error in an answer. Raises AccessRefused."""
    _check_access(response)
    try:
        error = error_from(json.loads(await response.read()))
    except ValueError:
        return EngineUnavailable(f"the host answered with status {response.status}")
    if isinstance(error, HostFull):
        seconds = response.headers.get("retry-after", "")
        if seconds.isascii() and seconds.isdigit():
            error.retry_after = min(float(seconds), _MOST_RETRY_AFTER)
    return error


def _check_access(response: aiohttp.ClientResponse) -> None:
    """Raises AccessRefused."""
    if response.status in _REFUSALS:
        raise AccessRefused(_REFUSALS[response.status])
