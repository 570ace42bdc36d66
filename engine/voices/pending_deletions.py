"""Removes deleted data from the disk, even after a kill or while an engine is away.

Knows: the files of a voice, and which other voices need them.

The transaction that deletes the rows also lists the files that must go. An entry leaves the list
when its file is gone. Every start works through the list again, and the bot tries again while
entries are left.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from engine.base.clock import Clock
from engine.base.error_text import describe
from engine.model.errors import EngineUnavailable, StorageFull
from engine.model.jobs import Job
from engine.model.voices import Voice
from engine.queue import SpeechQueue
from engine.store.transaction import DeletionKind, Transaction
from engine.voices.recording_files import RecordingFiles
from engine.voices.transactions import VoiceTransactions

#: Seconds until a purge that left something is tried again.
RETRY_SECONDS: Final = 10.0
#: Deleted rows that must be overwritten: rows of the queue at once, rows that name recordings when
#: the engine has forgotten the last of these.
TEXTS: Final = "texts"
RECORDINGS: Final = "recordings"

log = structlog.get_logger(__name__)


class PendingDeletions:
    """The only writer of the list. `embeddings`: the folder of what engines made of recordings."""

    def __init__(
        self,
        transactions: VoiceTransactions,
        speech: SpeechQueue,
        recording_files: RecordingFiles,
        embeddings: Path,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._speech = speech
        self._recording_files = recording_files
        self._embeddings = embeddings
        self._clock = clock
        #: Whether something may be left to purge.
        self._is_pending = True
        self._retry_at = clock.monotonic() + RETRY_SECONDS

    # ---- what is listed, in the transaction that deletes the rows

    def delete_rows(self, tx: Transaction, gone: Collection[Voice]) -> None:
        """Delete the rows of these voices, and list their files for deletion."""
        tx.voices.delete(gone)
        self.list_files(tx, gone)

    def list_files(self, tx: Transaction, voices: Collection[Voice]) -> None:
        """List for deletion their audio, and the recordings that no other voice has."""
        self._is_pending = True
        keys = tx.audio.in_voices([voice.key for voice in voices])
        tx.deletions.delete_audio(keys)
        had = {voice.reference for voice in voices}
        alone = had - tx.voices.references(had)
        tx.deletions.put(DeletionKind.REFERENCE, alone)
        tx.deletions.put(DeletionKind.EMBEDDING, alone)

    def list_remains(self, tx: Transaction, *rows: str) -> None:
        """List for overwriting the remains of deleted rows: TEXTS, RECORDINGS."""
        self._is_pending = True
        tx.deletions.put(DeletionKind.PAGES, rows)

    async def delete_voice(
        self, voice: Voice, record: Callable[[Transaction], None] = lambda tx: None
    ) -> None:
        """Delete a voice and its files. `record` writes to the audit log in the same transaction.
        It may raise: nothing is deleted then."""

        def write(tx: Transaction) -> None:
            record(tx)
            self.delete_rows(tx, [voice])

        await self._transactions.act(write, changed=[voice.key], forget=in_voices([voice.key]))
        await self.purge()

    # ---- a recording that is being stored

    @asynccontextmanager
    async def unless_stored(self, reference: str) -> AsyncIterator[None]:
        """List a recording for deletion while its file and its rows are stored: after a kill, the
        next start deletes the file unless a voice has it, and so does an error at once.

        The caller holds `recordings_lock`, and calls `stored` in the transaction of the rows.
        """
        await self._transactions.write(
            lambda tx: tx.deletions.put(DeletionKind.REFERENCE, [reference])
        )
        try:
            yield
        except BaseException:
            self._is_pending = True
            try:
                await self._purge_recording(reference)
            except OSError as error:  # the deletion is committed, so it is tried again
                log.warning("A recording is yet to go", error=describe(error))
            raise

    def stored(self, tx: Transaction, reference: str) -> None:
        tx.deletions.drop(DeletionKind.REFERENCE, [reference])

    # ---- what is deleted

    async def retry(self) -> None:
        """Purge again what was left, at most every `RETRY_SECONDS`."""
        if self._clock.monotonic() >= self._retry_at:
            self._retry_at = self._clock.monotonic() + RETRY_SECONDS
            if self._is_pending:
                await self.purge()

    async def purge(self) -> None:
        """Remove all deleted data from the disk. Entries that need an engine which is away stay
        listed."""
        await self._transactions.run_to_completion(self._purge())

    async def _purge(self) -> None:
        left = await self._transactions.read(lambda tx: tx.deletions.all())
        self._is_pending = any(left.values())
        await self._speech.forget_audio(left[DeletionKind.AUDIO])
        await self._unlist(DeletionKind.AUDIO, left[DeletionKind.AUDIO])
        async with self._transactions.recordings_lock:
            for reference in left[DeletionKind.REFERENCE]:
                await self._purge_recording(reference)
        forgotten = await self._purge_embeddings(left[DeletionKind.EMBEDDING])
        # Last, because the rows of the list itself name deleted data.
        due = [rows for rows in left[DeletionKind.PAGES] if rows == TEXTS or forgotten]
        if due:
            try:
                await self._speech.database.vacuum()
            except StorageFull as error:
                log.error("Deleted rows are yet to be overwritten", error=describe(error))
            else:
                await self._unlist(DeletionKind.PAGES, due)
        left = await self._transactions.read(lambda tx: tx.deletions.all())
        self._is_pending = any(left.values())

    async def _purge_embeddings(self, references: Collection[str]) -> bool:
        """Delete what engines made of these recordings. If another voice has one of them by now,
        the engine makes it again.

        Returns False if an engine is away and has yet to forget one.
        """
        for reference in references:
            await asyncio.to_thread(self._drop_embedding, reference)
        for reference in references:
            try:
                await self._speech.forget_reference(reference)
            except EngineUnavailable as error:
                log.debug("The engine has yet to forget a voice", error=describe(error))
                return False
            await asyncio.to_thread(self._drop_embedding, reference)
            await self._unlist(DeletionKind.EMBEDDING, [reference])
        return True

    async def _purge_recording(self, reference: str) -> None:
        """Delete a recording, unless a voice has it. The caller holds `recordings_lock`, so that no
        new voice gets it meanwhile."""
        if not await self._transactions.read(lambda tx: tx.voices.references([reference])):
            await asyncio.to_thread(self._recording_files.drop, reference)
            await asyncio.to_thread(self._recording_files.drop_converted, reference)
        await self._unlist(DeletionKind.REFERENCE, [reference])

    async def _unlist(self, kind: DeletionKind, keys: Collection[str]) -> None:
        if keys:
            await self._transactions.write(lambda tx: tx.deletions.drop(kind, keys))

    def _drop_embedding(self, reference: str) -> None:
        """Delete what engines made of a recording: `<engine>-<version>/<hash>`. Blocks."""
        for place in self._embeddings.glob(f"*/{reference}*"):
            _delete(place)


def in_voices(keys: Collection[str]) -> Callable[[Job], bool]:
    """Select the jobs in one of these registered voices."""
    return lambda job: job.reference is not None and job.voice in keys


def _delete(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
