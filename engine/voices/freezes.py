"""Which voices each freeze covers: a recording is recognized by its sound.

Knows: when fingerprints are compared (for a new voice, for a new freeze, when the operator blocks a
recording), and how no recording slips through in between. Does not know: how they are compared
(`analysis_process.py`), what a freeze means (`permissions.py`).

The results are rows, which every `VoicePolicy` reads. One transaction commits a voice and the rows
of the freezes that cover it. A freeze holds at once for the voice and for the same bytes. A
comparison right after it finds the other voices of the same recording; after a kill, the next start
makes that comparison.

    a new voice     with `_files`: compare with all freezes, then commit voice and rows
    a new freeze    commit it; then with `_files`: compare with all voices, commit rows

The lock `_files` keeps the two apart: a freeze that is committed while a voice is compared finds
that voice in its own comparison.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

import structlog

from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.base.settings import Settings
from engine.model.errors import BadRecording
from engine.model.voices import OPERATOR
from engine.queue import SpeechQueue
from engine.store.transaction import EVERYWHERE, Frozen, Transaction
from engine.voices import analysis_process, blocklist
from engine.voices.transactions import VoiceTransactions

#: Seconds that a freeze waits for its comparison, so that the admin learns of all ended jobs.
SOON: Final = 1.5
#: Seconds until a comparison that failed is tried again.
_RETRY_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class Freezes(VoiceTransactions):
    def __init__(self, settings: Settings, speech: SpeechQueue, clock: Clock) -> None:
        super().__init__(settings, speech, clock)
        self._running: set[asyncio.Task[None]] = set()
        #: Recordings that gave no fingerprint. The next start tries again.
        self._unreadable: set[str] = set()

    async def _recognize(self, fingerprint: bytes) -> list[Frozen]:
        """The freezes that cover a recording. The caller holds `_files`.

        Raises NotAnalyzed if the comparison fails: the caller must not accept the recording then.
        """
        if not fingerprint:
            return []
        frozen = await self._database.read(lambda tx: tx.freezes.all(printed=True))
        frozen = [each for each in frozen if each.print]
        try:
            found = await analysis_process.same_recordings(
                fingerprint, [each.print or b"" for each in frozen], first_is="kept"
            )
        except (TimeoutError, analysis_process.Ended, OSError) as error:
            log.error("A recording could not be compared with frozen ones", error=describe(error))
            raise analysis_process.our_fault(describe(error)) from error
        return [frozen[place] for place in found]

    # ---- the operator's blocklist

    def _put_blocked(self, tx: Transaction, blocked: Collection[tuple[str, bytes]]) -> None:
        """Make the rows match the operator's blocklist: recordings, with known fingerprints."""
        tx.freezes.keep_only(EVERYWHERE, [reference for reference, _ in blocked])
        for reference, known in blocked:
            fingerprint = known or tx.freezes.print_by_reference(reference) or None
            tx.freezes.put(EVERYWHERE, reference=reference, owner=OPERATOR, made=fingerprint)

    # ---- comparisons after a freeze

    def _start_recognizing(self) -> "asyncio.Task[None]":
        """Start to find the older voices that have a frozen recording."""
        return self._start_task(self._compare)

    async def _recognize_and_wait(self) -> None:
        """Start the comparison, and wait for it at most `SOON` seconds."""
        await asyncio.wait({self._start_recognizing()}, timeout=SOON)

    def _start_adding_fingerprints(self) -> None:
        """Start to compute the fingerprints that voices of older versions lack."""
        self._start_task(self._add_fingerprints)

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

        task = asyncio.create_task(run(), name="recognizing")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _stop_recognizing(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _compare(self) -> None:
        for frozen in await self._database.read(lambda tx: tx.freezes.all(printed=False)):
            await self._add_freeze_fingerprint(frozen)
        for frozen in await self._database.read(lambda tx: tx.freezes.yet_to_compare()):
            if frozen.place == EVERYWHERE and frozen.print:
                await asyncio.to_thread(
                    blocklist.add_print, self._blocklist, frozen.reference, frozen.print
                )
            async with self._files:
                await self._compare_with_voices(frozen)

    async def _compare_with_voices(self, frozen: Frozen) -> None:
        fingerprints = await self._database.read(lambda tx: tx.freezes.prints_beside(frozen.id))
        ids = list(fingerprints)
        places = await analysis_process.same_recordings(
            frozen.print or b"", [fingerprints[each] for each in ids], first_is="whole"
        )
        found = [ids[place] for place in places]

        def write(tx: Transaction) -> None:
            tx.freezes.put_under(frozen.id, found)
            tx.freezes.set_compared(frozen.id)

        await self._act(write, changed=[""] if found else [])
        if found:
            log.info(
                "Voices were recognized as a frozen recording",
                reference=frozen.reference,
                voices=[f"@{each}" for each in found],
            )

    # ---- missing fingerprints

    async def _add_fingerprints(self) -> None:
        for voice_id, reference in await self._database.read(lambda tx: tx.freezes.without_print()):
            fingerprint = await self._fingerprint_of(reference)
            if fingerprint is not None:
                await self._add_fingerprint(voice_id, fingerprint)

    async def _add_fingerprint(self, voice_id: int, fingerprint: bytes) -> None:
        async with self._files:
            found = await self._recognize(fingerprint)

            def write(tx: Transaction) -> None:
                tx.freezes.put_print(voice_id, fingerprint)
                for frozen in found:
                    tx.freezes.put_under(frozen.id, [voice_id])

            await self._act(write, changed=[""] if found else [])

    async def _add_freeze_fingerprint(self, frozen: Frozen) -> None:
        reference = frozen.reference
        known = await self._database.read(lambda tx: tx.freezes.print_by_reference(reference))
        fingerprint = known or await self._fingerprint_of(reference)
        if not fingerprint:
            return  # without the recording, only the same bytes are recognized
        await self._database.write(lambda tx: tx.freezes.set_print(frozen.id, fingerprint))

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
