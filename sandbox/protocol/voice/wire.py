"""Numbers of the voice gateway, version 8, and the refusal of messages that break its rules.

Source: Discord's documentation of voice connections and of opcodes and status codes; the DAVE
protocol for 21 to 31.
"""

from enum import IntEnum
from typing import Any, Final


class Op(IntEnum):
    """Opcodes. The binary ones are 25 to 30."""

    IDENTIFY = 0
    SELECT_PROTOCOL = 1
    READY = 2
    HEARTBEAT = 3
    SESSION_DESCRIPTION = 4
    SPEAKING = 5
    HEARTBEAT_ACK = 6
    RESUME = 7
    HELLO = 8
    RESUMED = 9
    CLIENTS_CONNECT = 11
    CLIENT_CONNECT = 12
    CLIENT_DISCONNECT = 13
    PREPARE_TRANSITION = 21
    EXECUTE_TRANSITION = 22
    TRANSITION_READY = 23
    PREPARE_EPOCH = 24
    EXTERNAL_SENDER = 25
    KEY_PACKAGE = 26
    PROPOSALS = 27
    COMMIT_WELCOME = 28
    ANNOUNCE_COMMIT = 29
    WELCOME = 30
    INVALID_COMMIT_WELCOME = 31


class Close(IntEnum):
    """Close codes of a websocket."""

    NORMAL = 1000
    GOING_AWAY = 1001
    ABNORMAL = 1006  # the TCP connection was lost; never sent
    UNKNOWN_OPCODE = 4001
    UNDECODABLE = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    SESSION_INVALID = 4006
    SESSION_TIMEOUT = 4009
    SERVER_NOT_FOUND = 4011
    UNKNOWN_PROTOCOL = 4012
    DISCONNECTED = 4014  # kicked, moved, or the main gateway's session ended
    SERVER_CRASHED = 4015  # resume
    UNKNOWN_MODE = 4016
    ENCRYPTION_REQUIRED = 4017
    BAD_REQUEST = 4020
    RATE_LIMITED = 4021
    CALL_TERMINATED = 4022


#: The session no longer exists, and the client cannot identify with the same token.
INVALID: Final = frozenset({Close.SESSION_INVALID, Close.SESSION_TIMEOUT})

#: After these a session cannot resume: its client has left (1000, 1001, and 4014 from discord.py
#: when it moves to another server), or the server has ended it.
FINAL: Final = INVALID | {
    Close.NORMAL,
    Close.GOING_AWAY,
    Close.AUTHENTICATION_FAILED,
    Close.SERVER_NOT_FOUND,
    Close.DISCONNECTED,
    Close.ENCRYPTION_REQUIRED,
    Close.RATE_LIMITED,
    Close.CALL_TERMINATED,
}


class Refused(Exception):
    """The answer to a client's message is to close its websocket with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def integer(data: Any, key: str) -> int:
    """A number or a snowflake from a message's data. Raises Refused if it is not there."""
    try:
        return int(data[key])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(Close.UNDECODABLE) from error
