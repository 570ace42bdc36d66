"""A guild and its members, with all that a test has them do.

Knows: each action as Discord's client offers it. If the client would not let a member do it, the
action raises NotPossible. Does not know: what the bot makes of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from sandbox.client import options, rules
from sandbox.client.options import NotPossible
from sandbox.model import Json, guild, interaction
from sandbox.model.context import About, User
from sandbox.model.files import Upload, recorded
from sandbox.model.guild import Channel, ChannelKind, Role
from sandbox.model.interaction import Kind
from sandbox.model.message import BUTTON, DirectChannel, Message, Messageable
from sandbox.model.permissions import Permission
from sandbox.model.world import World
from sandbox.protocol import commands, components, interactions, messages
from sandbox.protocol.voice import Recording
from sandbox.protocol.voice_states import VoiceStates, may_enter


class Member(guild.Member):
    """A member whom a test plays, or the bot under test, with what a moderator does to it."""

    world: World
    guild: "Guild"

    @property
    def dm(self) -> DirectChannel:
        """Their direct messages with the bot."""
        return self.world.dm(self)

    # In voice

    async def join(self, channel: Channel) -> None:
        if not may_enter(self, channel):
            raise NotPossible(f"{self.name} cannot join {channel.name}")
        await self.guild.voice_states.enter(self, channel, session_id=f"{self.id:x}")

    async def leave(self) -> None:
        await self.guild.voice_states.leave(self)

    async def quit(self) -> None:
        await self.guild.voice_states.leave(self)
        self.guild.remove_member(self)

    @property
    def recording(self) -> Recording:
        """What this member has heard in voice since they last joined from outside."""
        recording = self.guild.voice_states.recordings.get(self)
        if recording is None:
            raise NotPossible(f"{self.name} was in no voice channel")
        return recording

    async def listen(self) -> Recording:
        """The recording of what this member hears in the channel they are in."""
        self._check_in_voice()
        return self.recording

    # What a moderator does to them

    async def move(self, channel: Channel) -> None:
        """Move them to another voice channel. A full channel takes them too."""
        if self.voice.channel is not None and self.voice.channel is not channel:
            session_id = self.voice.session_id
            await self.guild.voice_states.enter(self, channel, session_id=session_id)

    async def disconnect_voice(self) -> None:
        await self.guild.voice_states.leave(self)

    async def server_mute(self, mute: bool = True) -> None:
        self._check_in_voice()
        self.guild.voice_states.amend(self, mute=mute)

    async def server_deafen(self, deaf: bool = True) -> None:
        self._check_in_voice()
        self.guild.voice_states.amend(self, deaf=deaf)

    async def suppress(self, suppress: bool = True) -> None:
        """Send them to the audience of a stage, which also dismisses their request, or make them a
        speaker.

        Source: Discord's documentation, "Modify User Voice State": a person who becomes a speaker
        has a request to speak from then on, a bot has none.
        """
        if not suppress:
            await self.invite_to_speak(stamped=not self.is_bot)
            return
        self._check_in_voice()
        self.guild.voice_states.amend(self, suppress=True, request_to_speak=None)

    async def invite_to_speak(self, *, stamped: bool) -> None:
        """Invite them to speak on a stage. `stamped`: with the time of the invitation, as Discord's
        own client sends it, for bots too."""
        if self.voice.channel is None or self.voice.channel.kind is not ChannelKind.STAGE:
            raise NotPossible(f"{self.name} is on no stage")
        self.guild.voice_states.invite(self, stamped=stamped)

    async def timeout(self, seconds: float) -> None:
        """Time them out, which disconnects them from voice. 0 ends the timeout."""
        self.timeout_until = self.world.clock.time() + seconds if seconds else 0.0
        self.announce("UPDATE")
        if seconds and Permission.ADMINISTRATOR not in self.permissions:
            await self.guild.voice_states.leave(self)

    def _check_in_voice(self) -> None:
        if self.voice.channel is None:
            raise NotPossible(f"{self.name} is in no voice channel")

    # In text

    async def say(
        self,
        content: str,
        channel: Messageable,
        files: list[Upload] | None = None,
        *,
        voice_message: bool = False,
    ) -> Message:
        """Send an ordinary message. With `voice_message`, the one file is their recording."""
        files = files or []
        rules.check_writes(self, content, channel, files, voice_message=voice_message)
        said = recorded(files[0]) if voice_message else None
        body = {"content": content}
        return messages.create(self.world, channel, self, body, files, recorded=said)

    async def download(self, message: Message) -> list[bytes]:
        rules.check_sees(self, message)
        return [each.file.data for each in message.attachments]

    # Interactions

    async def command(
        self, path: str, values: dict[str, Any] | None = None, *, channel: Messageable | None = None
    ) -> "Interaction":
        """Use a slash command: "say", or "queue view". Values are str, int, float, bool, Member,
        Role, Channel or Upload. Without a channel it is the guild's first text channel; `dm` is
        their direct messages with the bot."""
        channel = channel or self.guild.first_text
        data = self.command_data(path, values or {}, channel=channel)
        return self.interact(Kind.COMMAND, channel, data)

    def command_data(self, path: str, values: dict[str, Any], *, channel: Messageable) -> Json:
        command, steps = rules.find_command(self.world, self, path, channel)
        rules.check_sizes(self, values.values(), channel)
        return options.fill(command, steps, values, channel=channel)

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
        """What the bot offers while `typed` is in `option`: choices of name and value. If none come
        in time the list is empty, as in the client."""
        channel = channel or self.guild.first_text
        command, steps = rules.find_command(self.world, self, path, channel)
        schema = {each["name"]: each for each in options.descend(command, steps)["options"]}
        if not schema.get(option, {}).get("autocomplete"):
            raise NotPossible(f"{option} of /{path} has no autocomplete")
        values = (others or {}) | {option: typed}
        data = options.fill(command, steps, values, channel=channel, focused=option)
        begun = self.interact(Kind.COMPLETION, channel, data)
        return (await begun.answered(timeout)).choices

    async def message_command(self, name: str, message: Message) -> "Interaction":
        rules.check_sees(self, message)
        if message.ephemeral:
            raise NotPossible("the menu of a private message has no commands")
        channel = message.channel
        command, _ = rules.find_command(self.world, self, name, channel, commands.MESSAGE)
        resolved = {"messages": {str(message.id): message.payload()}}
        data = options.about(command) | {"target_id": str(message.id), "resolved": resolved}
        return self.interact(Kind.COMMAND, channel, data)

    async def user_command(
        self, name: str, member: "Member", *, channel: Messageable | None = None
    ) -> "Interaction":
        channel = channel or self.guild.first_text
        command, _ = rules.find_command(self.world, self, name, channel, commands.USER)
        resolved: Json = {}
        options.resolve_user(member, channel, resolved)
        data = options.about(command) | {"target_id": str(member.id), "resolved": resolved}
        return self.interact(Kind.COMMAND, channel, data)

    async def press(self, message: Message, button: str) -> "Interaction":
        """Press a button, named by its label or its custom_id."""
        found = rules.find_component(self, message, button, (BUTTON,))
        data = {"component_type": BUTTON, "custom_id": found["custom_id"]}
        return self.interact(Kind.COMPONENT, message.channel, data, pressed=message)

    async def select(
        self, message: Message, select: str, values: Sequence[str | User | Role | Channel]
    ) -> "Interaction":
        """Choose in a select, named by its placeholder or its custom_id. Values are strings of a
        string select; members, roles or channels of the others."""
        found = rules.find_component(self, message, select, components.SELECTS)
        data = options.choose(found, values, channel=message.channel)
        return self.interact(Kind.COMPONENT, message.channel, data, pressed=message)

    async def submit(self, answered: "Interaction", values: dict[str, str]) -> "Interaction":
        """Fill in the form that answered an interaction, with values by custom_id, and send it."""
        if answered.modal is None or answered.member is not self:
            raise NotPossible(f"{answered!r} showed no form to {self.name}")
        data = options.fill_form(answered.modal, values)
        return self.interact(Kind.MODAL, answered.channel, data, pressed=answered.pressed)

    def interact(
        self, kind: Kind, channel: Messageable, data: Json, *, pressed: Message | None = None
    ) -> "Interaction":
        """Start an interaction with any data, also such as no client would send."""
        if not rules.views(self, channel):
            raise NotPossible(f"{self.name} does not see {channel.name}")
        begun = Interaction(kind, self, channel, data, pressed=pressed)
        interactions.begin(self.world, begun)
        return begun


class Interaction(interaction.Interaction):
    """An interaction of a member whom a test plays."""

    member: Member


class Guild(guild.Guild):
    """A guild whose members a test plays."""

    world: World
    owner: Member
    bot: Member
    members: Mapping[int, Member]

    def __init__(
        self, world: World, voice_states: VoiceStates, name: str, **granted: Permission
    ) -> None:
        self.voice_states = voice_states
        super().__init__(world, name, **granted)

    def new_member(
        self, user_id: int, name: str, *, roles: list[Role] | None = None, **about: Unpack[About]
    ) -> Member:
        member = Member(self, user_id, name, roles=roles, **about)
        self.world.users.setdefault(user_id, member)
        return member

    def member(
        self, name: str, *, roles: list[Role] | None = None, **about: Unpack[About]
    ) -> Member:
        """A member whom the test plays; with `bot`, another bot's user."""
        member = self.new_member(self.world.ids.draw(), name, roles=roles, **about)
        self.add_member(member)
        return member

    def welcome(self, user: User, *, roles: list[Role] | None = None) -> Member:
        """The same user as a member here: someone from another guild, or the operator."""
        member = self.new_member(
            user.id, user.name, roles=roles, locale=user.locale, nitro=user.nitro
        )
        self.add_member(member)
        return member

    async def delete_channel(self, channel: Channel) -> None:
        """Delete a channel, with its threads. Members who are in it leave voice."""
        for thread in [each for each in self.channels.values() if each.parent is channel]:
            await self.delete_channel(thread)
        inside = channel.members
        self.remove_channel(channel)
        for member in inside:
            # 4022: the call is over, because the channel was deleted.
            await self.voice_states.leave(member, code=4022)

    async def move_voice_server(self) -> None:
        await self.voice_states.move_server(self)

    async def remove_bot(self) -> None:
        """Someone kicks the bot from the guild."""
        await self.voice_states.leave(self.bot)
        self.take_bot_out()
