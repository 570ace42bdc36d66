"""Messages: what may be sent, what it pings, how it changes.

Knows: the limits of a message's body and how an edit combines with what was there.
Does not know: who may send it where (`rest`), or by which route it came.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import components
from sandbox.clock import created_at
from sandbox.errors import Form, Json, refusal
from sandbox.files import MOST_FILES, Attachment, Recorded, Upload, forget, keep
from sandbox.mentions import pings

if TYPE_CHECKING:
    from sandbox.interactions import Interaction
    from sandbox.messageable import Messageable
    from sandbox.users import User

SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SILENT = 1 << 2, 1 << 6, 1 << 7, 1 << 12
VOICE, LAYOUT = 1 << 13, 1 << 15


@dataclass(eq=False)
class Message:
    """A message, with its history."""

    channel: "Messageable"
    author: "User"
    id: int
    content: str = ""
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    interaction: "Interaction | None" = None
    viewer: "User | None" = None  # the only one who sees it, when it is ephemeral
    #: What each send and edit said about pings, None where it said nothing (then all ping).
    allowed_mentions: list[Json | None] = field(default_factory=list)
    #: Ids of members and roles, "everyone", "here": whom any send or edit has pinged.
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
        """The labels of its buttons that can be pressed."""
        return [
            each.get("label", "")
            for each in components.walk(self.components)
            if each["type"] == components.BUTTON and not each.get("disabled")
        ]

    async def wait_for(
        self, predicate: "Callable[[Message], object]", timeout: float = 5.0
    ) -> "Message":
        """This message, once `predicate` holds for it."""
        watch = self.channel.world.watch
        await watch.until(lambda: predicate(self), timeout, f"a change of {self!r}")
        return self

    async def delete(self) -> None:
        """Someone deletes it."""
        self.remove()

    def remove(self) -> None:
        self.deleted = True
        for each in self.attachments:
            forget(each)
        if self in self.channel.messages:
            self.channel.messages.remove(self)
        if not self.ephemeral:
            data = {"id": str(self.id), "channel_id": str(self.channel.id)} | self.channel.address
            self._dispatch("DELETE", data, data)
        self.channel.world.watch.changed()

    def payload(self) -> Json:
        """The message object."""
        mentions = [each for each in self.channel.users().values() if each.id in self.pings]
        data: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": 0 if self.interaction is None else 20,
            "author": self.author.user(),
            "content": self.content,
            "timestamp": self.channel.world.clock.iso(self.created),
            "edited_timestamp": (
                self.channel.world.clock.iso(self.edits[-1][0]) if self.edits else None
            ),
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
        if self.interaction is not None:
            data |= {
                "webhook_id": str(self.author.id),
                "application_id": str(self.author.id),
                "interaction_metadata": self.interaction.metadata(),
            }
        return data

    def publish(self, event: str) -> None:
        """Tell the gateway (`CREATE` or `UPDATE`) and whoever waits."""
        if not self.ephemeral:
            data = self.payload() | self.channel.address
            guild = self.channel.of_guild
            if guild is not None and self.author.id in guild.members and not self.author.is_bot:
                member = guild.members[self.author.id].payload()
                data["member"] = {key: member[key] for key in member if key != "user"}
            hidden = data | {"content": "", "attachments": [], "embeds": [], "components": []}
            open_to_bot = self.author.is_client or self.channel.bot.id in self.pings
            self._dispatch(event, data, data if open_to_bot else hidden)
        self.channel.world.watch.changed()

    def _dispatch(self, event: str, data: Json, redacted: Json) -> None:
        """Content is hidden from who lacks its intent; in direct messages it never is."""
        guild, gateway = self.channel.of_guild, self.channel.world.gateway
        if guild is None:
            gateway.dispatch(f"MESSAGE_{event}", data, guild=None, intent="direct_messages")
        elif self.channel.is_seen_by(self.channel.bot):
            gateway.dispatch(
                f"MESSAGE_{event}", data, guild=guild, intent="messages", redacted=redacted
            )


def create(
    channel: "Messageable",
    author: "User",
    body: Json,
    files: list[Upload],
    *,
    interaction: "Interaction | None" = None,
    recorded: Recorded | None = None,
) -> Message:
    """Check a new message's body, and send it; with `recorded` it is a voice message.
    Raises 30015, 40005, 50006, 50035."""
    given = int(body.get("flags") or 0)
    kept = SUPPRESS_EMBEDS | SILENT | LAYOUT | (EPHEMERAL if interaction else 0)
    message = Message(channel, author, channel.world.ids.draw(), interaction=interaction)
    message.flags = given & kept | (VOICE if recorded else 0)
    message.nonce = None if body.get("nonce") is None else str(body["nonce"])
    _apply(message, body, files, recorded)
    if message.ephemeral and interaction is not None:
        message.viewer = interaction.member
    else:
        channel.messages.append(message)
    channel.world.messages[message.id] = message
    message.publish("CREATE")
    return message


def edit(message: Message, body: Json, files: list[Upload]) -> None:
    """Check an edit and make it. Raises 30015, 40005, 50006, 50035."""
    if "flags" in body and body["flags"] is not None:
        message.flags &= ~SUPPRESS_EMBEDS
        message.flags |= int(body["flags"]) & (SUPPRESS_EMBEDS | LAYOUT)
    _apply(message, body, files)
    message.flags &= ~LOADING
    message.edits.append((message.channel.world.clock.time(), message.content))
    message.publish("UPDATE")


def _apply(
    message: Message, body: Json, files: list[Upload], recorded: Recorded | None = None
) -> None:
    """Check the body against the message as it would become; only then change it."""
    content = (body["content"] or "") if "content" in body else message.content
    embeds = (body["embeds"] or []) if "embeds" in body else message.embeds
    rows = (body["components"] or []) if "components" in body else message.components
    form = Form()
    form.length("content", content, 0, 2000)
    _check_embeds(form, embeds)
    components.check(form, rows, layout=bool(message.flags & LAYOUT))
    if message.flags & LAYOUT and content:
        text = "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        form.fault("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)
    mentions = body.get("allowed_mentions")
    pinged: set[int | str] = set()
    if "content" in body:
        pinged = pings(form, message.author, message.channel, content, mentions)
    form.settle()
    kept = _kept(message, body)
    _check_files(message, kept, files)
    content = content.strip()  # as Discord does
    if not (content or embeds or rows or kept or files):
        raise refusal(50006)
    message.content, message.embeds, message.components = content, embeds, rows
    for each in message.attachments:
        if each not in kept:
            forget(each)
    hidden = message.ephemeral
    new = [keep(message.channel, each, ephemeral=hidden, recorded=recorded) for each in files]
    message.attachments = kept + new
    message.pings |= pinged
    message.allowed_mentions.append(mentions)


def _kept(message: Message, body: Json) -> list[Attachment]:
    """The attachments that stay: all, unless the body lists those that shall."""
    if body.get("attachments") is None:
        return message.attachments
    named = {str(each.get("id")) for each in body["attachments"]}
    return [each for each in message.attachments if str(each.id) in named]


def _check_files(message: Message, kept: list[Attachment], files: list[Upload]) -> None:
    """The limit is of each file. An answer may be as large as its interaction said."""
    most = message.channel.upload_limit
    if message.interaction is not None:
        most = message.interaction.upload_limit
    elif not message.author.is_client:
        most = max(most, message.author.upload_limit)
    if any(len(each.data) > most for each in files):
        raise refusal(40005)
    if len(kept) + len(files) > MOST_FILES:
        raise refusal(30015)


def _check_embeds(form: Form, embeds: Any) -> None:
    if not form.count("embeds", embeds, 0, 10):
        return
    for index, each in enumerate(embeds):
        below = form.at("embeds", index)
        for name, most in (("title", 256), ("description", 4096)):
            if each.get(name) is not None:
                below.length(name, each[name], 0, most)
        below.count("fields", each.get("fields", []), 0, 25)
