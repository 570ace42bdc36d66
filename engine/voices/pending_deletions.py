"""What is deleted goes from the disk, also when a kill or an engine that is away comes between.

Knows: the files of a voice, and who else may need one. Does not know: why they go.

What is to go is written down in the transaction that takes the rows away; it is struck out when it
is gone. So it is gone over again at every start, and while something is left.
"""

import asyncio
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import structlog

from engine.base.error_text import describe
from engine.model.errors import EngineUnavailable, StorageFull
from engine.model.jobs import Job
from engine.model.voices import Voice
from engine.store.transaction import DeletionKind, Transaction
from engine.voices.transactions import VoiceTransactions

#: Seconds until what could not be purged is tried again.
RETRY_SECONDS: Final = 10.0
#: The deleted rows that are to be overwritten: those of the queue at once; those that name
#: recordings when the last of them is forgotten.
TEXTS: Final = "texts"
RECORDINGS: Final = "recordings"

log = structlog.get_logger(__name__)


class PendingDeletions(VoiceTransactions):
    #: Something is left to purge, or may be.
    _owing = True

    async def purge(self) -> None:
        """Have all that was deleted gone from the disk. What belongs to an engine that is away
        stays written down."""
        await self._tasks.run_to_completion(self._purge())

    async def _purge(self) -> None:
        left = await self._database.read(lambda tx: tx.deletions.all())
        self._owing = any(left.values())
        await self._speech.forget_audio(left[DeletionKind.AUDIO])
        await self._struck(DeletionKind.AUDIO, left[DeletionKind.AUDIO])
        async with self._files:
            for reference in left[DeletionKind.REFERENCE]:
                await self._purge_reference(reference)
        forgotten = await self._purge_states(left[DeletionKind.STATE])
        # Last, for the rows that were struck hold what was erased, too.
        due = [rows for rows in left[DeletionKind.PAGES] if rows == TEXTS or forgotten]
        if due:
            try:
                await self._database.vacuum()
            except StorageFull as error:
                log.error("Deleted rows are yet to be overwritten", error=describe(error))
            else:
                await self._struck(DeletionKind.PAGES, due)
        self._owing = any((await self._database.read(lambda tx: tx.deletions.all())).values())

    async def _purge_states(self, references: Collection[str]) -> bool:
        """Where another voice has the same recording by now, its state is made again. False where
        an engine is away, and has yet to forget."""
        for reference in references:
            await asyncio.to_thread(self._drop_state, reference)
        for reference in references:
            try:
                await self._speech.forget_reference(reference)
            except EngineUnavailable as error:
                log.debug("The engine has yet to forget a voice", error=describe(error))
                return False
            await asyncio.to_thread(self._drop_state, reference)
            await self._struck(DeletionKind.STATE, [reference])
        return True

    async def _purge_reference(self, reference: str) -> None:
        """Unless a voice has it. To be called with `_files`, so that none comes to have it."""
        if not await self._database.read(lambda tx: tx.voices.references([reference])):
            await asyncio.to_thread(self._recording_files.drop, reference)
            await asyncio.to_thread(self._recording_files.drop_converted, reference)
        await self._struck(DeletionKind.REFERENCE, [reference])

    async def _struck(self, kind: DeletionKind, keys: Collection[str]) -> None:
        if keys:
            await self._database.write(lambda tx: tx.deletions.drop(kind, keys))

    def _remove(self, tx: Transaction, gone: Collection[Voice]) -> None:
        """Take these voices out of the rows; all of them that is on disk is to go."""
        tx.voices.delete(gone)
        self._let_go(tx, gone)

    def _let_go(self, tx: Transaction, voices: Collection[Voice]) -> None:
        """Their audio is to go, and of their recordings what no other voice has."""
        self._owing = True
        keys = tx.audio.in_voices([voice.key for voice in voices])
        tx.deletions.delete_audio(keys)
        had = {voice.reference for voice in voices}
        alone = had - tx.voices.references(had)
        tx.deletions.put(DeletionKind.REFERENCE, alone)
        tx.deletions.put(DeletionKind.STATE, alone)

    def _drop_state(self, reference: str) -> None:
        """What engines made of a recording: `conditionals/<engine>-<version>/<hash>`. Blocks."""
        for place in self._states.glob(f"*/{reference}*"):
            _delete(place)


def in_voices(keys: Collection[str]) -> Callable[[Job], bool]:
    """Jobs that are to be spoken in one of these registered voices."""
    return lambda job: job.reference is not None and job.voice in keys


def _delete(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
