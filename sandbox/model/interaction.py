"""Interactions: one use of a command, a button or a form, and what its member sees of it.

Knows: an interaction's state, and how Discord writes it down. Does not know: which answers fit
and until when (`protocol/interactions.py`), or who may start one (`client`).
Source: Discord's documentation, "Receiving and Responding".
"""

import base64
import secrets
from enum import IntEnum
from typing import Final, Self

from sandbox.model import Json
from sandbox.model.clock import created_at
from sandbox.model.guild import Member
from sandbox.model.message import Message, Messageable
from sandbox.model.permissions import Permission

IN_GUILD, IN_BOT_DM = 0, 1
#: `app_permissions` of an interaction in direct messages, as the documentation lists them.
_APP_IN_DIRECT: Final = (
    Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
)


class Kind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    COMPLETION = 4
    MODAL = 5


class Answer(IntEnum):
    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


class Interaction:
    """One interaction, and what its member sees of it."""

    def __init__(
        self,
        kind: Kind,
        member: Member,
        channel: Messageable,
        data: Json,
        *,
        pressed: Message | None = None,
    ) -> None:
        self.world = member.world
        self.id = self.world.ids.draw()
        self.token = _token(self.id)
        self.kind = kind
        self.member = member
        self.channel = channel
        self.data = data
        self.pressed = pressed  # the message with the button
        self.answer: Answer | None = None
        self.answered_at: float | None = None  # the sandbox's clock
        #: Discord told the member that the application did not respond within three seconds.
        self.refused = False
        #: Codes of the answers that Discord refused.
        self.refusals: list[int] = []
        self.message: Message | None = None  # the original response
        self.followups: list[Message] = []
        self.choices: list[Json] = []
        self.modal: Json | None = None

    def __repr__(self) -> str:
        what = self.data.get("name") or self.data.get("custom_id")
        return f"<Interaction {what!r} of {self.member.name}>"

    @property
    def created(self) -> float:
        return created_at(self.id)

    @property
    def upload_limit(self) -> int:
        """The most bytes of a file of an answer: the limit of the member or of the channel."""
        return max(self.member.upload_limit, self.channel.upload_limit)

    # What its member sees

    @property
    def deferred(self) -> bool:
        """Whether the answer still shows "… is thinking"."""
        shown = self.message
        return shown is not None and shown.loading and not shown.deleted

    @property
    def content(self) -> str | None:
        return None if self.message is None else self.message.content

    @property
    def components(self) -> list[Json]:
        return [] if self.message is None else self.message.components

    @property
    def ephemeral(self) -> bool:
        return self.message is not None and self.message.ephemeral

    @property
    def edits(self) -> list[tuple[float, str]]:
        return [] if self.message is None else self.message.edits

    async def answered(self, timeout: float = 5.0) -> Self:
        """Wait until Discord has accepted an answer, or has told the member that none came in time
        (`refused`). A deferral is an answer."""
        await self.world.watch.until(
            lambda: self.answer is not None or self.refused, timeout, f"an answer to {self!r}"
        )
        return self

    async def original(self, timeout: float = 5.0) -> Message:
        """The original response, once it no longer shows "… is thinking"."""
        return await self.world.watch.until(
            lambda: None if self.deferred else self.message, timeout, f"the answer to {self!r}"
        )

    async def followup(self, timeout: float = 5.0) -> Message:
        """The first message that follows the answer."""
        await self.world.watch.until(lambda: self.followups, timeout, f"a followup of {self!r}")
        return self.followups[0]

    # How Discord writes it down

    def payload(self) -> Json:
        """INTERACTION_CREATE."""
        data: Json = {
            "id": str(self.id),
            "application_id": str(self.world.application_id),
            "type": int(self.kind),
            "token": self.token,
            "version": 1,
            "channel_id": str(self.channel.id),
            "locale": self.member.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": self.channel.integration_owners,
            "attachment_size_limit": self.upload_limit,
            "data": self.data,
            **(self._in_direct() if self.channel.guild_id is None else self._in_guild()),
        }
        if self.pressed is not None:
            data["message"] = self.pressed.payload()
        return data

    def _in_guild(self) -> Json:
        member, channel = self.member, self.channel
        has = {"permissions": str(int(channel.permissions_of(member)))}
        return {
            "context": IN_GUILD,
            "guild_id": str(channel.guild_id),
            "guild": {"id": str(channel.guild_id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": member.payload() | has,
            "channel": channel.payload() | has,
            "app_permissions": str(int(channel.permissions_of(channel.bot))),
        }

    def _in_direct(self) -> Json:
        return {
            "context": IN_BOT_DM,
            "user": self.member.user(),
            "channel": self.channel.payload(),
            "app_permissions": str(int(_APP_IN_DIRECT)),
        }

    def metadata(self) -> Json:
        """A message's `interaction_metadata`."""
        about: Json = {
            "id": str(self.id),
            "type": int(self.kind),
            "user": self.member.user(),
            "authorizing_integration_owners": self.channel.integration_owners,
        }
        if self.pressed is not None:
            about["interacted_message_id"] = str(self.pressed.id)
        return about


def _token(interaction_id: int) -> str:
    """In the form of Discord's own: base64 of "interaction:", the id, and a secret."""
    words = f"interaction:{interaction_id}:{secrets.token_urlsafe(60)}"
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")
