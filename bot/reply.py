"""Private answers: to the one who asked, seen by nobody else, pinging nobody.

Knows: how to give one, and that nobody is left to tell when it does not arrive.
Does not know: what it says.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord
import structlog

log = structlog.get_logger(__name__)

NOBODY = discord.AllowedMentions.none()


async def reply(interaction: discord.Interaction, text: str) -> None:
    """Answer privately. An answer that does not arrive is logged."""
    if interaction.response.is_done():
        await _send(
            lambda: interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
        )
    else:
        await _send(
            lambda: interaction.response.send_message(
                text, ephemeral=True, allowed_mentions=NOBODY, suppress_embeds=True
            )
        )


async def offer_nothing(interaction: discord.Interaction) -> None:
    """Complete what is typed to no choice at all."""
    await _send(lambda: interaction.response.autocomplete([]))


async def _send(answer: Callable[[], Awaitable[Any]]) -> None:
    for _ in range(2):
        try:
            await answer()
        except discord.HTTPException as error:
            log.info("a private answer was refused", status=error.status, code=error.code)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # Discord closes connections that lay idle. If this one did carry the answer, the
            # second is refused as double.
            log.info("a private answer did not get through", error=repr(error))
            continue
        return
