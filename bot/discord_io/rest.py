"""The few REST calls on which a job depends: answer an interaction, look for the answer, edit and
delete messages. All other calls go through discord.py.

An answer is posted here and not through discord.py, because discord.py repeats a failed one by
itself. Then "already acknowledged" may mean our own first try, and we cannot tell.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.http import Route

from bot.discord_io.errors import NETWORK_ERRORS
from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Discord waits 3 s for an answer. After this many seconds we stop waiting for a reply to our
#: answer, and ask Discord whether it arrived.
ANSWER_SECONDS: Final = 2.0
ORIGINAL_SECONDS: Final = 5.0

#: An interaction's token is valid for this long.
TOKEN_SECONDS: Final = 15 * 60

MESSAGE_FLAG_SUPPRESS_EMBEDS: Final = 1 << 2
#: A message with these fields pings nobody and embeds no links.
QUIET: Final[Mapping[str, Any]] = {
    "flags": MESSAGE_FLAG_SUPPRESS_EMBEDS,
    "allowed_mentions": {"parse": []},
}
CHANNEL_MESSAGE_WITH_SOURCE: Final = 4

_MESSAGE: Final = "/channels/{channel_id}/messages/{message_id}"
_ANSWER: Final = "/webhooks/{webhook_id}/{webhook_token}/messages/"

#: Reading a response raises these when something else than Discord has sent it, such as a proxy
#: with a page of its own: no JSON, other fields, other types.
_UNREADABLE: Final = (ValueError, AttributeError, LookupError, TypeError)


class AnswerResult(Enum):
    ACCEPTED = auto()
    REFUSED = auto()  # too late, a second one, or invalid: `Answer.code` says which
    UNCLEAR = auto()  # no response came: Discord may have taken it


@dataclass(frozen=True, slots=True)
class Answer:
    result: AnswerResult
    message_id: int | None = None
    code: int | None = None  # Discord's error code, if it refused


@dataclass(frozen=True, slots=True)
class InteractionToken:
    """The right to answer an interaction, and to edit the answer, for TOKEN_SECONDS."""

    interaction_id: int
    application_id: int
    token: str = field(repr=False)

    @property
    def webhook(self) -> dict[str, Any]:
        """The parameters of a route that edits or deletes the answer."""
        return {"webhook_id": self.application_id, "webhook_token": self.token}

    @classmethod
    def of(cls, interaction: discord.Interaction) -> "InteractionToken":
        return cls(interaction.id, interaction.application_id, interaction.token)


@dataclass(frozen=True, slots=True)
class InteractionApi:
    _session: aiohttp.ClientSession
    _client: discord.Client
    _base: str  # the address of the API with its version, without a slash at the end

    async def answer(self, token: InteractionToken, message: Mapping[str, Any]) -> Answer:
        """Answer an interaction with a message that everyone can see. Tries only once."""
        url = f"{self._base}/interactions/{token.interaction_id}/{token.token}/callback"
        request = self._session.post(
            url,
            params={"with_response": "true"},
            json={"type": CHANNEL_MESSAGE_WITH_SOURCE, "data": dict(message)},
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        )
        return await _result(request, _answer_id, {400, 401, 403, 404}, "arrived")

    async def original(self, token: InteractionToken) -> Answer:
        """Ask Discord whether an interaction was answered, and by which message."""
        url = f"{self._base}/webhooks/{token.application_id}/{token.token}/messages/@original"
        timeout = aiohttp.ClientTimeout(total=ORIGINAL_SECONDS)
        request = self._session.get(url, timeout=timeout)
        return await _result(request, lambda body: body["id"], {401, 403, 404}, "was given")

    async def edit(self, channel_id: int, message_id: int, message: Mapping[str, Any]) -> None:
        """Edit a message with the bot's own token. Raises discord.HTTPException and
        NETWORK_ERRORS."""
        route = Route("PATCH", _MESSAGE, channel_id=channel_id, message_id=message_id)
        await self._client.http.request(route, json=dict(message))

    async def delete_by_token(self, token: InteractionToken, message_id: int) -> None:
        """Delete a message that was sent with an interaction's token. Raises as `edit` does."""
        route = Route("DELETE", _ANSWER + "{message_id}", message_id=message_id, **token.webhook)
        await self._client.http.request(route)

    async def edit_original(self, token: InteractionToken, message: Mapping[str, Any]) -> None:
        """Edit an answer with its interaction's token. Raises as `edit` does."""
        route = Route("PATCH", _ANSWER + "@original", **token.webhook)
        await self._client.http.request(route, json=dict(message))


async def _result(
    request: AbstractAsyncContextManager[aiohttp.ClientResponse],
    message_id: Callable[[Any], str | None],
    refused: Collection[int],
    asked: str,
) -> Answer:
    """Whether Discord has our answer. `message_id` reads the body of a success; `refused` are the
    statuses that say no; `asked` is for the log: whether an answer arrived, or was given."""
    try:
        async with request as response:
            if response.status == 204:
                return Answer(AnswerResult.ACCEPTED)
            if response.status == 200:
                found = message_id(await response.json(content_type=None))
                return Answer(AnswerResult.ACCEPTED, int(found) if found else None)
            if response.status in refused:
                body = await response.json(content_type=None)
                return Answer(AnswerResult.REFUSED, code=body.get("code"))
            log.warning(f"it is unclear whether an answer {asked}", status=response.status)
    except (*NETWORK_ERRORS, *_UNREADABLE) as error:
        log.warning(f"it is unclear whether an answer {asked}", error=describe(error))
    return Answer(AnswerResult.UNCLEAR)


def _answer_id(body: Any) -> str | None:
    made = (body.get("resource") or {}).get("message") or {}
    found: str | None = made.get("id") or body["interaction"].get("response_message_id")
    return found
