"""The entry point for voices: every action of members, admins and the operator.

Knows: in which order its parts start and stop. Does not know: any rule. `permissions.py` says who
may use a voice, and each action is in the file of the class that it is inherited from.

Create one object per process. Call `start` once after `SpeechQueue.open`, and `close` once before
`SpeechQueue.close`.
"""

import asyncio
from collections.abc import Collection

import structlog

from engine.store.transaction import Transaction
from engine.voices.blocklist import blocked_in, print_in
from engine.voices.erasure import MemberErasure, PendingRedaction
from engine.voices.moderation import Moderation
from engine.voices.operator_voices import OperatorVoices
from engine.voices.owners import VoiceOwners
from engine.voices.pending_deletions import RETRY_SECONDS
from engine.voices.selection import AmbiguousVoice, Selection, VoiceSelection

__all__ = ["AmbiguousVoice", "PendingRedaction", "VoiceRegistry", "VoiceSelection"]

#: Seconds between two reads of the operator's blocklist.
_POLL_SECONDS = 1.0

log = structlog.get_logger(__name__)


class VoiceRegistry(VoiceOwners, OperatorVoices, Selection, Moderation, MemberErasure):
    _task: asyncio.Task[None] | None = None
    #: The part of the operator's blocklist that is committed.
    _applied: frozenset[str] = frozenset()

    async def start(self) -> None:
        """Finish what a kill interrupted, and follow the operator's blocklist from now on."""
        # This also ends jobs whose voice was withdrawn just before a kill.
        await self._apply_blocklist(await asyncio.to_thread(blocked_in, self._blocklist))
        await self.purge()
        await self._load_attempts()
        self._start_recognizing()
        self._start_adding_fingerprints()
        self._task = asyncio.create_task(self._run(), name="voices")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_recognizing()
        await self._tasks.settle()
        self._changes.close()

    async def _run(self) -> None:
        retry_at = self._clock.monotonic() + RETRY_SECONDS
        while True:
            await self._clock.sleep(_POLL_SECONDS)
            try:
                await self._read_blocklist()
                await self._forget_attempts()
                if self._has_pending and self._clock.monotonic() >= retry_at:
                    await self.purge()
            except Exception:
                # The edge of this task: a full or failing disk, or our bug. The next round may
                # succeed, and blocked recordings stay blocked.
                log.exception("Looking after the voices failed")
            if self._clock.monotonic() >= retry_at:
                retry_at = self._clock.monotonic() + RETRY_SECONDS

    async def _read_blocklist(self) -> None:
        blocked = await asyncio.to_thread(blocked_in, self._blocklist)
        if blocked != self._applied:
            new, released = len(blocked - self._applied), len(self._applied - blocked)
            log.warning("Recordings are barred everywhere", more=new, released=released)
            await self._apply_blocklist(blocked, changed=[""])
            self._start_recognizing()

    async def _apply_blocklist(
        self, blocked: frozenset[str], *, changed: Collection[str] = ()
    ) -> None:
        """Block these recordings, and no others, from now on."""
        with_prints = await asyncio.to_thread(
            lambda: [(each, print_in(self._blocklist, each)) for each in sorted(blocked)]
        )
        self._blocked_references = blocked

        def write(tx: Transaction) -> None:
            self._put_blocked(tx, with_prints)

        await self._act(write, changed=changed)
        self._applied = blocked
