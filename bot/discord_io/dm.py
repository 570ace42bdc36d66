"""A direct message to somebody, if they take any.

Knows: how one is sent, and that many refuse them. Does not know: what it says.
"""

import aiohttp
import discord
import structlog

from bot.discord_io.replies import NOBODY
from engine.base.error_text import describe

log = structlog.get_logger(__name__)


async def send_direct(client: discord.Client, user_id: int, text: str) -> bool:
    """Whether it arrived. One that is refused (50007: they take none from us) is logged."""
    try:
        channel = await client.create_dm(discord.Object(user_id))
        await channel.send(text, allowed_mentions=NOBODY, suppress_embeds=True)
    except discord.HTTPException as error:
        log.info("a direct message was refused", user=user_id, code=error.code)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        log.info("a direct message did not get through", user=user_id, error=describe(error))
    else:
        return True
    return False
