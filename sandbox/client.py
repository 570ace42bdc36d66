"""Discord's own client: what it shows a member, and what it does not let them do.

Knows: which commands, messages, buttons and forms a member can use, and how a use becomes an
interaction. Whatever the client would refuse raises NotPossible. Does not know: what the bot
answers.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox import commands, components, messages
from sandbox.channels import Channel
from sandbox.errors import Json, NotPossible
from sandbox.files import MOST_FILES, Upload, recorded
from sandbox.interactions import Interaction, Kind
from sandbox.messageable import Messageable
from sandbox.messages import Message
from sandbox.permissions import Permission

if TYPE_CHECKING:
    from sandbox.members import Member


def see(member: "Member", message: Message) -> None:
    """Check that the member sees the message: it is there, in a channel of theirs, for them."""
    hidden = message.viewer is not None and message.viewer.id != member.id
    if hidden or message.deleted or not _views(member, message.channel):
        raise NotPossible(f"{member.name} does not see {message!r}")


def _views(member: "Member", channel: Messageable) -> bool:
    is_here = channel.of_guild in (None, member.guild)
    return is_here and channel.is_seen_by(member)


def say(
    member: "Member",
    content: str,
    channel: Messageable,
    files: list[Upload],
    *,
    voice_message: bool = False,
) -> Message:
    """Send an ordinary message, or a voice message of one recording."""
    has = channel.permissions_of(member)
    needed = Permission.SEND_MESSAGES
    if isinstance(channel, Channel) and channel.parent is not None:
        needed = Permission.SEND_MESSAGES_IN_THREADS
    if files:
        needed |= Permission.ATTACH_FILES
    if voice_message:
        needed |= Permission.SEND_VOICE_MESSAGES
    if not _views(member, channel) or needed not in has:
        raise NotPossible(f"{member.name} cannot write this in {channel.name}")
    if voice_message and (len(files) != 1 or content):
        raise NotPossible("a voice message is one recording and no text")
    if not (content or files) or len(files) > MOST_FILES:
        raise NotPossible(f"a message has a text, or up to {MOST_FILES} files, or both")
    check_sizes(member, files, channel)
    said = recorded(files[0]) if voice_message else None
    return messages.create(channel, member, {"content": content}, files, recorded=said)


def check_sizes(member: "Member", values: Iterable[object], channel: Messageable) -> None:
    """Check that the client would upload the files among `values`."""
    most = max(member.upload_limit, channel.upload_limit)
    for each in values:
        if isinstance(each, Upload) and len(each.data) > most:
            raise NotPossible(f"{each.filename} is over {most} bytes")


def find_command(
    member: "Member", path: str, channel: Messageable, kind: int = commands.SLASH
) -> tuple[Json, list[str]]:
    """The command that the member can use in the channel, and the steps of `path` below it."""
    name, *steps = path.split(" ") if kind == commands.SLASH else [path]
    guild = channel.of_guild
    is_here = member.shares_guild if guild is None else guild.has_bot
    command = member.world.registry.find(None if guild is None else guild.id, name, kind)
    if command is None or not is_here:
        raise NotPossible(f"there is no command {name!r}")
    context = commands.GUILD if guild else commands.BOT_DM
    if context not in commands.contexts(command):
        raise NotPossible(f"{name!r} is not for {'guilds' if guild else 'direct messages'}")
    has = channel.permissions_of(member)
    if not _views(member, channel) or Permission.USE_APPLICATION_COMMANDS not in has:
        raise NotPossible(f"{member.name} cannot use commands in {channel.name}")
    if guild is None:
        return command, steps  # permissions are of guilds
    # "0" closes a command to all but administrators, who have every permission.
    needed = Permission(int(command.get("default_member_permissions") or 0))
    if command.get("default_member_permissions") == "0":
        needed = Permission.ADMINISTRATOR
    if needed not in has:
        raise NotPossible(f"{member.name} may not use {name!r}")
    return command, steps


def about(command: Json) -> Json:
    """What an interaction says of its command."""
    return {key: command[key] for key in ("id", "name", "type", "guild_id") if key in command}


def find_component(member: "Member", message: Message, name: str, kinds: tuple[int, ...]) -> Json:
    """A button or select of the message, by its label, placeholder or custom_id."""
    see(member, message)
    for each in components.walk(message.components):
        names = (each.get("label"), each.get("custom_id"), each.get("placeholder"))
        if each["type"] in kinds and name in names:
            if each.get("disabled") or "custom_id" not in each:
                raise NotPossible(f"{name!r} cannot be pressed")
            return each
    raise NotPossible(f"{message!r} has no {name!r}, only {message.buttons}")


def fill_form(form: Json, values: dict[str, str]) -> Json:
    """A modal's data as it is sent, with `values` by custom_id."""
    inputs = [x for x in components.walk(form["components"]) if x["type"] == components.TEXT_INPUT]
    known = {each["custom_id"] for each in inputs}
    missing = [
        each["custom_id"]
        for each in inputs
        if each.get("required", True) and not values.get(each["custom_id"])
    ]
    if missing or set(values) - known:
        raise NotPossible(f"the form has {sorted(known)}; missing {missing}")
    filled = [_filled(each, values) for each in form["components"]]
    return {"custom_id": form["custom_id"], "components": filled}


def _filled(component: Json, values: dict[str, str]) -> Json:
    """A component as it is sent back: containers kept, inputs with what was typed."""
    if component["type"] == components.TEXT_INPUT:
        custom_id = component["custom_id"]
        return {"type": 4, "custom_id": custom_id, "value": values.get(custom_id, "")}
    result: Json = {"type": component["type"]}
    if "components" in component:
        result["components"] = [_filled(each, values) for each in component["components"]]
    if "component" in component:
        result["component"] = _filled(component["component"], values)
    return result


def interact(
    kind: Kind,
    member: "Member",
    channel: Messageable,
    data: Json,
    *,
    pressed: Message | None = None,
) -> Interaction:
    """Start an interaction, and tell the bot."""
    if not _views(member, channel):
        raise NotPossible(f"{member.name} does not see {channel.name}")
    interaction = Interaction(kind, member, channel, data, pressed=pressed)
    gateway = member.world.gateway
    gateway.dispatch("INTERACTION_CREATE", interaction.payload(), guild=channel.of_guild)
    return interaction
