"""Members: who they are, what they may do, and what a test has them do.

Knows: a member's permissions, and each action as Discord's client offers it. What the client
would not let one do raises NotPossible. Does not know: what the bot makes of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox import client, commands, components, options, permissions, voice_states
from sandbox.channels import Channel
from sandbox.channels import Kind as ChannelKind
from sandbox.errors import Json, NotPossible
from sandbox.files import Upload
from sandbox.interactions import Interaction, Kind
from sandbox.messageable import Messageable
from sandbox.messages import Message
from sandbox.permissions import Permission
from sandbox.users import User
from sandbox.voice_states import VoiceState

if TYPE_CHECKING:
    from sandbox.guilds import Guild, Role
    from sandbox.voice import Recording


class Member(User):
    """A member of a guild: simulated, or (`is_client`) the bot under test."""

    def __init__(
        self,
        guild: "Guild",
        user_id: int,
        name: str,
        *,
        bot: bool = False,
        roles: "list[Role] | None" = None,
        locale: str = "en-US",
        nitro: bool = False,
    ) -> None:
        super().__init__(guild.world, user_id, name, bot=bot, locale=locale, nitro=nitro)
        self.guild = guild
        self.roles = list(roles or [])
        self.joined_at = self.world.clock.iso()
        self.timeout_until = 0.0
        self.voice = VoiceState()
        self._recording: Recording | None = None

    # What they may do

    @property
    def is_timed_out(self) -> bool:
        return self.timeout_until > self.world.clock.time()

    @property
    def permissions(self) -> Permission:
        """In the guild, whatever the channel."""
        granted = [self.guild.everyone.permissions, *(each.permissions for each in self.roles)]
        return permissions.in_guild(granted, owner=self.id == self.guild.owner_id)

    def permissions_in(self, channel: Channel) -> Permission:
        """In a channel, its overwrites included; a thread has those of its parent."""
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

    # In voice

    async def join(self, channel: Channel) -> None:
        """Join a voice channel, or change to it."""
        if not voice_states.may_enter(self, channel):
            raise NotPossible(f"{self.name} cannot join {channel.name}")
        await voice_states.enter(self, channel, session_id=f"{self.id:x}")

    async def leave(self) -> None:
        """Leave voice."""
        await voice_states.leave(self)

    async def quit(self) -> None:
        """Leave the guild."""
        await voice_states.leave(self)
        del self.guild.members[self.id]
        data = {"guild_id": str(self.guild.id), "user": self.user()}
        self.world.gateway.dispatch("GUILD_MEMBER_REMOVE", data, guild=self.guild, intent="members")

    @property
    def recording(self) -> "Recording":
        """What this member has heard in voice, since they last came in from outside."""
        if self._recording is None:
            raise NotPossible(f"{self.name} was in no voice channel")
        return self._recording

    async def listen(self) -> "Recording":
        """The recording of what this member hears in the channel they are in."""
        if self.voice.channel is None:
            raise NotPossible(f"{self.name} is in no voice channel")
        return self.recording

    def hear(self, recording: "Recording") -> None:
        """They are a participant of the voice server now, and hear into this recording."""
        self._recording = recording

    # Done to them by a moderator

    async def move(self, channel: Channel) -> None:
        """A moderator moves them to another voice channel; a full one takes them too."""
        if self.voice.channel is not None and self.voice.channel is not channel:
            await voice_states.enter(self, channel, session_id=self.voice.session_id)

    async def disconnect_voice(self) -> None:
        """A moderator disconnects them from voice."""
        await voice_states.leave(self)

    async def server_mute(self, mute: bool = True) -> None:
        self._amend(mute=mute)

    async def server_deafen(self, deaf: bool = True) -> None:
        self._amend(deaf=deaf)

    async def suppress(self, suppress: bool = True) -> None:
        """A stage moderator sends them to the audience, which also dismisses their request, or
        makes them a speaker.

        Source: Discord's documentation, "Modify User Voice State": a person who is made a speaker
        has a request to speak from then on, a bot has none.
        """
        if suppress:
            self._amend(suppress=True, request_to_speak=None)
        else:
            await self.invite_to_speak(stamped=not self.is_bot)

    async def invite_to_speak(self, *, stamped: bool) -> None:
        """A stage moderator invites them. `stamped`: as Discord's own client does it, which sends
        the time of the invitation, for bots too."""
        if self.voice.channel is None or self.voice.channel.kind is not ChannelKind.STAGE:
            raise NotPossible(f"{self.name} is on no stage")
        voice_states.invite(self, stamped=stamped)

    def _amend(self, **changes: bool | None) -> None:
        if self.voice.channel is None:
            raise NotPossible(f"{self.name} is in no voice channel")
        voice_states.amend(self, **changes)

    async def timeout(self, seconds: float) -> None:
        """Time them out (0 ends it). It disconnects from voice."""
        self.timeout_until = self.world.clock.time() + seconds if seconds else 0.0
        self.announce()
        if seconds and Permission.ADMINISTRATOR not in self.permissions:
            await voice_states.leave(self)

    def set_roles(self, roles: "list[Role]") -> None:
        self.roles = list(roles)
        self.announce()

    def announce(self) -> None:
        """Tell the bot. About itself it is always told, about others with the members intent."""
        data = self.payload() | {"guild_id": str(self.guild.id)}
        intent = None if self.is_client else "members"
        self.world.gateway.dispatch("GUILD_MEMBER_UPDATE", data, guild=self.guild, intent=intent)

    # In text

    async def say(
        self,
        content: str,
        channel: Messageable,
        files: list[Upload] | None = None,
        *,
        voice_message: bool = False,
    ) -> Message:
        """Send an ordinary message; with `voice_message` the one file is what they recorded."""
        return client.say(self, content, channel, files or [], voice_message=voice_message)

    async def command(
        self, path: str, values: dict[str, Any] | None = None, *, channel: Messageable | None = None
    ) -> Interaction:
        """Use a slash command: "say", or "queue view". Values are str, int, float, bool, Member,
        Role, Channel or Upload. Without a channel it is the guild's first text channel; `dm` is
        their direct messages with the bot."""
        channel = channel or self.guild.first_text
        command, steps = client.find_command(self, path, channel)
        client.check_sizes(self, (values or {}).values(), channel)
        data = options.fill(command, steps, values or {}, channel=channel)
        return client.interact(Kind.COMMAND, self, channel, data)

    async def complete(
        self,
        path: str,
        option: str,
        typed: str,
        *,
        channel: Messageable | None = None,
        others: dict[str, Any] | None = None,
        timeout: float = 5.0,
    ) -> list[Json]:
        """What the bot offers while `typed` stands in `option`: choices of name and value.
        None in time is an empty list, as the client shows it."""
        channel = channel or self.guild.first_text
        command, steps = client.find_command(self, path, channel)
        schema = {each["name"]: each for each in options.descend(command, steps)["options"]}
        if not schema.get(option, {}).get("autocomplete"):
            raise NotPossible(f"{option} of /{path} does not complete")
        values = (others or {}) | {option: typed}
        data = options.fill(command, steps, values, channel=channel, focused=option)
        interaction = client.interact(Kind.COMPLETION, self, channel, data)
        return (await interaction.answered(timeout)).choices

    async def message_command(self, name: str, message: Message) -> Interaction:
        """Use a command from a message's context menu."""
        client.see(self, message)
        if message.ephemeral:
            raise NotPossible("a private message's menu has no commands")
        command, _ = client.find_command(self, name, message.channel, commands.MESSAGE)
        resolved = {"messages": {str(message.id): message.payload()}}
        data = client.about(command) | {"target_id": str(message.id), "resolved": resolved}
        return client.interact(Kind.COMMAND, self, message.channel, data)

    async def user_command(
        self, name: str, member: "Member", *, channel: Messageable | None = None
    ) -> Interaction:
        """Use a command from a member's context menu."""
        channel = channel or self.guild.first_text
        command, _ = client.find_command(self, name, channel, commands.USER)
        resolved: Json = {}
        options.resolve_user(member, channel, resolved)
        data = client.about(command) | {"target_id": str(member.id), "resolved": resolved}
        return client.interact(Kind.COMMAND, self, channel, data)

    async def press(self, message: Message, button: str) -> Interaction:
        """Press a button, named by its label or its custom_id."""
        found = client.find_component(self, message, button, (components.BUTTON,))
        data = {"component_type": components.BUTTON, "custom_id": found["custom_id"]}
        return client.interact(Kind.COMPONENT, self, message.channel, data, pressed=message)

    async def select(
        self, message: Message, select: str, values: "Sequence[str | User | Role | Channel]"
    ) -> Interaction:
        """Choose in a select, named by its placeholder or its custom_id: values of one of
        strings, else members, roles or channels."""
        found = client.find_component(self, message, select, components.SELECTS)
        data = options.choose(found, values, channel=message.channel)
        return client.interact(Kind.COMPONENT, self, message.channel, data, pressed=message)

    async def submit(self, interaction: Interaction, values: dict[str, str]) -> Interaction:
        """Fill in the form that `interaction` was answered with, by custom_id, and send it."""
        if interaction.modal is None or interaction.member is not self:
            raise NotPossible(f"{interaction!r} showed no form to {self.name}")
        data = client.fill_form(interaction.modal, values)
        channel, pressed = interaction.channel, interaction.pressed
        return client.interact(Kind.MODAL, self, channel, data, pressed=pressed)

    async def download(self, message: Message) -> list[bytes]:
        """The bytes of each of a message's files."""
        client.see(self, message)
        return [each.file.data for each in message.attachments]

    # How Discord writes them down

    def payload(self, channel: Channel | None = None) -> Json:
        """The member object; with a channel, with the permissions there, as interactions have."""
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
