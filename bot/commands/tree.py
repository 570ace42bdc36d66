"""The command tree: which servers are served, and what becomes of an error.

Knows: the edge between Discord's commands and ours. Does not know: any command.
"""

from typing import TYPE_CHECKING

import discord
import structlog
from discord import app_commands

from bot.reply import offer_nothing
from engine.errors import Refused

if TYPE_CHECKING:
    from bot.house import House

log = structlog.get_logger(__name__)

NOT_SERVED = "This bot does not serve this server. Its operator decides which ones it serves."
RESTARTING = "I am restarting. Please try again in a moment."
FAULT = "Something went wrong here, and the operator's log says what. Please try again."

#: Unknown Interaction, Interaction has already been acknowledged: nobody is left to tell.
TOO_LATE = {10062, 40060}


class Tree(app_commands.CommandTree[discord.Client]):
    def __init__(self, client: discord.Client, house: "House") -> None:
        super().__init__(
            client,
            # They do not show in direct messages, nor for those who install apps for themselves.
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._house = house

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Asked before every command and completion."""
        return await let_in(interaction, self._house)

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """The edge of every command: a refusal is told, a fault is logged and told."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await answer_error(interaction, cause, self._house)


async def let_in(interaction: discord.Interaction, house: "House") -> bool:
    """Whether this use of a command or button may go on; who may not come in is told why."""
    if not served(house.settings.mynah_guilds, interaction.guild_id):
        words = NOT_SERVED
    elif not house.door.enter():
        words = RESTARTING
    else:
        return True
    if interaction.type is discord.InteractionType.autocomplete:
        await offer_nothing(interaction)
    else:
        await house.reply(interaction, words)
    return False


def served(only: frozenset[int], guild_id: int | None) -> bool:
    """Whether a server is one that the operator serves; with none named, all are."""
    return guild_id is not None and (not only or guild_id in only)


async def answer_error(
    interaction: discord.Interaction, error: BaseException, house: "House"
) -> None:
    """Tell whoever asked; a refusal in its own words, a fault without its details."""
    if isinstance(error, Refused):
        await house.reply(interaction, error.user_message)
        return
    if isinstance(error, discord.HTTPException) and error.code in TOO_LATE:
        log.info("an answer was refused", interaction=interaction.id, code=error.code)
        return
    log.error("a command failed", interaction=interaction.id, exc_info=error)
    await house.reply(interaction, FAULT)
