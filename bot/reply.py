"""Private answers: to the one who asked, seen by nobody else, pinging nobody.

Knows: how to give one. Does not know: what it says.
"""

import discord
import structlog

log = structlog.get_logger(__name__)

NOBODY = discord.AllowedMentions.none()


async def reply(interaction: discord.Interaction, text: str) -> None:
    """Answer privately. An answer that Discord refuses is logged: there is nobody left to tell."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY)
        else:
            await interaction.response.send_message(
                text, ephemeral=True, allowed_mentions=NOBODY, suppress_embeds=True
            )
    except discord.HTTPException as error:
        log.info("a private answer was refused", status=error.status, code=error.code)
