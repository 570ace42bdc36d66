"""The edge of every command, completion, button and form: who is let in, and what becomes of an
error.

    Discord ──▶ Tree (commands) or Components (buttons, forms) ──▶ Gate.let_in ──▶ the handler
                                                    error ──▶ Gate.answer_error

Buttons and forms work after a restart, because a custom id carries all that is needed. The classes
of commands say which of their methods handles which; this file does not know any.

    mynah:skip:12    mynah:stop:12    mynah:replay:12    mynah:download:12    status messages
    mynah:voice:agree:<token>    mynah:voice:name:<token> (a form)            /voice upload
    mynah:voice:use:@12          mynah:voice:delete:@12                       /voice
    mynah:mydata:erase                                                        /mydata delete

`discord.ui.DynamicItem` does not fit. discord.py 2.7.1 (`ViewStore.schedule_dynamic_item_call`)
drops a press whose custom id is not in the message as Discord sends it, so nobody answers it; it
logs what `from_custom_id` and a callback raise, also without an answer; and it has no part for
forms.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
import structlog
from discord import app_commands

from bot.discord_io.errors import ANSWER_REFUSED
from bot.discord_io.registration import localized
from bot.discord_io.replies import Reply, offer_nothing
from bot.locales.catalog import error_text, text
from engine.model.errors import Refused
from engine.voices.owners import VoiceOwners

log = structlog.get_logger(__name__)

#: What works in direct messages too, by the first word of its command.
IN_DIRECT: Final = {"voice", "mydata"}

#: discord.py wraps what a command, or the conversion of an argument, raises.
WRAPPERS: Final = (app_commands.CommandInvokeError, app_commands.TransformerError)

#: What stands in the tree: a command, or a group of them.
Entry = app_commands.Command[Any, ..., Any] | app_commands.Group

PREFIX: Final = "mynah:"
#: Handles a press or a form. It gets the rest of the custom id: "12" of "mynah:skip:12". Raises
#: Refused.
Handler = Callable[[discord.Interaction, str], Awaitable[None]]
#: By the part of the custom id between "mynah:" and the rest: "skip", "voice:use".
Handlers = Mapping[str, Handler]


class InFlightTracker:
    """The uses of commands and buttons that are under way. Open from the start; once closed, it
    stays closed.

    Without it, a command that is under way, or arrives, while the parts are closed one after the
    other could open a closed one again: join a voice channel that the bot has just left.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def enter(self) -> bool:
        """Whether the current task may go on. Until it ends it counts as a use under way."""
        task = asyncio.current_task()
        assert task is not None
        if not self._closed:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return not self._closed

    async def close(self, *, seconds: float) -> None:
        """Let no further use in. Uses under way have this many seconds to end by themselves."""
        self._closed = True
        if self._tasks:
            _, left = await asyncio.wait(set(self._tasks), timeout=seconds)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Gate:
    """`guilds` are the servers that the operator serves (empty: all); `group` is the command below
    which all others are registered, if there is one."""

    _owners: VoiceOwners
    _reply: Reply
    _in_flight: InFlightTracker
    guilds: frozenset[int]
    group: str | None

    async def let_in(self, interaction: discord.Interaction) -> bool:
        """Whether this use of a command or button may go on. If not, the member is told why."""
        words = await self._closed_to(interaction)
        if words is None and self._in_flight.enter():
            return True
        await self._tell(interaction, words or text("gate-restarting"))
        return False

    async def answer_error(self, interaction: discord.Interaction, error: BaseException) -> None:
        """Tell the member: a refusal in its own words, a fault without its details."""
        if isinstance(error, WRAPPERS) and error.__cause__ is not None:
            error = error.__cause__
        if isinstance(error, Refused):
            await self._tell(interaction, error_text(error))
        elif isinstance(error, discord.HTTPException) and error.code in ANSWER_REFUSED:
            log.info("an answer was refused", interaction=interaction.id, code=error.code)
        else:
            log.error("a command failed", interaction=interaction.id, exc_info=error)
            await self._tell(interaction, text("error-failed"))

    async def _tell(self, interaction: discord.Interaction, words: str) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            await offer_nothing(interaction)
        else:
            await self._reply(interaction, words)

    async def _closed_to(self, interaction: discord.Interaction) -> str | None:
        """Why nobody may use it here; None where they may.

        In a direct message members reach what belongs to themselves. Where the operator serves
        only some servers, messages of strangers give them nothing: only members who have voices
        here have any.
        """
        if interaction.guild_id is not None:
            served = not self.guilds or interaction.guild_id in self.guilds
            return None if served else text("gate-not-served")
        used = _used_by(interaction, self.group)
        if used not in IN_DIRECT:
            return text("error-servers-only")
        if self.guilds and used == "voice":
            own = await self._owners.own(str(interaction.user.id))
            return None if own else text("gate-not-served-in-direct")
        return None


class Tree(app_commands.CommandTree[discord.Client]):
    def __init__(self, client: discord.Client, gate: Gate) -> None:
        super().__init__(
            client,
            # They do not show in direct messages, nor for those who install apps for themselves.
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._gate = gate

    def add(self, entries: Iterable[Entry], *, group: str | None) -> None:
        """Add commands, below the command `group` if there is one."""
        if group is None:
            for entry in entries:
                self.add_command(entry)
            return
        above = app_commands.Group(
            name=group,
            description=localized("command-group"),
            # `/voice` and `/mydata` work in direct messages; the others say that they do not.
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        )
        for entry in entries:
            above.add_command(entry)
        self.add_command(above)

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """discord.py asks before every command and completion."""
        return await self._gate.let_in(interaction)

    async def _call(self, interaction: discord.Interaction) -> None:
        """discord.py reads an interaction in a task of its own. It lets all errors but its own end
        that task: those of checks, and of payloads that it cannot read."""
        try:
            await super()._call(interaction)
        except app_commands.AppCommandError:
            raise  # to `on_error`
        except Exception as error:  # noqa: BLE001 -- the edge; it is logged there
            await self._gate.answer_error(interaction, error)

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        await self._gate.answer_error(interaction, error)


class Components:
    def __init__(self, gate: Gate, *handlers: Handlers) -> None:
        self._gate = gate
        self._handlers = {name: handler for each in handlers for name, handler in each.items()}

    async def pressed(self, interaction: discord.Interaction) -> None:
        """The edge of every press and form. Components of other bots are left alone."""
        custom_id = _custom_id(interaction)
        for name, handler in self._handlers.items():
            used, _, rest = custom_id.removeprefix(f"{PREFIX}{name}").partition(":")
            if custom_id.startswith(f"{PREFIX}{name}") and not used:
                await self._handle(interaction, handler, rest)
                return

    async def _handle(self, interaction: discord.Interaction, handler: Handler, rest: str) -> None:
        if not await self._gate.let_in(interaction):
            return
        try:
            await handler(interaction, rest)
        except Exception as error:  # noqa: BLE001 -- the edge; it is logged there
            await self._gate.answer_error(interaction, error)


def typed_in(interaction: discord.Interaction, field: str) -> str:
    """What a member typed into the field of a form that has this custom id."""
    data: Mapping[str, Any] = {**(interaction.data or {})}
    for each in _walk(data.get("components", [])):
        if each.get("custom_id") == field:
            return str(each.get("value", ""))
    return ""


def _walk(components: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for each in components:
        yield each
        yield from _walk(each.get("components", []))
        if "component" in each:
            yield from _walk([each["component"]])


def _custom_id(interaction: discord.Interaction) -> str:
    """That of a button or a form; "" for a command."""
    data: Mapping[str, object] = {**(interaction.data or {})}
    return str(data.get("custom_id", ""))


def _used_by(interaction: discord.Interaction, group: str | None) -> str:
    """The first word of the command that is used: "voice" of `/voice list`, and of the buttons
    below its answers; "" for what is not ours."""
    if custom_id := _custom_id(interaction):
        return custom_id.removeprefix(PREFIX).partition(":")[0]
    command = interaction.command
    if isinstance(command, app_commands.ContextMenu):
        return "voice"  # the only one: "Use as my voice"
    words = command.qualified_name.split() if isinstance(command, app_commands.Command) else []
    if group is not None and words[:1] == [group]:
        del words[0]
    return words[0] if words else ""
