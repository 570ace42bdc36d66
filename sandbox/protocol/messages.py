"""Messages: what may be sent, what it pings, how an edit combines with what was there.

Does not know: who may send a message where, or by which route it came (`routes`).
"""

import re
from typing import Any, Final

from sandbox.model import Json
from sandbox.model.context import User
from sandbox.model.files import MOST_FILES, Attachment, Recorded, Upload
from sandbox.model.interaction import Interaction
from sandbox.model.message import (
    EPHEMERAL,
    LAYOUT,
    LOADING,
    SILENT,
    SUPPRESS_EMBEDS,
    VOICE,
    Message,
    Messageable,
)
from sandbox.model.permissions import Permission
from sandbox.model.world import World
from sandbox.protocol import components
from sandbox.protocol.errors import Form, refusal

_MENTION: Final = re.compile(r"<@(?P<role>&)?!?(?P<id>\d+)>|(?P<all>@everyone|@here)")
_MENTIONED: Final = ("users", "roles")


def create(
    world: World,
    channel: Messageable,
    author: User,
    body: Json,
    files: list[Upload],
    *,
    interaction: Interaction | None = None,
    recorded: Recorded | None = None,
) -> Message:
    """Check a new message's body, and send it. With `interaction` it is an answer, with `recorded`
    a voice message. Raises 30015, 40005, 50006, 50035."""
    given = int(body.get("flags") or 0)
    kept = SUPPRESS_EMBEDS | SILENT | LAYOUT | (EPHEMERAL if interaction else 0)
    message = _draft(world, channel, author, interaction)
    message.flags = given & kept | (VOICE if recorded else 0)
    message.nonce = None if body.get("nonce") is None else str(body["nonce"])
    _apply(message, body, files, recorded)
    _send(world, message, interaction)
    return message


def create_thinking(world: World, interaction: Interaction, ephemeral: int) -> Message:
    """Send a deferred answer, which shows "… is thinking" until its first edit."""
    message = _draft(world, interaction.channel, interaction.channel.bot, interaction)
    message.flags = LOADING | ephemeral
    _send(world, message, interaction)
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


def _draft(
    world: World, channel: Messageable, author: User, interaction: Interaction | None
) -> Message:
    message = Message(channel, author, world.ids.draw())
    if interaction is not None:
        message.interaction_metadata = interaction.metadata()
        message.upload_limit = interaction.upload_limit
    return message


def _send(world: World, message: Message, interaction: Interaction | None) -> None:
    if message.ephemeral and interaction is not None:
        message.viewer = interaction.member
    else:
        message.channel.messages.append(message)
    world.messages[message.id] = message
    message.publish("CREATE")


def _apply(
    message: Message, body: Json, files: list[Upload], recorded: Recorded | None = None
) -> None:
    """Check the body against the message as it would become; only then change the message."""
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
        pinged = _pings(form, message, content, mentions)
    form.settle()
    kept = _kept(message, body)
    _check_files(message, kept, files)
    content = content.strip()  # as Discord does
    if not (content or embeds or rows or kept or files):
        raise refusal(50006)
    message.content, message.embeds, message.components = content, embeds, rows
    storage, hidden = message.channel.world.storage, message.ephemeral
    for each in message.attachments:
        if each not in kept:
            storage.forget(each)
    message.attachments = kept + [
        storage.keep(message.channel.id, each, ephemeral=hidden, recorded=recorded)
        for each in files
    ]
    message.pings |= pinged
    message.allowed_mentions.append(mentions)


def _pings(form: Form, message: Message, content: str, allowed: Json | None) -> set[int | str]:
    """Whom the content pings: ids of members and roles, "everyone", "here". Contradictions in
    `allowed` go to `form`. Without `allowed` every mention pings.

    Source: Discord's documentation, "Allowed Mentions Object".
    """
    allowed = {"parse": [*_MENTIONED, "everyone"]} if allowed is None else allowed
    parse = allowed.get("parse", [])
    for kind in _MENTIONED:
        if kind in parse and allowed.get(kind):
            text = f'"parse" and "{kind}" are mutually exclusive'
            form.at("allowed_mentions").fault(kind, "MESSAGE_ALLOWED_MENTIONS_PARSE", text)
    named = {kind: {int(each) for each in allowed.get(kind) or []} for kind in _MENTIONED}
    channel = message.channel
    may_ping_all = Permission.MENTION_EVERYONE in channel.permissions_of(message.author)
    found: set[int | str] = set()
    for match in _MENTION.finditer(content):
        if match["all"]:
            if "everyone" in parse and may_ping_all:
                found.add(match["all"].removeprefix("@"))
            continue
        kind = "roles" if match["role"] else "users"
        target = int(match["id"])
        exists = target in (channel.roles() if match["role"] else channel.users())
        if exists and (kind in parse or target in named[kind]):
            found.add(target)
    return found


def _kept(message: Message, body: Json) -> list[Attachment]:
    """The attachments that stay: all of them, or those that the body lists."""
    if body.get("attachments") is None:
        return message.attachments
    named = {str(each.get("id")) for each in body["attachments"]}
    return [each for each in message.attachments if str(each.id) in named]


def _check_files(message: Message, kept: list[Attachment], files: list[Upload]) -> None:
    """The limit of bytes is per file. For an answer, its interaction sets the limit."""
    most = message.channel.upload_limit
    if message.upload_limit is not None:
        most = message.upload_limit
    elif not message.author.is_client:
        most = max(most, message.author.upload_limit)
    if any(len(each.data) > most for each in files):
        raise refusal(40005)
    if len(kept) + len(files) > MOST_FILES:
        raise refusal(30015)


def _check_embeds(form: Form, embeds: Any) -> None:
    for below, each in form.items("embeds", embeds, 0, 10):
        for name, most in (("title", 256), ("description", 4096)):
            if each.get(name) is not None:
                below.length(name, each[name], 0, most)
        below.items("fields", each.get("fields", []), 0, 25)
