"""Whom a message pings, under what its sender allows.

Knows: mentions in a text, and Discord's "Allowed Mentions Object".
Does not know: messages' other parts.
"""

import re
from typing import TYPE_CHECKING, Final

from sandbox.errors import Form, Json
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.messageable import Messageable
    from sandbox.users import User

_MENTION: Final = re.compile(r"<@(?P<role>&)?!?(?P<id>\d+)>|(?P<all>@everyone|@here)")
_KINDS: Final = ("users", "roles")


def pings(
    form: Form, author: "User", channel: "Messageable", content: str, allowed: Json | None
) -> set[int | str]:
    """Ids of members and roles, "everyone", "here". What contradicts itself in `allowed` goes to
    `form`. Without `allowed` everything pings."""
    allowed = {"parse": [*_KINDS, "everyone"]} if allowed is None else allowed
    parse = allowed.get("parse", [])
    for kind in _KINDS:
        if kind in parse and allowed.get(kind):
            text = f'"parse" and "{kind}" are mutually exclusive'
            form.at("allowed_mentions").fault(kind, "MESSAGE_ALLOWED_MENTIONS_PARSE", text)
    named = {kind: {int(each) for each in allowed.get(kind) or []} for kind in _KINDS}
    may_ping_all = Permission.MENTION_EVERYONE in channel.permissions_of(author)
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
