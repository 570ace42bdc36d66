"""Channels: text, voice, stage and threads, their overwrites and their messages.

Knows: a channel's state and how Discord writes it down.
Does not know: who may do what in it (`permissions`, `members`), nor sound.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING

from sandbox.errors import Json, refusal
from sandbox.files import MOST_BYTES, MOST_BYTES_BOOSTED
from sandbox.messageable import Messageable
from sandbox.permissions import Overwrite, Permission

if TYPE_CHECKING:
    from sandbox.guilds import Guild, Role
    from sandbox.members import Member
    from sandbox.users import User


class Kind(IntEnum):
    TEXT = 0
    VOICE = 2
    THREAD = 11
    STAGE = 13


class Channel(Messageable):
    """One channel. Voice and stage channels hold messages too, as on Discord."""

    def __init__(
        self,
        guild: "Guild",
        name: str,
        kind: Kind,
        *,
        user_limit: int = 0,
        parent: "Channel | None" = None,
    ) -> None:
        super().__init__(guild.world, name)
        self.guild = guild
        self.kind = kind
        self.user_limit = user_limit
        self.parent = parent
        self.overwrites: dict[int, Overwrite] = {}

    def __repr__(self) -> str:
        return f"<Channel {self.name!r} {self.kind.name.lower()} {self.id}>"

    @property
    def is_voice(self) -> bool:
        return self.kind in (Kind.VOICE, Kind.STAGE)

    @property
    def members(self) -> "list[Member]":
        """Who is in this voice channel."""
        return [each for each in self.guild.members.values() if each.voice.channel is self]

    # What a moderator does to it

    def overwrite(
        self,
        target: "Role | Member",
        *,
        allow: Permission = Permission.NONE,
        deny: Permission = Permission.NONE,
    ) -> None:
        """Set the overwrite of one role or member. As on Discord, those who are already in a
        voice channel keep what they had when they came in."""
        self.overwrites[target.id] = Overwrite(allow, deny)
        self.announce("UPDATE")

    def update(self, *, name: str | None = None, user_limit: int | None = None) -> None:
        self.name = self.name if name is None else name
        self.user_limit = self.user_limit if user_limit is None else user_limit
        self.announce("UPDATE")

    def thread(self, name: str) -> "Channel":
        """A public thread of this text channel."""
        return self.guild.add_channel(Channel(self.guild, name, Kind.THREAD, parent=self))

    def archive(self, archived: bool = True) -> None:
        """Archive a thread, or open it again."""
        if self.archived != archived:
            self.archived = archived
            self.announce("UPDATE")

    async def delete(self) -> None:
        """Delete the channel; whoever is in it is out."""
        await self.guild.delete_channel(self)

    def announce(self, change: str) -> None:
        family = "THREAD" if self.kind is Kind.THREAD else "CHANNEL"
        self.world.gateway.dispatch(f"{family}_{change}", self.payload(), guild=self.guild)
        self.world.watch.changed()

    # What messages ask of it

    @property
    def of_guild(self) -> "Guild":
        return self.guild

    @property
    def bot(self) -> "Member":
        return self.guild.bot

    @property
    def upload_limit(self) -> int:
        return MOST_BYTES_BOOSTED.get(self.guild.premium_tier, MOST_BYTES)

    def users(self) -> "Mapping[int, User]":
        return self.guild.members

    def roles(self) -> "Mapping[int, Role]":
        return self.guild.roles

    def permissions_of(self, user: "User") -> Permission:
        member = self.bot if user.is_client else self.guild.members.get(user.id)
        return Permission.NONE if member is None else member.permissions_in(self)

    def check_sending(self, extra: Permission) -> None:
        """Raises 50013."""
        if self.parent is None:
            needed = Permission.SEND_MESSAGES
        else:
            needed = Permission.SEND_MESSAGES_IN_THREADS
        if needed | extra not in self.bot.permissions_in(self):
            raise refusal(50013)

    def payload(self) -> Json:
        """The channel object."""
        data: Json = {
            "id": str(self.id),
            "type": int(self.kind),
            "guild_id": str(self.guild.id),
            "name": self.name,
            "parent_id": str(self.parent.id) if self.parent else None,
            "last_message_id": str(self.messages[-1].id) if self.messages else None,
            "rate_limit_per_user": 0,
            "flags": 0,
        }
        if self.kind is Kind.THREAD:
            return data | {
                "owner_id": str(self.guild.owner.id),
                "message_count": len(self.messages),
                "total_message_sent": len(self.messages),
                "member_count": 1,
                "thread_metadata": {
                    "archived": self.archived,
                    "auto_archive_duration": 1440,
                    "archive_timestamp": self.world.clock.iso(),
                    "locked": False,
                },
            }
        data |= {
            "position": 0,
            "nsfw": False,
            "topic": None,
            "permission_overwrites": [
                {
                    "id": str(target),
                    "type": 0 if target in self.guild.roles else 1,
                    "allow": str(int(each.allow)),
                    "deny": str(int(each.deny)),
                }
                for target, each in self.overwrites.items()
            ],
        }
        if self.is_voice:
            data |= {"bitrate": 64000, "user_limit": self.user_limit, "rtc_region": None}
        return data
