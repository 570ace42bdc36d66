"""Discord's numeric error codes, and what it means when a call to Discord fails.

Source: Discord's documentation, "Opcodes and Status Codes".
"""

from enum import IntEnum
from typing import Final

import aiohttp
import discord

#: A call did not get through, or no answer came. `discord.HTTPException`: Discord refused it.
NETWORK_ERRORS: Final = (aiohttp.ClientError, TimeoutError, OSError)
CALL_FAILED: Final = (discord.HTTPException, *NETWORK_ERRORS)


class ErrorCode(IntEnum):
    """The `code` in the body of an HTTP error."""

    UNKNOWN_CHANNEL = 10003
    UNKNOWN_MESSAGE = 10008
    UNKNOWN_WEBHOOK = 10015  # no interaction has this token, or it was not answered
    UNKNOWN_INTERACTION = 10062  # it was answered too late, or its token has expired
    OLD_EDIT_LIMIT = 30046  # too many edits of messages that are older than an hour
    ALREADY_ANSWERED = 40060  # the interaction has already been acknowledged
    MISSING_ACCESS = 50001  # the bot cannot see the channel
    CANNOT_MESSAGE_USER = 50007  # the user takes no direct messages from the bot
    MISSING_PERMISSIONS = 50013
    INVALID_WEBHOOK_TOKEN = 50027  # the interaction's token has expired
    ARCHIVED_THREAD = 50083  # nothing in it can be edited until somebody opens it


class VoiceCloseCode(IntEnum):
    """The code with which a voice websocket is closed."""

    ABNORMAL = 1006  # the connection broke; the peer sent no code
    AUTHENTICATION_FAILED = 4004
    DISCONNECTED = 4014  # by a moderator, by a move, or because the session was dropped
    UNKNOWN_ENCRYPTION_MODE = 4016
    ENCRYPTION_REQUIRED = 4017  # end-to-end encryption (DAVE)


#: The message no longer exists.
MESSAGE_GONE: Final = frozenset({ErrorCode.UNKNOWN_CHANNEL, ErrorCode.UNKNOWN_MESSAGE})
#: The interaction's token no longer reaches anything.
TOKEN_EXPIRED: Final = frozenset(
    {ErrorCode.INVALID_WEBHOOK_TOKEN, ErrorCode.UNKNOWN_WEBHOOK, ErrorCode.UNKNOWN_INTERACTION}
)
#: The interaction has no original response.
NOT_ANSWERED: Final = frozenset({ErrorCode.UNKNOWN_WEBHOOK, ErrorCode.UNKNOWN_MESSAGE})
#: An answer came too late, or a second time.
ANSWER_REFUSED: Final = frozenset({ErrorCode.UNKNOWN_INTERACTION, ErrorCode.ALREADY_ANSWERED})


def is_temporary(error: discord.HTTPException) -> bool:
    """Whether the same call may succeed a little later: Discord has a fault, or limits the rate."""
    return error.status >= 500 or error.status == 429
