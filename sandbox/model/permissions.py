"""Discord's permissions, computed as its documentation says.

Knows: the bits, and the order base → @everyone → roles → member → what a missing one implies.
Does not know: guilds or channels; callers pass plain numbers.
Source: Discord's documentation, "Permissions", "Permission Hierarchy" and "Implicit Permissions".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag


class Permission(IntFlag):
    """Those that this sandbox or a test names; others keep their bits."""

    NONE = 0
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
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
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    USE_APPLICATION_COMMANDS = 1 << 31
    REQUEST_TO_SPEAK = 1 << 32
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    SEND_VOICE_MESSAGES = 1 << 46


P = Permission

ALL = P((1 << 52) - 1)

#: What everybody may do with messages, in a guild and in direct messages.
TEXT = P.VIEW_CHANNEL | P.SEND_MESSAGES | P.EMBED_LINKS | P.ATTACH_FILES | P.READ_MESSAGE_HISTORY
TEXT |= P.USE_APPLICATION_COMMANDS | P.SEND_VOICE_MESSAGES
_THREADS = P.CREATE_PUBLIC_THREADS | P.SEND_MESSAGES_IN_THREADS
_VOICE = P.CONNECT | P.SPEAK | P.USE_VAD | P.STREAM | P.REQUEST_TO_SPEAK
#: What @everyone has in a new guild, as far as this sandbox uses it.
DEFAULT = TEXT | _THREADS | _VOICE | P.ADD_REACTIONS | P.CHANGE_NICKNAME

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
