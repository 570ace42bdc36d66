"""The few calls to Discord's REST API on which a job hangs: answer, ask, edit, delete.

Knows: routes, payloads, and what each outcome means for a job. Does not know: jobs, texts, when
to call. Everything else goes through discord.py.

An answer is posted here and not through discord.py, because discord.py tries a failed one again
by itself: then "already acknowledged" may mean our own first try, and nobody can tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.http import Route

from engine.base.error_text import describe

log = structlog.get_logger(__name__)

#: Discord waits 3 s for an answer. One that takes longer than this is looked for, not awaited.
ANSWER_SECONDS: Final = 2.0
ASK_SECONDS: Final = 5.0

#: An interaction's token lives so long.
TOKEN_SECONDS: Final = 15 * 60

MESSAGE_FLAG_SUPPRESS_EMBEDS: Final = 1 << 2
CHANNEL_MESSAGE_WITH_SOURCE: Final = 4

#: What reading an answer raises that is not Discord's: a proxy's page, other fields, other types.
_NO_ANSWER: Final = (ValueError, AttributeError, LookupError, TypeError)


class AnswerResult(Enum):
    """What became of an answer."""

    ACCEPTED = auto()
    REFUSED = auto()  # late (10062), double (40060), or not to Discord's liking
    UNCLEAR = auto()  # no word of it: it may have been accepted


@dataclass(frozen=True, slots=True)
class Answer:
    verdict: AnswerResult
    message_id: int | None = None
    code: int | None = None  # Discord's, where it refused


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionToken:
    """What an interaction leaves behind to answer it by. The token lives for TOKEN_SECONDS."""

    interaction_id: int
    application_id: int
    token: str = field(repr=False)

    @classmethod
    def of(cls, interaction: discord.Interaction) -> "InteractionToken":
        return cls(
            interaction_id=interaction.id,
            application_id=interaction.application_id,
            token=interaction.token,
        )


class InteractionApi:
    """`base` is the API's address with its version, without a slash at the end."""

    def __init__(self, session: aiohttp.ClientSession, client: discord.Client, base: str) -> None:
        self._session = session
        self._client = client
        self._base = base

    async def answer(self, ticket: InteractionToken, message: Mapping[str, Any]) -> Answer:
        """Answer an interaction with a message that everyone can see. Tries once."""
        url = f"{self._base}/interactions/{ticket.interaction_id}/{ticket.token}/callback"
        payload = {"type": CHANNEL_MESSAGE_WITH_SOURCE, "data": dict(message)}
        try:
            async with self._session.post(
                url,
                params={"with_response": "true"},
                json=payload,
                timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            ) as response:
                if response.status == 204:
                    return Answer(AnswerResult.ACCEPTED)
                body = await response.json(content_type=None)
                if response.status == 200:
                    made = (body.get("resource") or {}).get("message") or {}
                    made_id = made.get("id") or body["interaction"].get("response_message_id")
                    return Answer(AnswerResult.ACCEPTED, int(made_id) if made_id else None)
                if response.status in (400, 401, 403, 404):
                    return Answer(AnswerResult.REFUSED, code=body.get("code"))
                log.warning("an answer is unclear", status=response.status)
        except (aiohttp.ClientError, TimeoutError, OSError, *_NO_ANSWER) as error:
            log.warning("an answer is unclear", error=describe(error))
        return Answer(AnswerResult.UNCLEAR)

    async def original(self, ticket: InteractionToken) -> Answer:
        """Ask whether an interaction was answered, and by which message."""
        url = f"{self._base}/webhooks/{ticket.application_id}/{ticket.token}/messages/@original"
        try:
            async with self._session.get(
                url, timeout=aiohttp.ClientTimeout(total=ASK_SECONDS)
            ) as response:
                if response.status == 200:
                    body = await response.json(content_type=None)
                    return Answer(AnswerResult.ACCEPTED, int(body["id"]))
                if response.status in (401, 403, 404):
                    body = await response.json(content_type=None)
                    return Answer(AnswerResult.REFUSED, code=body.get("code"))
                log.warning("an original response is unclear", status=response.status)
        except (aiohttp.ClientError, TimeoutError, OSError, *_NO_ANSWER) as error:
            log.warning("an original response is unclear", error=describe(error))
        return Answer(AnswerResult.UNCLEAR)

    async def edit(self, channel_id: int, message_id: int, message: Mapping[str, Any]) -> None:
        """Edit a message with the bot's own token. Raises discord.HTTPException, OSError,
        aiohttp.ClientError, TimeoutError."""
        route = Route(
            "PATCH",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=channel_id,
            message_id=message_id,
        )
        await self._client.http.request(route, json=dict(message))

    async def delete_by_token(self, ticket: InteractionToken, message_id: int) -> None:
        """Delete a message that was sent through an interaction's token. Raises as `edit` does."""
        route = Route(
            "DELETE",
            "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
            webhook_id=ticket.application_id,
            webhook_token=ticket.token,
            message_id=message_id,
        )
        await self._client.http.request(route)

    async def edit_original(self, ticket: InteractionToken, message: Mapping[str, Any]) -> None:
        """Edit an answer through the interaction's token. Raises as `edit` does."""
        route = Route(
            "PATCH",
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
            webhook_id=ticket.application_id,
            webhook_token=ticket.token,
        )
        await self._client.http.request(route, json=dict(message))
