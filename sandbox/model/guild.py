"""A guild: its roles, its channels, its members, and their places in voice.

Knows: what belongs to a guild, what each member may do where, how Discord writes it down, and the
event that each change sends. Does not know: rules of voice (`protocol/voice_states.py`), or what
members do (`client`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Unpack

from sandbox.model import Json, permissions
from sandbox.model.context import About, Context, User
from sandbox.model.files import MOST_BYTES, MOST_BYTES_BOOSTED
from sandbox.model.message import Messageable
from sandbox.model.permissions import DEFAULT, Overwrite, Permission

#: The permissions of the bot's own role: those that the invite of a bot that speaks asks for.
BOT = Permission.VIEW_CHANNEL | Permission.CONNECT | Permission.SPEAK


class Role:
    """A role. The one with the guild's own id is @everyone."""

    def __init__(self, guild: "Guild", role_id: int, name: str, permissions: Permission) -> None:
        self.guild = guild
        self.id = role_id
        self.name = name
        self.permissions = permissions

    def set_permissions(self, permissions: Permission) -> None:
        self.permissions = permissions
        self.announce("UPDATE")

    def announce(self, change: str) -> None:
        data = {"guild_id": str(self.guild.id), "role": self.payload()}
        self.guild.tell(f"GUILD_ROLE_{change}", data)

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(int(self.permissions)),
            "position": 0 if self.id == self.guild.id else list(self.guild.roles).index(self.id),
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }


class ChannelKind(IntEnum):
    TEXT = 0
    VOICE = 2
    THREAD = 11
    STAGE = 13


class Channel(Messageable):
    """A text, voice or stage channel, or a thread. Voice and stage channels hold messages too, as
    on Discord."""

    def __init__(
        self,
        guild: "Guild",
        name: str,
        kind: ChannelKind,
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
        return self.kind in (ChannelKind.VOICE, ChannelKind.STAGE)

    @property
    def members(self) -> "list[Member]":
        """The members in this voice channel."""
        return [each for each in self.guild.members.values() if each.voice.channel is self]

    # What a moderator does to it

    def overwrite(
        self,
        target: "Role | Member",
        *,
        allow: Permission = Permission.NONE,
        deny: Permission = Permission.NONE,
    ) -> None:
        """Set the overwrite of one role or member. As on Discord, members who are already in a
        voice channel keep the permissions with which they came in."""
        self.overwrites[target.id] = Overwrite(allow, deny)
        self.announce("UPDATE")

    def update(self, *, name: str | None = None, user_limit: int | None = None) -> None:
        self.name = self.name if name is None else name
        self.user_limit = self.user_limit if user_limit is None else user_limit
        self.announce("UPDATE")

    def thread(self, name: str) -> "Channel":
        """A public thread of this text channel."""
        return self.guild.add_channel(Channel(self.guild, name, ChannelKind.THREAD, parent=self))

    def archive(self, archived: bool = True) -> None:
        """Archive a thread, or open it again."""
        if self.archived != archived:
            self.archived = archived
            self.announce("UPDATE")

    def announce(self, change: str) -> None:
        family = "THREAD" if self.kind is ChannelKind.THREAD else "CHANNEL"
        self.guild.tell(f"{family}_{change}", self.payload())

    # What messages ask of it

    @property
    def guild_id(self) -> int:
        return self.guild.id

    @property
    def bot(self) -> "Member":
        return self.guild.bot

    @property
    def upload_limit(self) -> int:
        return MOST_BYTES_BOOSTED.get(self.guild.premium_tier, MOST_BYTES)

    def users(self) -> "Mapping[int, Member]":
        return self.guild.members

    def roles(self) -> Mapping[int, Role]:
        return self.guild.roles

    def permissions_of(self, user: User) -> Permission:
        member = self.bot if user.is_client else self.guild.members.get(user.id)
        return Permission.NONE if member is None else member.permissions_in(self)

    def author_payload(self, author: User) -> Json:
        if author.is_bot or author.id not in self.guild.members:
            return {}
        member = self.guild.members[author.id].payload()
        del member["user"]
        return {"member": member}

    def payload(self) -> Json:
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
        if self.kind is ChannelKind.THREAD:
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


@dataclass
class VoiceState:
    """A member's state in voice. `mute` and `deaf` are the server's and outlast the channel."""

    channel: Channel | None = None
    session_id: str = ""
    mute: bool = False
    deaf: bool = False
    self_mute: bool = False
    self_deaf: bool = False
    suppress: bool = False
    request_to_speak: str | None = None


class Member(User):
    """A member of a guild: simulated, or (`is_client`) the bot under test."""

    def __init__(
        self,
        guild: "Guild",
        user_id: int,
        name: str,
        *,
        roles: list[Role] | None = None,
        **about: Unpack[About],
    ) -> None:
        super().__init__(guild.world, user_id, name, **about)
        self.guild = guild
        self.roles = list(roles or [])
        self.joined_at = self.world.clock.iso()
        self.timeout_until = 0.0
        self.voice = VoiceState()

    @property
    def is_timed_out(self) -> bool:
        return self.timeout_until > self.world.clock.time()

    @property
    def permissions(self) -> Permission:
        """In the guild, before the overwrites of a channel."""
        granted = [self.guild.everyone.permissions, *(each.permissions for each in self.roles)]
        return permissions.in_guild(granted, owner=self.id == self.guild.owner.id)

    def permissions_in(self, channel: Channel) -> Permission:
        """In a channel, its overwrites included. A thread has the overwrites of its parent."""
        return permissions.in_channel(
            self.permissions,
            (channel.parent or channel).overwrites,
            everyone=self.guild.id,
            roles=[each.id for each in self.roles],
            member=self.id,
            timed_out=self.is_timed_out,
            voice=channel.is_voice,
            thread=channel.parent is not None,
        )

    def set_roles(self, roles: list[Role]) -> None:
        self.roles = list(roles)
        self.announce("UPDATE")

    def announce(self, change: str) -> None:
        """Tell the bot: about itself always, about others with the members intent."""
        data: Json = {"guild_id": str(self.guild.id)}
        data |= {"user": self.user()} if change == "REMOVE" else self.payload()
        is_own = self.is_client and change == "UPDATE"
        self.guild.tell(f"GUILD_MEMBER_{change}", data, intent=None if is_own else "members")

    def announce_voice(self) -> None:
        """Tell the bot the member's voice state as it is now."""
        data = self.voice_payload() | {"guild_id": str(self.guild.id), "member": self.payload()}
        self.guild.tell("VOICE_STATE_UPDATE", data, intent="voice_states")

    def payload(self, channel: Channel | None = None) -> Json:
        """The member object. With a channel it has the permissions there, as interactions do."""
        until = self.timeout_until
        data: Json = {
            "user": self.user(),
            "nick": None,
            "avatar": None,
            "roles": [str(each.id) for each in self.roles],
            "joined_at": self.joined_at,
            "premium_since": None,
            "deaf": self.voice.deaf,
            "mute": self.voice.mute,
            "flags": 0,
            "pending": False,
            "communication_disabled_until": self.world.clock.iso(until) if until else None,
        }
        if channel is not None:
            data["permissions"] = str(int(self.permissions_in(channel)))
        return data

    def voice_payload(self) -> Json:
        """The voice state object, as GUILD_CREATE has it."""
        voice = self.voice
        return {
            "channel_id": str(voice.channel.id) if voice.channel else None,
            "user_id": str(self.id),
            "session_id": voice.session_id,
            "deaf": voice.deaf,
            "mute": voice.mute,
            "self_deaf": voice.self_deaf,
            "self_mute": voice.self_mute,
            "self_video": False,
            "suppress": voice.suppress,
            "request_to_speak_timestamp": voice.request_to_speak,
        }


class Guild:
    """A guild. It has an owner; the bot under test is `bot`."""

    def __init__(
        self, world: Context, name: str, *, everyone: Permission = DEFAULT, bot: Permission = BOT
    ) -> None:
        self.world = world
        self.id = world.ids.draw()
        self.name = name
        self.afk_channel: Channel | None = None
        #: The voice server of this guild, if Discord has moved it to another one.
        self.voice_endpoint: str | None = None
        #: 1 to 3, with the number of boosts. From 2 on the limit of files is higher.
        self.premium_tier = 0
        self.is_available = True
        self.has_bot = True
        self.everyone = Role(self, self.id, "@everyone", everyone)
        self.roles: dict[int, Role] = {self.id: self.everyone}
        self.channels: dict[int, Channel] = {}
        self._members: dict[int, Member] = {}
        self.members: Mapping[int, Member] = self._members
        self.bot_role = self.role(world.name, permissions=bot)
        self.owner = self.new_member(world.ids.draw(), f"{name} owner")
        self.bot = self.new_member(
            world.application_id, world.name, bot=True, roles=[self.bot_role]
        )
        self._members |= {each.id: each for each in (self.owner, self.bot)}

    def __repr__(self) -> str:
        return f"<Guild {self.name!r} {self.id}>"

    def new_member(
        self, user_id: int, name: str, *, roles: list[Role] | None = None, **about: Unpack[About]
    ) -> Member:
        """A member who is not in the guild yet (`add_member`)."""
        return Member(self, user_id, name, roles=roles, **about)

    def tell(self, event: str, data: Json, *, intent: str | None = None) -> None:
        """Tell the bot about a change, and wake the tests that wait."""
        self.world.events.dispatch(event, data, guild_id=self.id, intent=intent)
        self.world.watch.changed()

    # What is in it

    def text(self, name: str) -> Channel:
        return self.add_channel(Channel(self, name, ChannelKind.TEXT))

    def voice(self, name: str, *, user_limit: int = 0) -> Channel:
        return self.add_channel(Channel(self, name, ChannelKind.VOICE, user_limit=user_limit))

    def stage(self, name: str) -> Channel:
        return self.add_channel(Channel(self, name, ChannelKind.STAGE))

    def afk(self, name: str) -> Channel:
        """A voice channel that is the guild's AFK channel from now on."""
        self.afk_channel = self.voice(name)
        self.tell("GUILD_UPDATE", self.payload())
        return self.afk_channel

    def add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        channel.announce("CREATE")
        return channel

    def remove_channel(self, channel: Channel) -> None:
        channel.deleted = True
        del self.channels[channel.id]
        channel.announce("DELETE")

    @property
    def first_text(self) -> Channel:
        """The channel in which members write if they name none. It is made if there is none."""
        texts = (each for each in self.channels.values() if each.kind is ChannelKind.TEXT)
        return next(texts, None) or self.text("general")

    def role(self, name: str, *, permissions: Permission = Permission.NONE) -> Role:
        role = Role(self, self.world.ids.draw(), name, permissions)
        self.roles[role.id] = role
        role.announce("CREATE")
        return role

    def add_member(self, member: Member) -> None:
        self._members[member.id] = member
        member.announce("ADD")

    def remove_member(self, member: Member) -> None:
        del self._members[member.id]
        member.announce("REMOVE")

    def boost(self, tier: int) -> None:
        self.premium_tier = tier
        self.tell("GUILD_UPDATE", self.payload())

    # The bot's place in it

    def unavailable(self) -> None:
        """An outage: for the bot the guild is gone until `available`."""
        self.tell("GUILD_DELETE", {"id": str(self.id), "unavailable": True})
        self.is_available = False

    def available(self) -> None:
        self.is_available = True
        self.tell("GUILD_CREATE", self.payload(whole=True))

    def add_bot(self) -> None:
        """Someone invites the bot (again)."""
        self.has_bot = True
        self._members[self.bot.id] = self.bot
        # Only a guild that comes back says that it is not unavailable; a new one says nothing.
        data = self.payload(whole=True)
        del data["unavailable"]
        self.tell("GUILD_CREATE", data)

    def take_bot_out(self) -> None:
        """The bot is no longer a member. It must be out of voice (`VoiceStates.leave`)."""
        self.tell("GUILD_DELETE", {"id": str(self.id)})
        self.has_bot = False
        self._members.pop(self.bot.id, None)

    async def bot_joined(self, channel: Channel, timeout: float = 10.0) -> None:
        await self.world.watch.until(
            lambda: self.bot.voice.channel is channel, timeout, f"the bot in {channel.name}"
        )

    async def bot_left(self, timeout: float = 10.0) -> None:
        await self.world.watch.until(
            lambda: self.bot.voice.channel is None, timeout, "the bot out of voice"
        )

    def payload(self, *, whole: bool = False) -> Json:
        """The guild object; with `whole`, all that GUILD_CREATE adds. It then has the bot and the
        members in voice, as Discord sends it to a session without the presences intent."""
        data: Json = {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "owner_id": str(self.owner.id),
            "afk_channel_id": str(self.afk_channel.id) if self.afk_channel else None,
            "afk_timeout": 300,
            "roles": [each.payload() for each in self.roles.values()],
            "emojis": [],
            "features": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": self.premium_tier,
            "preferred_locale": "en-US",
            "system_channel_id": None,
            "system_channel_flags": 0,
        }
        if not whole:
            return data
        channels = list(self.channels.values())
        threads = [each for each in channels if each.kind is ChannelKind.THREAD]
        in_voice = [each for each in self.members.values() if each.voice.channel]
        present = {self.bot.id: self.bot} | {each.id: each for each in in_voice}
        return data | {
            "joined_at": self.bot.joined_at,
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "channels": [each.payload() for each in channels if each not in threads],
            "threads": [each.payload() for each in threads if not each.archived],
            "members": [each.payload() for each in present.values()],
            "voice_states": [each.voice_payload() for each in in_voice],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
