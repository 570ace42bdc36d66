"""Fetches a recording from Discord into a file, within limits, whatever was announced.

Knows: HTTP, and what can go wrong on the way. Does not know: what is fetched, what for; which
addresses are Discord's (`addresses`).
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import aiohttp
import structlog

from bot.voices.addresses import Addresses
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.base.settings import MEBIBYTE
from engine.model.errors import BadRecording

log = structlog.get_logger(__name__)

#: For the whole of it. Who pressed a button has an answer within ten.
FETCH_SECONDS: Final = 6.0
PIECE_BYTES: Final = 64 * 1024

GONE: Final = "The recording is no longer there. Upload it again, and leave it until I am done."
LATE: Final = "The recording did not arrive in time. Upload it again in a moment."
SHORT: Final = "The recording arrived incomplete. Upload it again in a moment."

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file that a member gave to Discord. All of it is Discord's word, and none is relied on."""

    url: str
    size: int  # bytes


class Fetcher:
    """`addresses` are those that it may call; `most` is the largest recording, in bytes."""

    def __init__(
        self, session: aiohttp.ClientSession, addresses: Addresses, clock: Clock, most: int
    ) -> None:
        self._session = session
        self._addresses = addresses
        self._clock = clock
        self._most = most

    def check(self, recording: Recording) -> None:
        """Raise BadRecording for one that is elsewhere, or announced to be too large, or empty."""
        self._addresses.check(recording.url)
        if recording.size > self._most:
            raise self._too_large()
        if recording.size == 0:
            raise BadRecording("an empty file", user_message="This file is empty: record it again.")

    async def fetch(self, recording: Recording, into: Path) -> None:
        """Write the recording to `into`. Raises BadRecording: elsewhere, gone, late, incomplete,
        too large."""
        try:
            await within(self._clock, FETCH_SECONDS, self._fetch(recording, into))
        except TimeoutError as error:
            raise BadRecording("a recording stalled", user_message=LATE) from error
        except aiohttp.ClientPayloadError as error:
            raise BadRecording("a recording broke off", user_message=SHORT) from error
        except (aiohttp.ClientError, OSError) as error:
            log.info("a recording could not be fetched", error=describe(error))
            raise BadRecording("a recording could not be fetched", user_message=GONE) from error

    async def _fetch(self, recording: Recording, into: Path) -> None:
        # As it is sent: what is packed might unpack to more than memory holds.
        asked = self._session.get(
            self._addresses.check(recording.url),
            allow_redirects=False,
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )
        async with asked as response:
            if response.status != 200:
                raise BadRecording(f"status {response.status}", user_message=GONE)
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
                raise BadRecording(f"{received} bytes of {recording.size}", user_message=SHORT)

    def _too_large(self) -> BadRecording:
        return BadRecording(
            f"more than {self._most} bytes",
            user_message=f"This file is too large: at most {self._most // MEBIBYTE} MiB. "
            "Ten seconds of speech are enough; cut it, or save it as MP3 or OGG.",
        )


def _opened(into: Path) -> BinaryIO:
    # Not in a thread: it would leave a file open when it is cancelled meanwhile.
    return into.open("wb")


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, if it takes no longer than that by the clock. Raises TimeoutError."""
    task, timer = asyncio.create_task(work), asyncio.create_task(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)
