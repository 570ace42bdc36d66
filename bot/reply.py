"""Private answers: to the one who asked, seen by nobody else, pinging nobody.

Knows: how to give one, how commands are called in this installation, and that nobody is left to
tell when it does not arrive. Does not know: what it says.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import discord
import structlog

log = structlog.get_logger(__name__)

NOBODY: Final = discord.AllowedMentions.none()


#: A command of ours in one of our sentences. What members wrote is escaped by a backslash.
_COMMAND: Final = re.compile(r"(?<!\\)`/(?=[a-z])")


def name_commands(text: str, group: str | None) -> str:
    """`text`, with each command called as it is registered: `/skip`, or `/mynah skip`."""
    return text if group is None else _COMMAND.sub(f"`/{group} ", text)


class Reply:
    """`group` is the command below which all others are registered, if there is one."""

    def __init__(self, group: str | None) -> None:
        self._group = group

    async def __call__(self, interaction: discord.Interaction, text: str) -> None:
        """Answer privately. An answer that does not arrive is logged."""
        words = name_commands(text, self._group)
        if interaction.response.is_done():
            await _send(
                lambda: interaction.followup.send(words, ephemeral=True, allowed_mentions=NOBODY)
            )
        else:
            await _send(
                lambda: interaction.response.send_message(
                    words, ephemeral=True, allowed_mentions=NOBODY, suppress_embeds=True
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
