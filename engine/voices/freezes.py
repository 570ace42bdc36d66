"""Which voices each freeze covers: a recording is recognized by its sound.

Knows: when fingerprints are compared (for a new voice, for a new freeze, when the operator blocks a
recording), and how no recording slips through in between. Does not know: how they are compared
(`analysis_process.py`), what a freeze means (`permissions.py`).

The results are rows, which every `VoicePolicy` reads. One transaction commits a voice and the rows
of the freezes that cover it. A freeze holds at once for the voice and for the same bytes. A
comparison right after it finds the other voices of the same recording; after a kill, the next start
makes that comparison.

    a new voice     with the lock: compare with all freezes, then commit voice and rows
    a new freeze    commit it; then with the lock: compare with all voices, commit rows

The lock (`VoiceTransactions.recordings_lock`) keeps the two apart: a freeze that is committed while
a voice is compared finds that voice in its own comparison.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Final

import structlog

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.errors import BadRecording
from engine.model.voices import OPERATOR
from engine.store.transaction import EVERYWHERE, Frozen, Transaction
from engine.voices import analysis_process, blocklist
from engine.voices.recording_files import RecordingFiles
from engine.voices.transactions import VoiceTransactions

#: Seconds that a freeze waits for its comparison, so that the admin learns of all ended jobs.
SOON: Final = 1.5
#: Seconds until a comparison that failed is tried again.
_RETRY_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class Freezes:
    """`blocklist_folder`: that of the operator's blocklist (`blocklist.py`)."""

    def __init__(
        self,
        transactions: VoiceTransactions,
        recording_files: RecordingFiles,
        blocklist_folder: Path,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._recording_files = recording_files
        self._folder = blocklist_folder
        self._clock = clock
        self._tasks = TaskSet()
        #: The part of the operator's blocklist that is committed.
        self._applied: frozenset[str] = frozenset()
        #: Recordings that gave no fingerprint. The next start tries again.
        self._unreadable: set[str] = set()

    def start(self) -> None:
        """Make the comparisons that a kill has left, and the fingerprints that voices of older
        versions lack. Call `read_blocklist` before."""
        self._compare_soon()
        self._start_task(self._add_fingerprints)

    async def close(self) -> None:
        await self._tasks.cancel()

    async def recognize(self, fingerprint: bytes) -> list[Frozen]:
        """The freezes that cover a recording. The caller holds `recordings_lock`.

        Raises NotAnalyzed if the comparison fails: the caller must not accept the recording then.
        """
        if not fingerprint:
            return []
        frozen = await self._transactions.read(lambda tx: tx.freezes.all(printed=True))
        frozen = [each for each in frozen if each.print]
        try:
            found = await analysis_process.same_recordings(
                fingerprint, [each.print or b"" for each in frozen], first_is="kept"
            )
        except (TimeoutError, analysis_process.Ended, OSError) as error:
            log.error("A recording could not be compared with frozen ones", error=describe(error))
            raise analysis_process.our_fault(describe(error)) from error
        return [frozen[place] for place in found]

    async def find_older(self) -> None:
        """After a freeze: find the older voices of that recording. Returns after `SOON` seconds at
        the latest; the comparison goes on."""
        await asyncio.wait({self._compare_soon()}, timeout=SOON)

    # ---- the operator's blocklist

    async def follow_blocklist(self) -> None:
        """Apply the blocklist if it has changed."""
        blocked = await asyncio.to_thread(blocklist.blocked_in, self._folder)
        if blocked != self._applied:
            new, released = len(blocked - self._applied), len(self._applied - blocked)
            log.warning("The operator's blocklist has changed", blocked=new, released=released)
            await self._apply(blocked, changed=[""])
            self._compare_soon()

    async def read_blocklist(self) -> None:
        """Apply the blocklist at the start. This also ends jobs that may not be spoken."""
        await self._apply(await asyncio.to_thread(blocklist.blocked_in, self._folder))

    async def _apply(self, blocked: frozenset[str], *, changed: Collection[str] = ()) -> None:
        """Block these recordings, and no others, from now on."""
        fingerprints = await asyncio.to_thread(
            lambda: {each: blocklist.print_in(self._folder, each) for each in sorted(blocked)}
        )
        self._transactions.block_references(blocked)

        def write(tx: Transaction) -> None:
            tx.freezes.keep_only(EVERYWHERE, list(fingerprints))
            for reference, known in fingerprints.items():
                made = known or tx.freezes.print_by_reference(reference) or None
                tx.freezes.put(EVERYWHERE, reference=reference, owner=OPERATOR, made=made)

        await self._transactions.act(write, changed=changed)
        self._applied = blocked

    # ---- comparisons after a freeze

    def _compare_soon(self) -> "asyncio.Task[None]":
        """Start to find the older voices that have a frozen recording."""
        return self._start_task(self._compare)

    def _start_task(self, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        async def run() -> None:
            while True:
                try:
                    await work()
                except Exception:
                    # The edge of this task: a process was killed, the disk is full, or our bug.
                    # Freezes still hold, and the rows still say which comparisons are left.
                    log.exception("Recordings could not be compared; it is tried again")
                    await self._clock.sleep(_RETRY_SECONDS)
                else:
                    return

        return self._tasks.start(run(), name="comparison of recordings")

    async def _compare(self) -> None:
        for frozen in await self._transactions.read(lambda tx: tx.freezes.all(printed=False)):
            await self._add_freeze_fingerprint(frozen)
        for frozen in await self._transactions.read(lambda tx: tx.freezes.yet_to_compare()):
            if frozen.place == EVERYWHERE and frozen.print:
                await asyncio.to_thread(
                    blocklist.add_print, self._folder, frozen.reference, frozen.print
                )
            async with self._transactions.recordings_lock:
                await self._compare_with_voices(frozen)

    async def _compare_with_voices(self, frozen: Frozen) -> None:
        fingerprints = await self._transactions.read(lambda tx: tx.freezes.prints_beside(frozen.id))
        ids = list(fingerprints)
        places = await analysis_process.same_recordings(
            frozen.print or b"", [fingerprints[each] for each in ids], first_is="whole"
        )
        found = [ids[place] for place in places]

        def write(tx: Transaction) -> None:
            tx.freezes.put_under(frozen.id, found)
            tx.freezes.set_compared(frozen.id)

        await self._transactions.act(write, changed=[""] if found else [])
        if found:
            log.info(
                "Voices were recognized as a frozen recording",
                reference=frozen.reference,
                voices=[f"@{each}" for each in found],
            )

    # ---- missing fingerprints

    async def _add_fingerprints(self) -> None:
        for voice_id, reference in await self._transactions.read(
            lambda tx: tx.freezes.without_print()
        ):
            fingerprint = await self._fingerprint_of(reference)
            if fingerprint is not None:
                await self._add_fingerprint(voice_id, fingerprint)

    async def _add_fingerprint(self, voice_id: int, fingerprint: bytes) -> None:
        async with self._transactions.recordings_lock:
            found = await self.recognize(fingerprint)

            def write(tx: Transaction) -> None:
                tx.freezes.put_print(voice_id, fingerprint)
                for frozen in found:
                    tx.freezes.put_under(frozen.id, [voice_id])

            await self._transactions.act(write, changed=[""] if found else [])

    async def _add_freeze_fingerprint(self, frozen: Frozen) -> None:
        reference = frozen.reference
        known = await self._transactions.read(lambda tx: tx.freezes.print_by_reference(reference))
        fingerprint = known or await self._fingerprint_of(reference)
        if not fingerprint:
            return  # without the recording, only the same bytes are recognized
        await self._transactions.write(lambda tx: tx.freezes.set_print(frozen.id, fingerprint))

    async def _fingerprint_of(self, reference: str) -> bytes | None:
        """The fingerprint of a stored recording; None if the file is missing or cannot be read."""
        if reference in self._unreadable:
            return None
        place = await asyncio.to_thread(self._recording_files.path, reference)
        if place is None:
            return None
        try:
            return await analysis_process.fingerprint_of(place)
        except BadRecording as error:
            self._unreadable.add(reference)
            log.warning(
                "A kept recording gave no fingerprint", reference=reference, error=describe(error)
            )
            return None
