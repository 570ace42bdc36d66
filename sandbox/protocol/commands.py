"""Application commands: checked as Discord checks them, and kept.

Knows: the schema of a command and the limits of a list of commands.
Does not know: who may use a command, or what a member types into it (`client/options.py`).
Source: Discord's documentation, "Application Commands".
"""

import unicodedata
from typing import Any, Final

from sandbox.model import Json
from sandbox.model.world import World
from sandbox.protocol.errors import Form, refusal

SLASH, USER, MESSAGE = 1, 2, 3
SUB, GROUP, STRING, INTEGER, BOOLEAN, MEMBER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(
    1, 12
)
#: How many of each kind a scope (global, or one guild) holds.
MOST: Final = {SLASH: 100, USER: 15, MESSAGE: 15}
MOST_CHARACTERS: Final = 8000
#: Where members can use a command: guilds, direct messages with the bot, other direct messages.
GUILD, BOT_DM, PRIVATE = range(3)
_SCRIPTS: Final = ("DEVANAGARI", "THAI")


class Registry:
    """The application's commands: global ones under None, a guild's under its id."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scopes = world.commands

    def of(self, scope: int | None) -> list[Json]:
        return self._scopes.get(scope, [])

    def get(self, scope: int | None, command_id: int) -> Json:
        """Raises 10063."""
        for each in self.of(scope):
            if each["id"] == str(command_id):
                return each
        raise refusal(10063)

    def overwrite(self, scope: int | None, given: Any) -> list[Json]:
        """Replace the whole list of a scope. Raises 30032, 50035."""
        form = Form()
        if not isinstance(given, list):
            form.fault(None, "BASE_TYPE_LIST", "Must be an array.")
            form.settle()
        seen: set[tuple[int, Any]] = set()
        for index, each in enumerate(given):
            check(form.at(index), each)
            key = (each.get("type", SLASH), each.get("name"))
            if key in seen:
                text = "Application command names must be unique"
                form.at(index).fault("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", text)
            seen.add(key)
        form.settle()
        _check_counts(given)
        self._scopes[scope] = [self._stored(scope, each) for each in given]
        return self.of(scope)

    def upsert(self, scope: int | None, given: Json) -> tuple[Json, bool]:
        """Add a command, or replace the one of the same name and type. Returns it, and whether it
        is new. Raises 30032, 50035."""
        form = Form()
        check(form, given)
        form.settle()
        command = self._stored(scope, given)
        others = [each for each in self.of(scope) if each["id"] != command["id"]]
        _check_counts([*others, command])
        is_new = len(others) == len(self.of(scope))
        self._scopes[scope] = [*others, command]
        return command, is_new

    def delete(self, scope: int | None, command_id: int) -> None:
        """Raises 10063."""
        self.of(scope).remove(self.get(scope, command_id))

    def find(self, guild_id: int | None, name: str, kind: int = SLASH) -> Json | None:
        """The command that a member gets in the guild, or (None) in direct messages. The guild's
        own come first."""
        for scope in (guild_id, None):
            for each in self.of(scope):
                if each["name"] == name and each["type"] == kind:
                    return each
        return None

    def _stored(self, scope: int | None, given: Json) -> Json:
        kind = given.get("type", SLASH)
        old = [x for x in self.of(scope) if (x["name"], x["type"]) == (given["name"], kind)]
        command: Json = {
            "id": old[0]["id"] if old else str(self._world.ids.draw()),
            "application_id": str(self._world.application_id),
            "version": str(self._world.ids.draw()),
            "type": kind,
            "name": given["name"],
            "name_localizations": given.get("name_localizations"),
            "description": given.get("description") or "",
            "description_localizations": given.get("description_localizations"),
            "default_member_permissions": given.get("default_member_permissions"),
            "nsfw": bool(given.get("nsfw")),
            "options": given.get("options") or [],
        }
        if scope is None:
            command["contexts"] = given.get("contexts")
            command["integration_types"] = given.get("integration_types") or [0]
            command["dm_permission"] = given.get("dm_permission", True)
        else:
            command["guild_id"] = str(scope)
        return command


def contexts(command: Json) -> tuple[int, ...]:
    """Where a client offers a command. A guild's own command is for the guild. A global one without
    contexts is for everywhere, unless the older `dm_permission` excludes direct messages."""
    if "guild_id" in command:
        return (GUILD,)
    if command["contexts"] is not None:
        return tuple(command["contexts"])
    return (GUILD, BOT_DM, PRIVATE) if command["dm_permission"] else (GUILD,)


def _check_counts(commands: list[Json]) -> None:
    for kind, most in MOST.items():
        if sum(each.get("type", SLASH) == kind for each in commands) > most:
            raise refusal(30032)


def check(form: Form, command: Any) -> None:
    if not isinstance(command, dict):
        form.fault(None, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return
    kind = command.get("type", SLASH)
    form.choice("type", kind, (SLASH, USER, MESSAGE))
    if kind == SLASH:
        _check_name(form, command.get("name"))
        form.length("description", command.get("description"), 1, 100)
        _check_options(form, command.get("options") or [], of=None)
        if _size(command) > MOST_CHARACTERS:
            text = f"Command exceeds maximum size ({MOST_CHARACTERS})"
            form.fault(None, "APPLICATION_COMMAND_TOO_LARGE", text)
    else:
        form.length("name", command.get("name"), 1, 32)
        for field in ("description", "options"):
            if command.get(field):
                text = f"Context menu commands cannot have {field}"
                form.fault(field, f"APPLICATION_COMMAND_CONTEXT_MENU_{field.upper()}", text)
    for field, most in (("contexts", 3), ("integration_types", 2)):
        if command.get(field) is not None:
            for index, (_, each) in enumerate(form.items(field, command[field], 0, most)):
                form.at(field).choice(str(index), each, tuple(range(most)))
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        form.fault("default_member_permissions", "NUMBER_TYPE_COERCE", "Value is not snowflake.")


def is_name(name: str) -> bool:
    """Whether a slash command or an option may have this name: 1 to 32 letters, digits, - _ ' of
    any script, with Devanagari's and Thai's marks, and no upper case where a lower exists."""
    return 1 <= len(name) <= 32 and name == name.lower() and all(map(_fits, name))


def _fits(character: str) -> bool:
    return (
        character in "-_'"
        or unicodedata.category(character)[0] in "LN"
        or unicodedata.name(character, "").startswith(_SCRIPTS)
    )


def _check_name(form: Form, name: Any) -> None:
    if form.length("name", name, 1, 32) and not is_name(name):
        text = "Command name is invalid"
        form.fault("name", "APPLICATION_COMMAND_INVALID_NAME", text)


def _check_options(form: Form, options: Any, *, of: int | None) -> None:
    """The options of a command (`of` is None), a group or a sub-command. A group has sub-commands,
    a sub-command has plain options; a command has one kind or the other."""
    items = form.items("options", options, 0, 25)
    names: set[str] = set()
    is_optional = False
    kinds = {each.get("type") for _, each in items if isinstance(each, dict)}
    allowed: tuple[int, ...] = tuple(range(STRING, FILE + 1))
    if of == GROUP:
        allowed = (SUB,)
    elif of is None and kinds & {SUB, GROUP}:
        allowed = (SUB, GROUP)
    for below, each in items:
        if not below.choice("type", each.get("type"), allowed):
            text = "Sub-commands and groups stand alone, and not deeper than two levels."
            below.fault("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
            continue
        _check_name(below, each.get("name"))
        below.length("description", each.get("description"), 1, 100)
        if each.get("name") in names:
            text = "Option name already exists"
            below.fault("name", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", text)
        names.add(str(each.get("name")))
        if each["type"] in (SUB, GROUP):
            _check_options(below, each.get("options") or [], of=each["type"])
            continue
        if each.get("required") and is_optional:
            text = "Required options must be placed before non-required options"
            below.fault("required", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", text)
        is_optional = is_optional or not each.get("required")
        _check_choices(below, each)
        _check_bounds(below, each)


def _check_choices(form: Form, option: Json) -> None:
    choices = option.get("choices")
    if (choices or option.get("autocomplete")) and option["type"] not in (STRING, INTEGER, NUMBER):
        text = "Only strings, integers and numbers have choices or autocomplete"
        form.fault("choices", "APPLICATION_COMMAND_OPTIONS_CHOICES_TYPE_INVALID", text)
    if choices and option.get("autocomplete"):
        text = "Choices and autocomplete are mutually exclusive"
        form.fault("autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", text)
    if choices:
        check_choices(form, choices, option["type"])


def check_choices(form: Form, choices: Any, kind: int) -> None:
    """Add the faults of a list of choices (an option's, or a completion's) to `form`."""
    names: set[Any] = set()
    for below, each in form.items("choices", choices, 0, 25):
        below.length("name", each.get("name"), 1, 100)
        if each.get("name") in names:
            text = "Option choice name already exists"
            below.fault("name", "APPLICATION_COMMAND_OPTIONS_CHOICES_NAME_ALREADY_EXISTS", text)
        names.add(each.get("name"))
        if kind == STRING:
            below.length("value", each.get("value"), 1, 100)
        elif not isinstance(each.get("value"), int | float):
            text = f'Value "{each.get("value")}" is not a number.'
            below.fault("value", "NUMBER_TYPE_COERCE", text)


def _check_bounds(form: Form, option: Json) -> None:
    for field, least, most in (("min_length", 0, 6000), ("max_length", 1, 6000)):
        value = option.get(field)
        if value is None:
            continue
        if option["type"] != STRING:
            text = f"{field} is only for strings"
            form.fault(field, "APPLICATION_COMMAND_OPTIONS_LENGTH_INVALID_TYPE", text)
        elif not isinstance(value, int) or not least <= value <= most:
            text = f"int value should be between {least} and {most}."
            form.fault(field, "NUMBER_TYPE_RANGE", text)
    for field in ("min_value", "max_value"):
        if option.get(field) is not None and option["type"] not in (INTEGER, NUMBER):
            text = f"{field} is only for integers and numbers"
            form.fault(field, "APPLICATION_COMMAND_OPTIONS_VALUE_INVALID_TYPE", text)


def _size(part: Json) -> int:
    """The characters of all names, descriptions and values together."""
    own = sum(len(str(part.get(field) or "")) for field in ("name", "description", "value"))
    below = [*(part.get("options") or []), *(part.get("choices") or [])]
    return own + sum(_size(each) for each in below if isinstance(each, dict))
