"""The command tree: which servers are served, and what becomes of an error.

Knows: the edge between Discord's commands and ours. Does not know: any command.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import discord
import structlog
from discord import app_commands

from bot.discord_io.errors import ANSWER_REFUSED
from bot.discord_io.replies import offer_nothing
from engine.model.errors import Refused

if TYPE_CHECKING:
    from bot.parts import Parts

log = structlog.get_logger(__name__)

NOT_SERVED = "This bot does not serve this server. Its operator decides which ones it serves."
NOT_SERVED_IN_DIRECT = (
    "This bot serves certain servers only, and keeps no voice of yours. "
    "`/mydata` shows and deletes what it keeps of you."
)
SERVERS_ONLY = "This works in a server only."
RESTARTING = "I am restarting. Please try again in a moment."
FAULT = "Something went wrong here, and the operator's log says what. Please try again."

#: What works in direct messages too, by the first word of its command.
IN_DIRECT = {"voice", "mydata"}


class Tree(app_commands.CommandTree[discord.Client]):
    def __init__(self, client: discord.Client, house: "Parts") -> None:
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

    async def _call(self, interaction: discord.Interaction) -> None:
        """The edge of what a command or a completion is given: discord.py reads it in a task of
        its own, and lets all but its own errors end that task."""
        try:
            await super()._call(interaction)
        except app_commands.AppCommandError:
            raise  # to `on_error`
        except Exception as error:  # noqa: BLE001 -- the edge; it is logged there
            await answer_error(interaction, error, self._house)

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """The edge of every command: a refusal is told, a fault is logged and told."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        await answer_error(interaction, cause, self._house)


async def let_in(interaction: discord.Interaction, house: "Parts") -> bool:
    """Whether this use of a command or button may go on; who may not come in is told why."""
    words = await _barred(interaction, house)
    if words is None and house.door.enter():
        return True
    if interaction.type is discord.InteractionType.autocomplete:
        await offer_nothing(interaction)
    else:
        await house.reply(interaction, words or RESTARTING)
    return False


async def _barred(interaction: discord.Interaction, house: "Parts") -> str | None:
    """Why it may not be used here, whoever asks; None where it may.

    In a direct message one can reach what belongs to oneself. Where the operator serves only
    some servers, a stranger's messages give them nothing: only who has voices here, has any.
    """
    only = house.settings.mynah_guilds
    if interaction.guild_id is not None:
        return None if not only or interaction.guild_id in only else NOT_SERVED
    used = used_by(interaction, house.settings.mynah_command_group)
    if used not in IN_DIRECT:
        return SERVERS_ONLY
    if only and used == "voice" and not await house.registry.own(str(interaction.user.id)):
        return NOT_SERVED_IN_DIRECT
    return None


def used_by(interaction: discord.Interaction, group: str | None) -> str:
    """The first word of the command that is used: "voice" of `/voice list`, and of the buttons
    that its answers have; "" for what is none of ours."""
    data: Mapping[str, object] = {**(interaction.data or {})}
    custom_id = str(data.get("custom_id", ""))
    if custom_id:
        return custom_id.removeprefix("mynah:").partition(":")[0]
    command = interaction.command
    if isinstance(command, app_commands.ContextMenu):
        return "voice"  # the only one: "Use as my voice"
    words = command.qualified_name.split() if isinstance(command, app_commands.Command) else []
    if group is not None and words[:1] == [group]:
        del words[0]
    return words[0] if words else ""


async def answer_error(
    interaction: discord.Interaction, error: BaseException, house: "Parts"
) -> None:
    """Tell whoever asked; a refusal in its own words, a fault without its details."""
    completes = interaction.type is discord.InteractionType.autocomplete
    if isinstance(error, Refused):
        words = error.user_message
    elif isinstance(error, discord.HTTPException) and error.code in ANSWER_REFUSED:
        log.info("an answer was refused", interaction=interaction.id, code=error.code)
        return
    else:
        log.error("a command failed", interaction=interaction.id, exc_info=error)
        words = FAULT
    if completes:
        await offer_nothing(interaction)
    else:
        await house.reply(interaction, words)
