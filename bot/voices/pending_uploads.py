"""Uploads that wait for their member to answer: for a name, then for consent.

This file knows how many may wait, whose they are and when they lapse. It does not know Discord's
messages, nor sound. Everything is in memory, because nothing is kept before the member agrees.
"""

import secrets
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.voices.download import Recording
from engine.model.errors import Busy
from engine.model.voices import Scope

LAPSE_SECONDS: Final = 600.0
#: Of all members together; a member has one.
MOST_PENDING: Final = 200

BUSY: Final = "Many members are giving me voices just now. Try again in a few minutes."


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingUpload:
    """`interaction` is the one whose answer has the button, if there is an answer to rewrite."""

    token: str = field(repr=False)
    member: str
    recording: Recording
    name: str
    scope: Scope
    lapses_at: float  # the clock's monotonic seconds
    interaction: discord.Interaction | None


class PendingUploads:
    """`now` is always the clock's monotonic time, in seconds."""

    def __init__(self) -> None:
        self._by_token: dict[str, PendingUpload] = {}
        self._of_member: dict[str, str] = {}

    def add(
        self,
        now: float,
        *,
        member: str,
        recording: Recording,
        name: str,
        scope: Scope,
        interaction: discord.Interaction | None,
    ) -> tuple[PendingUpload, PendingUpload | None]:
        """The new one, and the one of the same member that it replaces. Raises Busy."""
        for each in [one for one in self._by_token.values() if one.lapses_at <= now]:
            self.take(each.token)
        if len(self._by_token) >= MOST_PENDING and member not in self._of_member:
            raise Busy("too many uploads wait for consent", user_message=BUSY)
        replaced = self.of(member)
        if replaced is not None:
            self.take(replaced.token)
        pending = PendingUpload(
            token=secrets.token_urlsafe(16),
            member=member,
            recording=recording,
            name=name,
            scope=scope,
            lapses_at=now + LAPSE_SECONDS,
            interaction=interaction,
        )
        self._by_token[pending.token] = pending
        self._of_member[member] = pending.token
        return pending, replaced

    def get(self, now: float, token: str, member: str) -> PendingUpload | None:
        """The upload with this token, if it is this member's and has not lapsed."""
        pending = self._by_token.get(token)
        if pending is None or pending.member != member or pending.lapses_at <= now:
            return None
        return pending

    def of(self, member: str) -> PendingUpload | None:
        """The upload of this member, lapsed or not."""
        return self._by_token.get(self._of_member.get(member, ""))

    def take(self, token: str) -> PendingUpload | None:
        """The upload, which no longer waits; None if it did not wait any more."""
        pending = self._by_token.pop(token, None)
        if pending is not None and self._of_member.get(pending.member) == token:
            del self._of_member[pending.member]
        return pending
