"""Fetches a recording from Discord into a file, within limits, whatever Discord announced.

An address comes with an interaction, so from whatever stands between Discord and this bot. It must
not make the bot call the machine that it runs on, or another in its network: `Addresses` lets it
fetch from Discord's addresses and from no others.

    https://cdn.discordapp.com       `url` of every attachment: of options
                                     (/ephemeral-attachments/…), of messages, voice messages too
                                     (/attachments/…)
    https://media.discordapp.net     their `proxy_url`

Source: the URLs of attachments in Discord's documentation ("Signed Attachment CDN URLs") and in
payloads of interactions as its users recorded them.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self, TypeVar

import aiohttp
import structlog
import yarl

from engine.base.aio import first_of
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.base.settings import MEBIBYTE
from engine.model.errors import BadRecording

log = structlog.get_logger(__name__)

#: For the whole download. A member who pressed a button has an answer within ten.
FETCH_SECONDS: Final = 6.0
PIECE_BYTES: Final = 64 * 1024

Origin = tuple[str, str | None, int | None]  # scheme, host, port

DISCORDS: Final[frozenset[Origin]] = frozenset(
    {("https", "cdn.discordapp.com", 443), ("https", "media.discordapp.net", 443)}
)
#: Discord's own API, in all its versions: there are no files there.
_API: Final = ("discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file that a member gave to Discord. Discord says this; nothing relies on it."""

    url: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Addresses:
    origins: frozenset[Origin]

    @classmethod
    def of_api(cls, api_url: str) -> Self:
        """With Discord's API: Discord's CDN. With another API, its origin too: the bot trusts what
        stands there (the sandbox, a proxy that rewrites) with everything else. No other port of the
        same machine."""
        api = yarl.URL(api_url)
        return cls(DISCORDS if api.raw_host in _API else DISCORDS | {_origin(api)})

    def check(self, url: str) -> yarl.URL:
        """The address, as it was judged. Fetch this value, so that nothing reads it in another
        way. Raises BadRecording for one that leads elsewhere."""
        try:
            address = yarl.URL(url)
        except ValueError as error:
            raise BadRecording("not an address", code="download-elsewhere") from error
        # An address with a name before the host ("https://cdn.discordapp.com@…") is meant to
        # mislead, wherever it leads.
        if _origin(address) not in self.origins or "@" in address.raw_authority:
            raise BadRecording("an address elsewhere", code="download-elsewhere")
        return address


def _origin(address: yarl.URL) -> Origin:
    # The host as it is looked up: in lower case, in ASCII (by IDNA where it was not).
    return address.scheme, address.raw_host, address.port


@dataclass(frozen=True, slots=True)
class Fetcher:
    _session: aiohttp.ClientSession
    _addresses: Addresses  # those that it may call
    _clock: Clock
    _most: int  # the size of the largest recording, in bytes

    def check(self, recording: Recording) -> None:
        """Raise BadRecording for one that is elsewhere, empty, or announced as too large."""
        self._addresses.check(recording.url)
        if recording.size > self._most:
            raise self._too_large()
        if recording.size == 0:
            raise BadRecording("an empty file", code="download-empty")

    async def fetch(self, recording: Recording, into: Path) -> None:
        """Write the recording to `into`. Raises BadRecording: elsewhere, gone, late, incomplete,
        too large."""
        try:
            await within(self._clock, FETCH_SECONDS, self._fetch(recording, into))
        except TimeoutError as error:
            raise BadRecording("a recording stalled", code="download-late") from error
        except aiohttp.ClientPayloadError as error:
            raise BadRecording("a recording broke off", code="download-incomplete") from error
        except (aiohttp.ClientError, OSError) as error:
            log.info("a recording could not be fetched", error=describe(error))
            raise BadRecording("a recording could not be fetched", code="download-gone") from error

    async def _fetch(self, recording: Recording, into: Path) -> None:
        # As it is sent: a compressed answer might unpack to more than memory holds.
        request = self._session.get(
            self._addresses.check(recording.url),
            allow_redirects=False,
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )
        async with request as response:
            if response.status != 200:
                raise BadRecording(f"status {response.status}", code="download-gone")
            if (response.content_length or 0) > self._most:
                raise self._too_large()
            received = 0
            with _opened(into) as file:
                async for piece in response.content.iter_chunked(PIECE_BYTES):
                    received += len(piece)
                    if received > self._most:
                        raise self._too_large()
                    file.write(piece)  # to the system's cache: some 30 µs
            if received < recording.size:
                raise BadRecording(
                    f"{received} bytes of {recording.size}", code="download-incomplete"
                )

    def _too_large(self) -> BadRecording:
        return BadRecording(
            f"more than {self._most} bytes", code="download-large", most=self._most // MEBIBYTE
        )


def _opened(into: Path) -> BinaryIO:
    # Not in a thread: that would leave the file open when this task is cancelled meanwhile.
    return into.open("wb")


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, if it takes no longer than `seconds` by the clock. Raises
    TimeoutError."""
    task = asyncio.create_task(work)
    if await first_of(task, clock.sleep(seconds)) != 0:
        raise TimeoutError
    return task.result()
