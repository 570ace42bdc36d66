"""Presses of the buttons below status messages; they work after a restart, for the custom id
carries the job's.

Knows: custom ids. Does not know: rights, what a press does (`acts`).
"""

from collections.abc import Mapping

import discord

from bot import acts
from bot.commands.tree import answer_error, let_in
from bot.house import House
from bot.status.render import Verb, parse_custom_id


class Buttons:
    def __init__(self, house: House) -> None:
        self._house = house

    async def pressed(self, interaction: discord.Interaction) -> None:
        """The edge of every press: a refusal is told, a fault is logged and told."""
        data: Mapping[str, object] = {**(interaction.data or {})}
        button = parse_custom_id(str(data.get("custom_id", "")))
        if button is None:
            return
        if not await let_in(interaction, self._house):
            return
        try:
            match button.verb:
                case Verb.SKIP:
                    await acts.skip(interaction, self._house, button.job_id)
                case Verb.STOP:
                    await acts.stop(interaction, self._house)
                case Verb.REPLAY:
                    await acts.replay(interaction, self._house, button.job_id)
                case Verb.DOWNLOAD:
                    await acts.download(interaction, self._house, button.job_id)
        except Exception as error:  # noqa: BLE001 -- the edge; it is logged there
            await answer_error(interaction, error, self._house)
