"""Presses of our buttons and forms that were sent in; they work after a restart, for the custom id
carries all that is needed.

Knows: custom ids, and who handles which. Does not know: rights, what a press does.

    mynah:skip:12            below status messages: `acts`
    mynah:voice:use:@12      of `/voice`: `library/presses`
    mynah:mydata:erase       of `/mydata delete`
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import discord

from bot.commands import actions, mydata
from bot.commands.tree import answer_error, let_in
from bot.messages.render import Button, ButtonAction, is_button_id, parse_custom_id
from bot.parts import Parts
from bot.voices import components
from engine.model.errors import Refused

#: Who handles a custom id that begins so; it is given the rest.
Handler = Callable[[discord.Interaction, Parts, str], Awaitable[None]]
HANDLERS: Final[Mapping[str, Handler]] = {
    components.PREFIX: components.pressed,
    mydata.PREFIX: mydata.pressed,
}


class Buttons:
    def __init__(self, house: Parts) -> None:
        self._house = house

    async def pressed(self, interaction: discord.Interaction) -> None:
        """The edge of every press and form: a refusal is told, a fault is logged and told."""
        data: Mapping[str, object] = {**(interaction.data or {})}
        custom_id = str(data.get("custom_id", ""))
        is_of_job = is_button_id(custom_id)
        prefix = next((each for each in HANDLERS if custom_id.startswith(each)), None)
        if not is_of_job and prefix is None:
            return
        if not await let_in(interaction, self._house):
            return
        try:
            if is_of_job:
                await self._of_job(interaction, parse_custom_id(custom_id))
            elif prefix is not None:
                rest = custom_id.removeprefix(prefix)
                await HANDLERS[prefix](interaction, self._house, rest)
        except Exception as error:  # noqa: BLE001 -- the edge; it is logged there
            await answer_error(interaction, error, self._house)

    async def _of_job(self, interaction: discord.Interaction, button: Button | None) -> None:
        if button is None:
            raise Refused(actions.FORGOTTEN)  # no job ever had such an id
        match button.action:
            case ButtonAction.SKIP:
                await actions.skip(interaction, self._house, button.job_id)
            case ButtonAction.STOP:
                await actions.stop(interaction, self._house)
            case ButtonAction.REPLAY:
                await actions.replay(interaction, self._house, button.job_id)
            case ButtonAction.DOWNLOAD:
                await actions.download(interaction, self._house, button.job_id)
