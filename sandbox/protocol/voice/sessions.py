"""Who may connect to the voice server, and all sessions so far.

Knows: admissions, tokens, which sessions are current. Does not know: websockets or datagrams.
"""

import itertools
import secrets
from collections.abc import Iterator
from typing import Any

from sandbox.protocol.voice.channels import VoiceChannels
from sandbox.protocol.voice.connection import Admission, VoiceConnection
from sandbox.protocol.voice.wire import Close, Refused, integer

User = tuple[int, int]  # guild, user


class Sessions:
    """`history` has all sessions in order; those that are not `over` are current."""

    def __init__(self, channels: VoiceChannels, *, dave: bool) -> None:
        self.history: list[VoiceConnection] = []
        self.by_ssrc: dict[int, VoiceConnection] = {}
        self.by_user: dict[User, VoiceConnection] = {}
        self.refusals: dict[int, Iterator[int]] = {}  # codes by guild, for the next IDENTIFYs
        self.garbled: dict[int, list[str | bytes]] = {}  # by guild, instead of the next READYs
        self.forgotten: dict[int, int] = {}  # by guild, for the next RESUME
        self.muted: set[User] = set()
        self._admissions: dict[User, Admission] = {}
        self._channels = channels
        self._dave = dave
        self._ssrcs = itertools.count(1001)

    def of(self, guild_id: int) -> list[VoiceConnection]:
        return [each for (guild, _), each in self.by_user.items() if guild == guild_id]

    def admit(self, guild_id: int, channel_id: int, user_id: int, session_id: str) -> str:
        token = secrets.token_hex(8)
        self._admissions[guild_id, user_id] = Admission(
            guild_id, channel_id, user_id, session_id, token
        )
        return token

    def withdraw(self, user: User) -> None:
        """The user's token no longer works."""
        self._admissions.pop(user, None)

    def identify(self, data: dict[str, Any], endpoint: str) -> VoiceConnection:
        """Begin a session. The user's earlier one in the guild is over. Raises Refused."""
        guild_id, user_id = integer(data, "server_id"), integer(data, "user_id")
        if (code := next(self.refusals.get(guild_id, iter(())), None)) is not None:
            raise Refused(code)
        user = (guild_id, user_id)
        admission = self._admissions.get(user)
        if admission is None or data.get("session_id") != admission.session_id:
            raise Refused(Close.SESSION_INVALID)
        if data.get("token") != admission.token:
            raise Refused(Close.AUTHENTICATION_FAILED)
        if self._dave and data.get("max_dave_protocol_version", 0) < 1:
            raise Refused(Close.ENCRYPTION_REQUIRED)
        if (earlier := self.by_user.get(user)) is not None:
            self.end(earlier)
        connection = VoiceConnection(admission, next(self._ssrcs), endpoint, dave=self._dave)
        connection.muted = user in self.muted
        self.history.append(connection)
        self.by_user[user] = connection
        self.by_ssrc[connection.ssrc] = connection
        return connection

    def resume(self, data: dict[str, Any]) -> VoiceConnection:
        """The session that the client means. Raises Refused."""
        guild_id = integer(data, "server_id")
        if code := self.forgotten.pop(guild_id, 0):
            raise Refused(code)
        meant = (data.get("session_id"), data.get("token"))
        for connection in self.of(guild_id):
            if meant == (connection.admission.session_id, connection.admission.token):
                return connection
        raise Refused(Close.SESSION_INVALID)

    def end(self, connection: VoiceConnection) -> None:
        """The session can no longer resume, and its datagrams are ignored."""
        if connection.over:
            return
        connection.over = True
        del self.by_user[connection.guild_id, connection.user_id]
        del self.by_ssrc[connection.ssrc]
        self._channels.leave(connection)
