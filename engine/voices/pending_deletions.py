"""Removes deleted data from the disk, even after a kill or while an engine is away.

Knows: the files of a voice, and which other voices need them.

The transaction that deletes the rows also lists the files that must go. An entry leaves the list
when its file is gone. Every start works through the list again, and the bot tries again while
entries are left.
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

#: Seconds until a purge that left something is tried again.
RETRY_SECONDS: Final = 10.0
#: Deleted rows that must be overwritten: rows of the queue at once, rows that name recordings when
#: the engine has forgotten the last of these.
TEXTS: Final = "texts"
RECORDINGS: Final = "recordings"

log = structlog.get_logger(__name__)


class PendingDeletions(VoiceTransactions):
    #: Whether something may be left to purge.
    _has_pending = True

    async def purge(self) -> None:
        """Remove all deleted data from the disk. Entries that need an engine which is away stay
        listed."""
        await self._tasks.run_to_completion(self._purge())

    async def _purge(self) -> None:
        left = await self._database.read(lambda tx: tx.deletions.all())
        self._has_pending = any(left.values())
        await self._speech.forget_audio(left[DeletionKind.AUDIO])
        await self._unlist(DeletionKind.AUDIO, left[DeletionKind.AUDIO])
        async with self._files:
            for reference in left[DeletionKind.REFERENCE]:
                await self._purge_reference(reference)
        forgotten = await self._purge_states(left[DeletionKind.STATE])
        # Last, because the rows of the list itself name deleted data.
        due = [rows for rows in left[DeletionKind.PAGES] if rows == TEXTS or forgotten]
        if due:
            try:
                await self._database.vacuum()
            except StorageFull as error:
                log.error("Deleted rows are yet to be overwritten", error=describe(error))
            else:
                await self._unlist(DeletionKind.PAGES, due)
        self._has_pending = any((await self._database.read(lambda tx: tx.deletions.all())).values())

    async def _purge_states(self, references: Collection[str]) -> bool:
        """Delete what engines made of these recordings. If another voice has one of them by now,
        the engine makes it again.

        Returns False if an engine is away and has yet to forget one.
        """
        for reference in references:
            await asyncio.to_thread(self._drop_state, reference)
        for reference in references:
            try:
                await self._speech.forget_reference(reference)
            except EngineUnavailable as error:
                log.debug("The engine has yet to forget a voice", error=describe(error))
                return False
            await asyncio.to_thread(self._drop_state, reference)
            await self._unlist(DeletionKind.STATE, [reference])
        return True

    async def _purge_reference(self, reference: str) -> None:
        """Delete a recording, unless a voice has it. The caller holds `_files`, so that no new
        voice gets it meanwhile."""
        if not await self._database.read(lambda tx: tx.voices.references([reference])):
            await asyncio.to_thread(self._recording_files.drop, reference)
            await asyncio.to_thread(self._recording_files.drop_converted, reference)
        await self._unlist(DeletionKind.REFERENCE, [reference])

    async def _unlist(self, kind: DeletionKind, keys: Collection[str]) -> None:
        if keys:
            await self._database.write(lambda tx: tx.deletions.drop(kind, keys))

    def _remove(self, tx: Transaction, gone: Collection[Voice]) -> None:
        """Delete the rows of these voices, and list their files for deletion."""
        tx.voices.delete(gone)
        self._list_for_deletion(tx, gone)

    def _list_for_deletion(self, tx: Transaction, voices: Collection[Voice]) -> None:
        """List for deletion their audio, and the recordings that no other voice has."""
        self._has_pending = True
        keys = tx.audio.in_voices([voice.key for voice in voices])
        tx.deletions.delete_audio(keys)
        had = {voice.reference for voice in voices}
        alone = had - tx.voices.references(had)
        tx.deletions.put(DeletionKind.REFERENCE, alone)
        tx.deletions.put(DeletionKind.STATE, alone)

    def _drop_state(self, reference: str) -> None:
        """Delete what engines made of a recording: `conditionals/<engine>-<version>/<hash>`.
        Blocks."""
        for place in self._states.glob(f"*/{reference}*"):
            _delete(place)


def in_voices(keys: Collection[str]) -> Callable[[Job], bool]:
    """Select the jobs in one of these registered voices."""
    return lambda job: job.reference is not None and job.voice in keys


def _delete(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
