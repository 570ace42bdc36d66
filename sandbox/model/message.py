"""Messages, and what holds them: a channel of a guild (`guild`), or direct messages.

Knows: a message's state and history, and how Discord writes it down. Does not know: what may be
sent (`protocol/messages.py`), or who may send it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.model import Json
from sandbox.model.clock import created_at
from sandbox.model.context import Context, User
from sandbox.model.files import MOST_BYTES, Attachment
from sandbox.model.permissions import TEXT, Permission

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SILENT = 1 << 2, 1 << 6, 1 << 7, 1 << 12
VOICE, LAYOUT = 1 << 13, 1 << 15
BUTTON: Final = 2
DIRECT: Final = 1
_MAY_IN_DIRECT: Final = TEXT | Permission.MENTION_EVERYONE | Permission.USE_EXTERNAL_EMOJIS


class Messageable(ABC):
    """A channel, as its messages see it."""

    def __init__(self, world: Context, name: str) -> None:
        self.world = world
        self.id = world.ids.draw()
        self.name = name
        self.messages: list[Message] = []  # in order, without those that only one member sees
        self.old_edits: list[float] = []  # when messages older than an hour were edited
        self.archived = False
        self.deleted = False

    @property
    @abstractmethod
    def guild_id(self) -> int | None:
        """The id of the channel's guild; None for direct messages."""

    @property
    @abstractmethod
    def bot(self) -> User:
        """The bot under test, as the author of its messages here."""

    @property
    @abstractmethod
    def upload_limit(self) -> int:
        """The most bytes that a file of the bot may have here."""

    @abstractmethod
    def users(self) -> Mapping[int, User]:
        """The users that a mention can reach, by id."""

    @abstractmethod
    def roles(self) -> Mapping[int, object]:
        """The roles that a mention can reach, by id."""

    @abstractmethod
    def permissions_of(self, user: User) -> Permission:
        """What a user may do here."""

    @abstractmethod
    def payload(self) -> Json:
        """The channel object."""

    def author_payload(self, author: User) -> Json:
        """What an event says about a message's author, in addition to the user object."""
        return {}

    def is_seen_by(self, user: User) -> bool:
        return not self.deleted and Permission.VIEW_CHANNEL in self.permissions_of(user)

    @property
    def address(self) -> Json:
        """What events and messages say about the guild: nothing in direct messages."""
        return {} if self.guild_id is None else {"guild_id": str(self.guild_id)}

    @property
    def integration_owners(self) -> Json:
        """Where the bot is installed. "0" stands for direct messages with the bot."""
        return {"0": str(self.guild_id or 0)}

    async def wait_for(
        self, predicate: "Callable[[Message], object]", timeout: float = 5.0
    ) -> "Message":
        """The first message of this channel for which `predicate` holds."""
        return await self.world.watch.until(
            lambda: next(filter(predicate, self.messages), None),
            timeout,
            f"a message in {self.name}",
        )


class DirectChannel(Messageable):
    """`member.dm`: the direct messages of a user and the bot, the same for all the members that
    the user is."""

    def __init__(self, world: Context, user: User, bot: User) -> None:
        super().__init__(world, f"@{user.name}")
        self.user = user
        self._bot = bot
        #: Whether the user takes no direct messages from the bot.
        self.is_blocked = False

    def __repr__(self) -> str:
        return f"<DirectChannel {self.name!r} {self.id}>"

    def block(self, on: bool = True) -> None:
        """The user no longer takes direct messages from the bot, or takes them again. Discord does
        not tell the bot, which gets 50007 when it sends."""
        self.is_blocked = on

    @property
    def guild_id(self) -> None:
        return None

    @property
    def bot(self) -> User:
        return self._bot

    @property
    def upload_limit(self) -> int:
        return MOST_BYTES

    def users(self) -> Mapping[int, User]:
        return {each.id: each for each in (self.user, self.bot)}

    def roles(self) -> Mapping[int, object]:
        return {}

    def permissions_of(self, user: User) -> Permission:
        return _MAY_IN_DIRECT if user.id in self.users() else Permission.NONE

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "type": DIRECT,
            "last_message_id": str(self.messages[-1].id) if self.messages else None,
            "flags": 0,
            "recipients": [self.user.user()],
        }


@dataclass(eq=False)
class Message:
    """A message, with its history."""

    channel: Messageable
    author: User
    id: int
    content: str = ""
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    interaction_metadata: Json | None = None  # of the interaction that it answers
    upload_limit: int | None = None  # the most bytes of a file, as that interaction allows
    viewer: User | None = None  # the only user who sees it, if it is ephemeral
    #: What each send and edit said about pings; None where it said nothing (then all ping).
    allowed_mentions: list[Json | None] = field(default_factory=list)
    #: Whom any send or edit has pinged: ids of members and roles, "everyone", "here".
    pings: set[int | str] = field(default_factory=set)
    #: (sandbox time, content) of every edit.
    edits: list[tuple[float, str]] = field(default_factory=list)
    nonce: str | None = None
    deleted: bool = False

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.content!r}>"

    @property
    def created(self) -> float:
        """When it was sent, in seconds since the epoch of the sandbox's clock."""
        return created_at(self.id)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it still shows "… is thinking"."""
        return bool(self.flags & LOADING)

    @property
    def unfurls(self) -> bool:
        """Whether Discord would add a preview of a link in it."""
        return "://" in self.content and not self.flags & SUPPRESS_EMBEDS

    @property
    def buttons(self) -> list[str]:
        """The labels of its buttons that a member can press."""
        return [
            each.get("label", "")
            for each in walk(self.components)
            if each["type"] == BUTTON and not each.get("disabled")
        ]

    async def wait_for(
        self, predicate: "Callable[[Message], object]", timeout: float = 5.0
    ) -> "Message":
        """This message, once `predicate` holds for it."""
        watch = self.channel.world.watch
        await watch.until(lambda: predicate(self), timeout, f"a change of {self!r}")
        return self

    async def delete(self) -> None:
        self.remove()

    def remove(self) -> None:
        self.deleted = True
        for each in self.attachments:
            self.channel.world.storage.forget(each)
        if self in self.channel.messages:
            self.channel.messages.remove(self)
        if not self.ephemeral:
            data = {"id": str(self.id), "channel_id": str(self.channel.id)} | self.channel.address
            self._dispatch("DELETE", data, data)
        self.channel.world.watch.changed()

    def payload(self) -> Json:
        mentions = [each for each in self.channel.users().values() if each.id in self.pings]
        iso = self.channel.world.clock.iso
        data: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": 0 if self.interaction_metadata is None else 20,
            "author": self.author.user(),
            "content": self.content,
            "timestamp": iso(self.created),
            "edited_timestamp": iso(self.edits[-1][0]) if self.edits else None,
            "tts": False,
            "mention_everyone": not self.pings.isdisjoint({"everyone", "here"}),
            "mentions": [each.user() for each in mentions],
            "mention_roles": [str(each) for each in self.channel.roles() if each in self.pings],
            "attachments": [each.payload() for each in self.attachments],
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "flags": self.flags,
        }
        if self.nonce is not None:
            data["nonce"] = self.nonce
        if self.interaction_metadata is not None:
            data |= {
                "webhook_id": str(self.author.id),
                "application_id": str(self.author.id),
                "interaction_metadata": self.interaction_metadata,
            }
        return data

    def publish(self, event: str) -> None:
        """Tell the bot (`CREATE` or `UPDATE`), and wake the tests that wait."""
        if not self.ephemeral:
            data = self.payload() | self.channel.address | self.channel.author_payload(self.author)
            hidden = data | {"content": "", "attachments": [], "embeds": [], "components": []}
            open_to_bot = self.author.is_client or self.channel.bot.id in self.pings
            self._dispatch(event, data, data if open_to_bot else hidden)
        self.channel.world.watch.changed()

    def _dispatch(self, event: str, data: Json, redacted: Json) -> None:
        """Sessions without the message content intent see no content, except in direct messages."""
        guild_id, events = self.channel.guild_id, self.channel.world.events
        event = f"MESSAGE_{event}"
        if guild_id is None:
            events.dispatch(event, data, guild_id=None, intent="direct_messages")
        elif self.channel.is_seen_by(self.channel.bot):
            events.dispatch(event, data, guild_id=guild_id, intent="messages", redacted=redacted)


def walk(components: Any) -> Iterator[Json]:
    """Every component, from the outermost inwards."""
    for each in components:
        yield each
        yield from walk(each.get("components", []))
        for key in ("accessory", "component"):
            if key in each:
                yield from walk([each[key]])
