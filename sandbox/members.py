"""Members: who they are, what they may do, and what a test has them do.

Knows: a member's permissions, and each action as Discord's client offers it. What the client
would not let one do raises NotPossible. Does not know: what the bot makes of it.
"""

from typing import TYPE_CHECKING, Any

from sandbox import commands, components, messages, options, permissions, voice_states
from sandbox.channels import Channel
from sandbox.errors import Json, NotPossible
from sandbox.interactions import Interaction, Kind
from sandbox.messages import Message, Upload
from sandbox.permissions import Permission
from sandbox.voice_states import VoiceState
from sandbox.world import user_payload

if TYPE_CHECKING:
    from sandbox.guilds import Guild, Role


class Member:
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
    ) -> None:
        self.guild = guild
        self.world = guild.world
        self.id = user_id
        self.name = name
        self.is_bot = bot
        self.is_client = user_id == self.world.application_id
        self.roles = list(roles or [])
        self.locale = locale
        self.joined_at = self.world.clock.iso()
        self.timeout_until = 0.0
        self.voice = VoiceState()
        #: What this member has heard since joining the voice channel (from the voice side).
        self.recording: Any = None

    def __repr__(self) -> str:
        return f"<Member {self.name!r} {self.id}>"

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

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

    async def listen(self) -> Any:
        """The recording of what this member hears in the channel they are in."""
        if self.voice.channel is None:
            raise NotPossible(f"{self.name} is in no voice channel")
        return self.recording

    # Done to them by a moderator

    async def move(self, channel: Channel) -> None:
        """A moderator moves them to another voice channel; a full one takes them too."""
        if self.voice.channel is not None and self.voice.channel is not channel:
            await voice_states.enter(self, channel, session_id=self.voice.session_id)

    async def disconnect_voice(self) -> None:
        """A moderator disconnects them from voice."""
        await voice_states.leave(self)

    async def server_mute(self, mute: bool = True) -> None:
        voice_states.amend(self, mute=mute)

    async def server_deafen(self, deaf: bool = True) -> None:
        voice_states.amend(self, deaf=deaf)

    async def suppress(self, suppress: bool = True) -> None:
        """A stage moderator sends them to the audience, or invites them to speak."""
        voice_states.amend(self, suppress=suppress)

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
        self, content: str, channel: Channel, files: list[Upload] | None = None
    ) -> Message:
        """Send an ordinary message."""
        if Permission.SEND_MESSAGES not in self.permissions_in(channel):
            raise NotPossible(f"{self.name} cannot write in {channel.name}")
        return messages.create(channel, self, {"content": content}, files or [])

    async def command(
        self, path: str, values: dict[str, Any] | None = None, *, channel: Channel
    ) -> Interaction:
        """Use a slash command: "say", or "queue view". Values are str, int, float, bool, Member,
        Role, Channel or Upload."""
        command, steps = self._find(path, channel)
        data = options.fill(command, steps, values or {}, channel=channel)
        return self._interact(Kind.COMMAND, channel, data)

    async def complete(
        self,
        path: str,
        option: str,
        typed: str,
        *,
        channel: Channel,
        others: dict[str, Any] | None = None,
        timeout: float = 5.0,
    ) -> list[Json]:
        """What the bot offers while `typed` stands in `option`: choices of name and value.
        None in time is an empty list, as the client shows it."""
        command, steps = self._find(path, channel)
        schema = {each["name"]: each for each in options.descend(command, steps)["options"]}
        if not schema.get(option, {}).get("autocomplete"):
            raise NotPossible(f"{option} of /{path} does not complete")
        values = (others or {}) | {option: typed}
        data = options.fill(command, steps, values, channel=channel, focused=option)
        interaction = self._interact(Kind.COMPLETION, channel, data)
        return (await interaction.answered(timeout)).choices

    async def message_command(self, name: str, message: Message) -> Interaction:
        """Use a command from a message's context menu."""
        command, _ = self._find(name, message.channel, commands.MESSAGE)
        target = {"target_id": str(message.id)}
        resolved = {"messages": {str(message.id): message.payload()}}
        data = {**_about(command), **target, "resolved": resolved}
        return self._interact(Kind.COMMAND, message.channel, data)

    async def user_command(self, name: str, member: "Member", *, channel: Channel) -> Interaction:
        """Use a command from a member's context menu."""
        command, _ = self._find(name, channel, commands.USER)
        resolved: Json = {}
        options.resolve_member(member, channel, resolved)
        data = {**_about(command), "target_id": str(member.id), "resolved": resolved}
        return self._interact(Kind.COMMAND, channel, data)

    async def press(self, message: Message, button: str) -> Interaction:
        """Press a button, named by its label or its custom_id."""
        found = self._component(message, button, (components.BUTTON,))
        data = {"component_type": components.BUTTON, "custom_id": found["custom_id"]}
        return self._interact(Kind.COMPONENT, message.channel, data, pressed=message)

    async def select(self, message: Message, select: str, values: list[str]) -> Interaction:
        """Choose values in a select, named by its placeholder or its custom_id."""
        found = self._component(message, select, components.SELECTS)
        if found["type"] == 3 and set(values) - {each["value"] for each in found["options"]}:
            raise NotPossible(f"{select} does not offer {values}")
        data = {
            "component_type": found["type"],
            "custom_id": found["custom_id"],
            "values": values,
        }
        return self._interact(Kind.COMPONENT, message.channel, data, pressed=message)

    async def submit(self, interaction: Interaction, values: dict[str, str]) -> Interaction:
        """Fill in the form that `interaction` was answered with, by custom_id, and send it."""
        if interaction.modal is None or interaction.member is not self:
            raise NotPossible(f"{interaction!r} showed no form to {self.name}")
        fields = list(components.walk(interaction.modal["components"]))
        known = {x["custom_id"]: x for x in fields if x["type"] == components.TEXT_INPUT}
        missing = [x for x in known if known[x].get("required", True) and not values.get(x)]
        if missing or set(values) - set(known):
            raise NotPossible(f"the form has {sorted(known)}; missing {missing}")
        data = {
            "custom_id": interaction.modal["custom_id"],
            "components": [_filled(each, values) for each in interaction.modal["components"]],
        }
        pressed = interaction.pressed
        return self._interact(Kind.MODAL, interaction.channel, data, pressed=pressed)

    async def download(self, message: Message) -> list[bytes]:
        """The bytes of each of a message's files."""
        self._see(message)
        return [each.file.data for each in message.attachments]

    # How Discord writes them down

    def user(self) -> Json:
        return user_payload(self.id, self.name, bot=self.is_bot)

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

    def _see(self, message: Message) -> None:
        hidden = message.viewer not in (None, self)
        if hidden or message.deleted or not self._views(message.channel):
            raise NotPossible(f"{self.name} does not see {message!r}")

    def _views(self, channel: Channel) -> bool:
        return not channel.deleted and Permission.VIEW_CHANNEL in self.permissions_in(channel)

    def _component(self, message: Message, name: str, kinds: tuple[int, ...]) -> Json:
        self._see(message)
        for each in components.walk(message.components):
            names = (each.get("label"), each.get("custom_id"), each.get("placeholder"))
            if each["type"] in kinds and name in names:
                if each.get("disabled") or "custom_id" not in each:
                    raise NotPossible(f"{name!r} cannot be pressed")
                return each
        raise NotPossible(f"{message!r} has no {name!r}, only {message.buttons}")

    def _find(
        self, path: str, channel: Channel, kind: int = commands.SLASH
    ) -> tuple[Json, list[str]]:
        """The command that the member can see in the channel, and the steps below it."""
        name, *steps = path.split(" ") if kind == commands.SLASH else [path]
        command = self.world.registry.find(self.guild.id, name, kind)
        if command is None or not self.guild.has_bot:
            raise NotPossible(f"there is no command {name!r}")
        contexts = command.get("contexts")
        if contexts is not None and 0 not in contexts:
            raise NotPossible(f"{name!r} is not for guilds")
        has = self.permissions_in(channel)
        if not self._views(channel) or Permission.USE_APPLICATION_COMMANDS not in has:
            raise NotPossible(f"{self.name} cannot use commands in {channel.name}")
        # "0" closes a command to all but administrators, who have every permission.
        needed = Permission(int(command.get("default_member_permissions") or 0))
        if command.get("default_member_permissions") == "0":
            needed = Permission.ADMINISTRATOR
        if needed not in has:
            raise NotPossible(f"{self.name} may not use {name!r}")
        return command, steps

    def _interact(
        self, kind: Kind, channel: Channel, data: Json, *, pressed: Message | None = None
    ) -> Interaction:
        if not self._views(channel):
            raise NotPossible(f"{self.name} does not see {channel.name}")
        interaction = Interaction(kind, self, channel, data, pressed=pressed)
        self.world.gateway.dispatch("INTERACTION_CREATE", interaction.payload(), guild=self.guild)
        return interaction


def _about(command: Json) -> Json:
    return {key: command[key] for key in ("id", "name", "type", "guild_id") if key in command}


def _filled(component: Json, values: dict[str, str]) -> Json:
    """A form's component as it is sent back: containers kept, inputs with what was typed."""
    if component["type"] == components.TEXT_INPUT:
        custom_id = component["custom_id"]
        return {"type": 4, "custom_id": custom_id, "value": values.get(custom_id, "")}
    result: Json = {"type": component["type"]}
    if "components" in component:
        result["components"] = [_filled(each, values) for each in component["components"]]
    if "component" in component:
        result["component"] = _filled(component["component"], values)
    return result
