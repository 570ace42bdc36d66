"""What a member types into a command, a select or a form, as an interaction's data.

Knows: how values become the data on the wire, and what Discord's client does not send. Does not
know: who the member is, or what happens to the interaction.
"""

from collections.abc import Sequence
from typing import Any, Final

from sandbox.model import Json
from sandbox.model.context import User
from sandbox.model.files import Upload
from sandbox.model.guild import Channel, Role
from sandbox.model.message import Messageable, walk
from sandbox.protocol import commands, components


class NotPossible(Exception):
    """Discord's own client would not let the member do this: there is no such command, the button
    is disabled, a required option is missing. Raised to the test that plays the member."""


def descend(command: Json, path: list[str]) -> Json:
    """The sub-command at the end of `path`, or the command itself if the path is empty."""
    node = command
    for step in path:
        inner = [x for x in node["options"] if x["name"] == step and x["type"] in (1, 2)]
        if not inner:
            raise NotPossible(f"/{command['name']} has no {step!r}")
        node = inner[0]
        node = node if node.get("options") else node | {"options": []}
    if any(each["type"] in (commands.SUB, commands.GROUP) for each in node["options"]):
        raise NotPossible(f"/{command['name']} needs a sub-command")
    return node


def fill(
    command: Json,
    path: list[str],
    values: dict[str, Any],
    *,
    channel: Messageable,
    focused: str | None = None,
) -> Json:
    """The `data` of an interaction. With `focused`, the member is still typing that option, and all
    options may be incomplete. Raises NotPossible if the client would not send it."""
    node = descend(command, path)
    known = {each["name"]: each for each in node["options"]}
    if unknown := set(values) - set(known):
        raise NotPossible(f"/{command['name']} has no option {sorted(unknown)}")
    missing = [x["name"] for x in node["options"] if x.get("required") and x["name"] not in values]
    if missing and focused is None:
        raise NotPossible(f"/{command['name']} requires {missing}")
    resolved: Json = {}
    filled: list[Json] = []
    for name, value in values.items():
        option: Json = {"name": name, "type": known[name]["type"]}
        if focused is not None and option["type"] == commands.FILE:
            continue  # the client uploads a file when it sends the command
        if name == focused:
            option |= {"value": value, "focused": True}
        else:
            option["value"] = _value(known[name], value, channel, resolved)
        filled.append(option)
    for depth, step in reversed(list(enumerate(path))):
        kind = commands.SUB if depth == len(path) - 1 else commands.GROUP
        filled = [{"name": step, "type": kind, "options": filled}]
    data = about(command) | {"options": filled}
    return data | {"resolved": resolved} if resolved else data


def about(command: Json) -> Json:
    """What an interaction says about its command."""
    return {key: command[key] for key in ("id", "name", "type", "guild_id") if key in command}


def _value(option: Json, value: Any, channel: Messageable, resolved: Json) -> Any:
    kind, name = option["type"], option["name"]
    if kind in (commands.STRING, commands.INTEGER, commands.NUMBER):
        _check_plain(option, value)
        return value
    if kind == commands.BOOLEAN:
        _require(isinstance(value, bool), name, "true or false")
        return value
    if kind == commands.FILE:
        _require(isinstance(value, Upload), name, "a file")
        attachment = channel.world.storage.keep(channel.id, value, ephemeral=True)
        resolved.setdefault("attachments", {})[str(attachment.id)] = attachment.payload()
        return str(attachment.id)
    if kind == commands.CHANNEL:
        _require(isinstance(value, Channel), name, "a channel")
        types = option.get("channel_types")
        _require(not types or int(value.kind) in types, name, "a channel of another type")
    _resolve(value, _NAMED[kind], name, channel, resolved)
    return str(value.id)


#: What options and selects of these types contain.
_NAMED: Final = {
    commands.MEMBER: ("users",),
    commands.CHANNEL: ("channels",),
    commands.ROLE: ("roles",),
    commands.MENTIONABLE: ("users", "roles"),
}
_SELECTED: Final = {5: ("users",), 6: ("roles",), 7: ("users", "roles"), 8: ("channels",)}


def _resolve(
    value: Any, kinds: tuple[str, ...], name: str, channel: Messageable, resolved: Json
) -> None:
    """Add a member, role or channel to `resolved`. Direct messages only have users."""
    is_direct = channel.guild_id is None
    if isinstance(value, User) and "users" in kinds:
        resolve_user(value, channel, resolved)
    elif isinstance(value, Role) and "roles" in kinds and not is_direct:
        resolved.setdefault("roles", {})[str(value.id)] = value.payload()
    elif isinstance(value, Channel) and "channels" in kinds and not is_direct:
        partial = value.payload() | {"permissions": "0"}
        resolved.setdefault("channels", {})[str(value.id)] = partial
    else:
        raise NotPossible(f"{name} does not take {value!r}")


def resolve_user(user: User, channel: Messageable, resolved: Json) -> None:
    """Add a user to `resolved`, and their member object if they are a member there."""
    resolved.setdefault("users", {})[str(user.id)] = user.user()
    if isinstance(channel, Channel) and user.id in channel.guild.members:
        partial = channel.guild.members[user.id].payload(channel)
        del partial["user"]
        resolved.setdefault("members", {})[str(user.id)] = partial


def choose(
    select: Json, values: Sequence[str | User | Role | Channel], *, channel: Messageable
) -> Json:
    """The `data` of a choice in a select."""
    name, kind = select["custom_id"], select["type"]
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    _require(least <= len(values) <= most, name, f"{least} to {most} values")
    data: Json = {"component_type": kind, "custom_id": name}
    if kind == components.STRING_SELECT:
        offered = {each["value"] for each in select["options"]}
        _require(set(values) <= offered, name, f"some of {sorted(offered)}")
        return data | {"values": list(values)}
    resolved: Json = {}
    for each in values:
        _resolve(each, _SELECTED[kind], name, channel, resolved)
    ids = [str(each.id) for each in values if not isinstance(each, str)]
    return data | {"values": ids, "resolved": resolved}


def fill_form(form: Json, values: dict[str, str]) -> Json:
    """The `data` of a filled form, with `values` by custom_id."""
    inputs = [x for x in walk(form["components"]) if x["type"] == components.TEXT_INPUT]
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
    """A component as the client sends it back: inputs with their values, in their containers."""
    if component["type"] == components.TEXT_INPUT:
        custom_id = component["custom_id"]
        return {"type": 4, "custom_id": custom_id, "value": values.get(custom_id, "")}
    result: Json = {"type": component["type"]}
    if "components" in component:
        result["components"] = [_filled(each, values) for each in component["components"]]
    if "component" in component:
        result["component"] = _filled(component["component"], values)
    return result


def _check_plain(option: Json, value: Any) -> None:
    kind, name = option["type"], option["name"]
    if kind == commands.STRING:
        _require(isinstance(value, str), name, "text")
        least = option.get("min_length") or (1 if option.get("required") else 0)
        _require(len(value) >= least, name, f"at least {least} characters")
        most = option.get("max_length") or 6000
        _require(len(value) <= most, name, f"at most {most} characters")
    else:
        number = int if kind == commands.INTEGER else (int, float)
        _require(isinstance(value, number) and not isinstance(value, bool), name, "a number")
        if option.get("min_value") is not None:
            _require(value >= option["min_value"], name, f"at least {option['min_value']}")
        if option.get("max_value") is not None:
            _require(value <= option["max_value"], name, f"at most {option['max_value']}")
    if choices := option.get("choices"):
        _require(value in [each["value"] for each in choices], name, "one of its choices")


def _require(fits: bool, name: str, what: str) -> None:
    if not fits:
        raise NotPossible(f"{name} takes {what}")
