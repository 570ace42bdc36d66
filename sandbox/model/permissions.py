"""Discord's permissions, computed as its documentation says.

Knows: the bits, and the order base → @everyone → roles → member → what a missing one implies.
Does not know: guilds or channels; callers pass plain numbers.
Source: Discord's documentation, "Permissions", "Permission Hierarchy" and "Implicit Permissions".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag


class Permission(IntFlag):
    NONE = 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    PRIORITY_SPEAKER = 1 << 8
    STREAM = 1 << 9
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    MUTE_MEMBERS = 1 << 22
    DEAFEN_MEMBERS = 1 << 23
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    REQUEST_TO_SPEAK = 1 << 32
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EMBEDDED_ACTIVITIES = 1 << 39
    MODERATE_MEMBERS = 1 << 40
    USE_SOUNDBOARD = 1 << 42
    SEND_VOICE_MESSAGES = 1 << 46


P = Permission

ALL = P((1 << 52) - 1)

#: What @everyone has in a new guild, as far as this sandbox uses it.
DEFAULT = (
    P.ADD_REACTIONS
    | P.STREAM
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.CONNECT
    | P.SPEAK
    | P.USE_VAD
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.REQUEST_TO_SPEAK
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
    | P.SEND_VOICE_MESSAGES
)

#: Without Send Messages these have no effect, and count as missing.
_NEEDS_SEND = P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS
#: All that a member keeps in a timeout.
_IN_TIMEOUT = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel allows and denies to one role or member."""

    allow: Permission = P.NONE
    deny: Permission = P.NONE

    def apply(self, to: Permission) -> Permission:
        return to & ~self.deny | self.allow


def in_guild(granted: Iterable[Permission], *, owner: bool) -> Permission:
    """The sum of the roles' permissions, @everyone's among them."""
    base = P.NONE
    for each in granted:
        base |= each
    return ALL if owner or P.ADMINISTRATOR in base else base


def in_channel(
    base: Permission,
    overwrites: Mapping[int, Overwrite],
    *,
    everyone: int,
    roles: Iterable[int],
    member: int,
    timed_out: bool,
    voice: bool,
    thread: bool,
) -> Permission:
    """`base` after the channel's overwrites, without what a missing permission takes away."""
    if P.ADMINISTRATOR in base:
        return ALL
    result = overwrites.get(everyone, Overwrite()).apply(base)
    allow = deny = P.NONE
    for role in roles:
        overwrite = overwrites.get(role, Overwrite())
        allow |= overwrite.allow
        deny |= overwrite.deny
    result = Overwrite(allow, deny).apply(result)
    result = overwrites.get(member, Overwrite()).apply(result)
    if P.VIEW_CHANNEL not in result or (voice and P.CONNECT not in result):
        # Without View Channel nothing is left; without Connect, a voice channel can only be seen.
        return result & P.VIEW_CHANNEL
    if (P.SEND_MESSAGES_IN_THREADS if thread else P.SEND_MESSAGES) not in result:
        result &= ~_NEEDS_SEND
    if timed_out:
        result &= _IN_TIMEOUT
    return result
