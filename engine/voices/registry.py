"""The front door of voices: every act of members, admins and the operator. One object a process.

Knows: in which order its parts start and stop. Does not know: any rule; who may use a voice is in
`permissions.py`, each act in the file that it is inherited from.

`start` after `Speech.open`, `close` before `Speech.close`, once each.
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

#: Seconds between two looks at what the operator has barred.
_LOOK_SECONDS = 1.0

log = structlog.get_logger(__name__)


class VoiceRegistry(VoiceOwners, OperatorVoices, Selection, Moderation, MemberErasure):
    _task: asyncio.Task[None] | None = None
    #: Of what the operator has barred, that which is committed.
    _mirrored: frozenset[str] = frozenset()

    async def start(self) -> None:
        """Set right what a kill left halfway, and follow what the operator bars."""
        # With the jobs whose voice was taken away, and which a kill kept from ending.
        await self._follow(await asyncio.to_thread(blocked_in, self._frozen))
        await self.purge()
        await self._load_attempts()
        self._recognize_soon()
        self._print_old_voices()
        self._task = asyncio.create_task(self._run(), name="voices")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_recognizing()
        await self._tasks.settle()
        self._news.close()

    async def _run(self) -> None:
        retry_at = self._clock.monotonic() + RETRY_SECONDS
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            try:
                await self._look()
                await self._forget_attempts()
                if self._owing and self._clock.monotonic() >= retry_at:
                    await self.purge()
            except Exception:
                # The edge of this task: a full or failing disk, a fault of ours. The next look may
                # do better, and what is barred stays so.
                log.exception("Looking after the voices failed")
            if self._clock.monotonic() >= retry_at:
                retry_at = self._clock.monotonic() + RETRY_SECONDS

    async def _look(self) -> None:
        barred = await asyncio.to_thread(blocked_in, self._frozen)
        if barred != self._mirrored:
            new, released = len(barred - self._mirrored), len(self._mirrored - barred)
            log.warning("Recordings are barred everywhere", more=new, released=released)
            await self._follow(barred, tell=[""])
            self._recognize_soon()

    async def _follow(self, barred: frozenset[str], *, tell: Collection[str] = ()) -> None:
        """Bar these recordings, and no others, from now on."""
        blocked = await asyncio.to_thread(
            lambda: [(each, print_in(self._frozen, each)) for each in sorted(barred)]
        )
        self._barred = barred

        def write(tx: Transaction) -> None:
            self._mirror(tx, blocked)

        await self._act(write, tell=tell)
        self._mirrored = barred
