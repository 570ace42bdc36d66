"""Which voices fall under which freeze: a recording is recognized by its sound.

Knows: when fingerprints are compared (a voice comes, a freeze comes, the operator blocks a
recording), and that none may slip through in between. Does not know: how they are compared
(`analysis_process.py`), what a freeze means (`permissions.py`).

What is found is kept in rows, which every judgement reads. A voice and the freezes that it falls
under are committed together. A freeze holds at once for the voice and for the same bytes; which
other voices are the same recording is found right after it, and at the next start where a kill
came between.

    a voice comes    with `_files`: compare with all freezes, then commit voice and rows
    a freeze comes   commit it; then with `_files`: compare with all voices, commit rows

`_files` keeps the two apart: a freeze that is committed while a voice is compared finds that voice
in its own comparison.
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

#: Seconds that a freeze waits for what it finds, so that an admin is told of all that it ended.
SOON: Final = 1.5
#: Seconds until a comparison that failed is tried again.
_RETRY_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class Freezes(VoiceTransactions):
    def __init__(self, settings: Settings, speech: SpeechQueue, clock: Clock) -> None:
        super().__init__(settings, speech, clock)
        self._at_work: set[asyncio.Task[None]] = set()
        #: Recordings that gave no fingerprint; tried again at the next start.
        self._unreadable: set[str] = set()

    async def _recognize(self, made: bytes) -> list[Frozen]:
        """The freezes under which a recording falls. To be called with `_files`.

        Raises NotExamined: what cannot be compared does not come in.
        """
        if not made:
            return []
        frozen = await self._database.read(lambda tx: tx.freezes.all(printed=True))
        frozen = [each for each in frozen if each.print]
        try:
            found = await analysis_process.same_recordings(
                made, [each.print or b"" for each in frozen], first_is="kept"
            )
        except (TimeoutError, analysis_process.Ended, OSError) as error:
            log.error("A recording could not be compared with frozen ones", error=describe(error))
            raise analysis_process.our_fault(describe(error)) from error
        return [frozen[place] for place in found]

    # ---- the operator's blocklist

    def _mirror(self, tx: Transaction, blocked: Collection[tuple[str, bytes]]) -> None:
        """Have the rows be as the operator's folder is: recordings, with prints where known."""
        tx.freezes.keep_only(EVERYWHERE, [reference for reference, _ in blocked])
        for reference, made in blocked:
            made = made or tx.freezes.print_by_reference(reference) or b""
            tx.freezes.put(EVERYWHERE, reference=reference, owner=OPERATOR, made=made or None)

    # ---- what is found afterwards

    def _recognize_soon(self) -> "asyncio.Task[None]":
        """Find which voices are a recording that was frozen after they came."""
        return self._in_the_background(self._compare)

    async def _recognized_soon(self) -> None:
        """The same, and wait for it as long as a member waits for an answer."""
        await asyncio.wait({self._recognize_soon()}, timeout=SOON)

    def _print_old_voices(self) -> None:
        """Compute the fingerprints of voices from before there were any."""
        self._in_the_background(self._fill_in_voices)

    def _in_the_background(self, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        async def run() -> None:
            while True:
                try:
                    await work()
                except Exception:
                    # The edge of this task: a process was killed, the disk is full, a fault of
                    # ours. What is frozen stays so; what is left to do stays written down.
                    log.exception("Recordings could not be compared; it is tried again")
                    await self._clock.sleep(_RETRY_SECONDS)
                else:
                    return

        task = asyncio.create_task(run(), name="recognizing")
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        return task

    async def _stop_recognizing(self) -> None:
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _compare(self) -> None:
        for frozen in await self._database.read(lambda tx: tx.freezes.all(printed=False)):
            await self._fill_in_freeze(frozen)
        for frozen in await self._database.read(lambda tx: tx.freezes.yet_to_compare()):
            if frozen.place == EVERYWHERE and frozen.print:
                await asyncio.to_thread(
                    blocklist.add_print, self._frozen, frozen.reference, frozen.print
                )
            async with self._files:
                await self._compare_with_voices(frozen)

    async def _compare_with_voices(self, frozen: Frozen) -> None:
        beside = await self._database.read(
            lambda tx: tx.freezes.prints_beside(frozen.id),
        )
        ids = list(beside)
        places = await analysis_process.same_recordings(
            frozen.print or b"", [beside[each] for each in ids], first_is="whole"
        )
        found = [ids[place] for place in places]

        def write(tx: Transaction) -> None:
            tx.freezes.put_under(frozen.id, found)
            tx.freezes.set_compared(frozen.id)

        await self._act(write, tell=[""] if found else [])
        if found:
            log.info(
                "Voices were recognized as a frozen recording",
                reference=frozen.reference,
                voices=[f"@{each}" for each in found],
            )

    # ---- fingerprints that are missing

    async def _fill_in_voices(self) -> None:
        for voice_id, reference in await self._database.read(lambda tx: tx.freezes.without_print()):
            made = await self._print_of(reference)
            if made is not None:
                await self._fill_in_voice(voice_id, made)

    async def _fill_in_voice(self, voice_id: int, made: bytes) -> None:
        async with self._files:
            found = await self._recognize(made)

            def write(tx: Transaction) -> None:
                tx.freezes.put_print(voice_id, made)
                for frozen in found:
                    tx.freezes.put_under(frozen.id, [voice_id])

            await self._act(write, tell=[""] if found else [])

    async def _fill_in_freeze(self, frozen: Frozen) -> None:
        made = await self._database.read(lambda tx: tx.freezes.print_by_reference(frozen.reference))
        made = made or await self._print_of(frozen.reference)
        if not made:
            return  # known by its bytes alone, as long as nobody has the recording
        await self._database.write(lambda tx: tx.freezes.set_print(frozen.id, made))

    async def _print_of(self, reference: str) -> bytes | None:
        """None where the recording is away, or cannot be read."""
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
