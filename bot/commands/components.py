"""The buttons and forms below our messages. They work after a restart, because a custom id carries
all that is needed.

    mynah:skip:12    mynah:stop:12    mynah:replay:12    mynah:download:12    status messages
    mynah:voice:agree:<token>    mynah:voice:name:<token> (a form)            /voice upload
    mynah:voice:use:@12          mynah:voice:delete:@12                       /voice
    mynah:mydata:erase                                                        /mydata delete

The classes of commands say which of their methods handles which; this file does not know what a
component does.

`discord.ui.DynamicItem` does not fit. discord.py 2.7.1 (`ViewStore.schedule_dynamic_item_call`)
drops a press whose custom id is not in the message as Discord sends it, so nobody answers it; it
logs what `from_custom_id` and a callback raise, also without an answer; and it has no part for
forms.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import discord

from bot.commands.tree import Gate

PREFIX: Final = "mynah:"

#: Handles a press or a form. It gets the rest of the custom id: "12" of "mynah:skip:12". Raises
#: Refused.
Handler = Callable[[discord.Interaction, str], Awaitable[None]]
#: By the part of the custom id between "mynah:" and the rest: "skip", "voice:use".
Handlers = Mapping[str, Handler]


class Components:
    def __init__(self, gate: Gate, *handlers: Handlers) -> None:
        self._gate = gate
        self._handlers = {name: handler for each in handlers for name, handler in each.items()}

    async def pressed(self, interaction: discord.Interaction) -> None:
        """The edge of every press and form. Components of other bots are left alone."""
        data: Mapping[str, object] = {**(interaction.data or {})}
        custom_id = str(data.get("custom_id", ""))
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
