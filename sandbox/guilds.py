"""Guilds and their roles: made, announced, taken away.

Knows: what belongs to a guild, and what Discord sends when that changes.
Does not know: what members do (`members`), or how voice states change (`voice_states`).
"""

from typing import TYPE_CHECKING

from sandbox import voice_states
from sandbox.channels import Channel, Kind
from sandbox.errors import Json, refusal
from sandbox.members import Member
from sandbox.permissions import DEFAULT, Permission
from sandbox.users import User

if TYPE_CHECKING:
    from sandbox.world import World

#: What the bot's own role has: what the invite of a bot that speaks asks for, and no more.
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
        data = {"guild_id": str(self.guild.id), "role": self.payload()}
        self.guild.world.gateway.dispatch("GUILD_ROLE_UPDATE", data, guild=self.guild)

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


class Guild:
    """A guild. It has an owner; the bot under test is `bot`."""

    def __init__(
        self, world: "World", name: str, *, everyone: Permission = DEFAULT, bot: Permission = BOT
    ) -> None:
        self.world = world
        self.id = world.ids.draw()
        self.name = name
        self.afk_channel: Channel | None = None
        #: The voice server of this guild, once `move_voice_server` has changed it.
        self.voice_endpoint: str | None = None
        #: 1 to 3 as boosts raise it: from 2 on larger files may be sent.
        self.premium_tier = 0
        self.is_available = True
        self.has_bot = True
        self.everyone = Role(self, self.id, "@everyone", everyone)
        self.roles: dict[int, Role] = {self.id: self.everyone}
        self.channels: dict[int, Channel] = {}
        self.members: dict[int, Member] = {}
        self.owner_id = 0
        self.owner = self.member(f"{name} owner")
        self.owner_id = self.owner.id
        self.bot_role = self.role(world.name, permissions=bot)
        self.bot = Member(self, world.application_id, world.name, bot=True, roles=[self.bot_role])
        self.members[self.bot.id] = self.bot

    def __repr__(self) -> str:
        return f"<Guild {self.name!r} {self.id}>"

    # Making what is in it

    def text(self, name: str) -> Channel:
        return self.add_channel(Channel(self, name, Kind.TEXT))

    def voice(self, name: str, *, user_limit: int = 0) -> Channel:
        return self.add_channel(Channel(self, name, Kind.VOICE, user_limit=user_limit))

    def stage(self, name: str) -> Channel:
        return self.add_channel(Channel(self, name, Kind.STAGE))

    def afk(self, name: str) -> Channel:
        """A voice channel that is the guild's AFK channel from now on."""
        self.afk_channel = self.voice(name)
        self._announce("GUILD_UPDATE")
        return self.afk_channel

    def add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        channel.announce("CREATE")
        return channel

    def role(self, name: str, *, permissions: Permission = Permission.NONE) -> Role:
        role = Role(self, self.world.ids.draw(), name, permissions)
        self.roles[role.id] = role
        data = {"guild_id": str(self.id), "role": role.payload()}
        self.world.gateway.dispatch("GUILD_ROLE_CREATE", data, guild=self)
        return role

    def member(
        self,
        name: str,
        *,
        roles: list[Role] | None = None,
        bot: bool = False,
        locale: str = "en-US",
        nitro: bool = False,
    ) -> Member:
        """A member whom the test plays; with `bot`, another bot's user."""
        user_id = self.world.ids.draw()
        return self._add(
            Member(self, user_id, name, bot=bot, roles=roles, locale=locale, nitro=nitro)
        )

    def welcome(self, user: User, *, roles: list[Role] | None = None) -> Member:
        """The same user as a member here: someone from another guild, or the operator."""
        return self._add(
            Member(self, user.id, user.name, roles=roles, locale=user.locale, nitro=user.nitro)
        )

    def _add(self, member: Member) -> Member:
        self.members[member.id] = member
        data = member.payload() | {"guild_id": str(self.id)}
        self.world.gateway.dispatch("GUILD_MEMBER_ADD", data, guild=self, intent="members")
        return member

    def boost(self, tier: int) -> None:
        """Its premium tier from now on."""
        self.premium_tier = tier
        self._announce("GUILD_UPDATE")

    @property
    def first_text(self) -> Channel:
        """Where members write who do not say where; made if there is none."""
        texts = (each for each in self.channels.values() if each.kind is Kind.TEXT)
        return next(texts, None) or self.text("general")

    # What befalls it

    async def delete_channel(self, channel: Channel) -> None:
        for thread in [each for each in self.channels.values() if each.parent is channel]:
            await self.delete_channel(thread)
        channel.deleted = True
        del self.channels[channel.id]
        channel.announce("DELETE")
        for member in channel.members:
            # 4022: the call is over, as the channel was deleted.
            await voice_states.leave(member, code=4022)

    async def move_voice_server(self) -> None:
        """Discord moves the guild to another voice server."""
        await voice_states.move_server(self.bot)

    def unavailable(self) -> None:
        """An outage: the guild is gone for the bot until `available`."""
        self._depart({"id": str(self.id), "unavailable": True})
        self.is_available = False

    def available(self) -> None:
        self.is_available = True
        self._announce("GUILD_CREATE")

    async def remove_bot(self) -> None:
        """The bot is kicked from the guild."""
        await voice_states.leave(self.bot)
        self._depart({"id": str(self.id)})
        self.has_bot = False
        self.members.pop(self.bot.id, None)

    def add_bot(self) -> None:
        """The bot is invited (again)."""
        self.has_bot = True
        self.members[self.bot.id] = self.bot
        # Only a guild that comes back says that it is not unavailable; a new one says nothing.
        data = self.payload(whole=True)
        del data["unavailable"]
        self.world.gateway.dispatch("GUILD_CREATE", data, guild=self)
        self.world.watch.changed()

    # What a test waits for

    async def bot_joined(self, channel: Channel, timeout: float = 10.0) -> None:
        """Until the bot's voice state is in `channel`."""
        await self.world.watch.until(
            lambda: self.bot.voice.channel is channel, timeout, f"the bot in {channel.name}"
        )

    async def bot_left(self, timeout: float = 10.0) -> None:
        """Until the bot is in no voice channel."""
        await self.world.watch.until(
            lambda: self.bot.voice.channel is None, timeout, "the bot out of voice"
        )

    # Reading it

    def channel(self, channel_id: int) -> Channel:
        """Raises 10003."""
        try:
            return self.channels[channel_id]
        except KeyError:
            raise refusal(10003) from None

    def payload(self, *, whole: bool = False) -> Json:
        """The guild object; with `whole`, all that GUILD_CREATE adds. Of the members it then
        holds the bot and those in voice, as Discord does for who lacks the presences intent."""
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
        in_voice = [each for each in self.members.values() if each.voice.channel]
        present = {self.bot.id: self.bot} | {each.id: each for each in in_voice}
        return data | {
            "joined_at": self.bot.joined_at,
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "channels": [each.payload() for each in channels if each.kind is not Kind.THREAD],
            "threads": [
                each.payload()
                for each in channels
                if each.kind is Kind.THREAD and not each.archived
            ],
            "members": [each.payload() for each in present.values()],
            "voice_states": [voice_states.payload(each) for each in in_voice],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _announce(self, event: str) -> None:
        data = self.payload(whole=event == "GUILD_CREATE")
        self.world.gateway.dispatch(event, data, guild=self)
        self.world.watch.changed()

    def _depart(self, data: Json) -> None:
        self.world.gateway.dispatch("GUILD_DELETE", data, guild=self)
        self.world.watch.changed()
