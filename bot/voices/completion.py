"""What completes as one types a voice, as Discord takes it.

Knows: discord.py's choices, how a command is given its completion. Does not know: which voices are
offered (`usable`, `seen`), how they are called (`choices`).
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.parts import Parts
from bot.voices.choices import Offered

log = structlog.get_logger(__name__)

Completed = list[app_commands.Choice[str]]
#: What fits what was typed so far, for who asks.
Offer = Callable[[discord.Interaction, Parts, str], Awaitable[Iterable[Offered]]]


def completed_by(
    offer: Offer, house: Parts
) -> Callable[[discord.Interaction, str], Coroutine[Any, Any, Completed]]:
    """The completion of an option: `command.autocomplete("voice")(completed_by(…))`."""

    async def complete(interaction: discord.Interaction, typed: str) -> Completed:
        try:
            offered = await offer(interaction, house, typed)
        except Exception as error:
            # The edge of a completion: it offers nothing then.
            log.error("a completion failed", interaction=interaction.id, exc_info=error)
            return []
        return [app_commands.Choice(name=each.label, value=each.value) for each in offered]

    return complete
