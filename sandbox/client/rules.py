"""What Discord's own client shows a member, and what it does not let them do.

Knows: which channels, commands, messages and buttons a member can use. If the client would refuse,
it raises NotPossible. Does not know: what a use sends (`options`), or what the bot answers.
"""

from collections.abc import Iterable

from sandbox.client.options import NotPossible
from sandbox.model import Json
from sandbox.model.files import MOST_FILES, Upload
from sandbox.model.guild import Channel, Member
from sandbox.model.message import Message, Messageable, walk
from sandbox.model.permissions import Permission
from sandbox.model.world import World
from sandbox.protocol import commands
from sandbox.protocol.commands import Registry


def check_sees(member: Member, message: Message) -> None:
    """The message is there, in a channel that the member sees, and not private to another."""
    hidden = message.viewer is not None and message.viewer.id != member.id
    if hidden or message.deleted or not views(member, message.channel):
        raise NotPossible(f"{member.name} does not see {message!r}")


def views(member: Member, channel: Messageable) -> bool:
    is_here = channel.guild_id in (None, member.guild.id)
    return is_here and channel.is_seen_by(member)


def check_writes(
    member: Member, content: str, channel: Messageable, files: list[Upload], *, voice_message: bool
) -> None:
    """The member can send this message, or this voice message of one recording."""
    has = channel.permissions_of(member)
    needed = Permission.SEND_MESSAGES
    if isinstance(channel, Channel) and channel.parent is not None:
        needed = Permission.SEND_MESSAGES_IN_THREADS
    if files:
        needed |= Permission.ATTACH_FILES
    if voice_message:
        needed |= Permission.SEND_VOICE_MESSAGES
    if not views(member, channel) or needed not in has:
        raise NotPossible(f"{member.name} cannot write this in {channel.name}")
    if voice_message and (len(files) != 1 or content):
        raise NotPossible("a voice message is one recording and no text")
    if not (content or files) or len(files) > MOST_FILES:
        raise NotPossible(f"a message has a text, or up to {MOST_FILES} files, or both")
    check_sizes(member, files, channel)


def check_sizes(member: Member, values: Iterable[object], channel: Messageable) -> None:
    """The client uploads each file among `values`."""
    most = max(member.upload_limit, channel.upload_limit)
    for each in values:
        if isinstance(each, Upload) and len(each.data) > most:
            raise NotPossible(f"{each.filename} is over {most} bytes")


def find_command(
    world: World, member: Member, path: str, channel: Messageable, kind: int = commands.SLASH
) -> tuple[Json, list[str]]:
    """The command that the member can use in the channel, and the steps of `path` below it."""
    name, *steps = path.split(" ") if kind == commands.SLASH else [path]
    guild_id = channel.guild_id
    has_bot = world.shares_guild(member) if guild_id is None else world.guilds[guild_id].has_bot
    command = Registry(world).find(guild_id, name, kind)
    if command is None or not has_bot:
        raise NotPossible(f"there is no command {name!r}")
    context = commands.BOT_DM if guild_id is None else commands.GUILD
    if context not in commands.contexts(command):
        place = "direct messages" if guild_id is None else "guilds"
        raise NotPossible(f"{name!r} is not for {place}")
    has = channel.permissions_of(member)
    if not views(member, channel) or Permission.USE_APPLICATION_COMMANDS not in has:
        raise NotPossible(f"{member.name} cannot use commands in {channel.name}")
    if guild_id is None:
        return command, steps  # only guilds have permissions
    # "0" keeps a command for administrators, who have every permission.
    needed = Permission(int(command.get("default_member_permissions") or 0))
    if command.get("default_member_permissions") == "0":
        needed = Permission.ADMINISTRATOR
    if needed not in has:
        raise NotPossible(f"{member.name} may not use {name!r}")
    return command, steps


def find_component(member: Member, message: Message, name: str, kinds: tuple[int, ...]) -> Json:
    """A button or select of the message, by its label, placeholder or custom_id."""
    check_sees(member, message)
    for each in walk(message.components):
        names = (each.get("label"), each.get("custom_id"), each.get("placeholder"))
        if each["type"] in kinds and name in names:
            if each.get("disabled") or "custom_id" not in each:
                raise NotPossible(f"{name!r} cannot be pressed")
            return each
    raise NotPossible(f"{message!r} has no {name!r}, only {message.buttons}")
