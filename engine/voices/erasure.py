"""Exports all stored data of a member, or deletes it permanently.

Knows: which data belongs to a member. Does not know: messages that show the member's texts. A front
end redacts these: `pending_redactions` lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from engine.model.jobs import EndReason, Job
from engine.model.voices import Action, Requester, Voice
from engine.queue import SpeechQueue
from engine.store.transaction import NOBODY, PendingRedaction, Transaction
from engine.voices.data_export import DataExport, collect, pack
from engine.voices.pending_deletions import RECORDINGS, TEXTS, PendingDeletions
from engine.voices.recording_files import RecordingFiles
from engine.voices.transactions import VoiceTransactions

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """The stored data of a member, which they read before they delete it."""

    voices: Sequence[Voice]
    texts: int  # jobs, ended or live
    waiting: int  # of these, live
    choices: int  # of a voice to speak in, by server
    lists: int  # voices of others that are shared with them by name
    messages: int  # that earlier deletions have not yet redacted


@dataclass(frozen=True, slots=True)
class MemberErasure:
    transactions: VoiceTransactions
    deletions: PendingDeletions
    recording_files: RecordingFiles
    speech: SpeechQueue

    async def summary(self, member: str) -> DataSummary:
        """How much data of a member is stored."""

        def count(tx: Transaction) -> DataSummary:
            voices = tx.voices.of_owner(member)
            return DataSummary(voices=voices, **tx.deletions.count_kept(member))

        return await self.transactions.read(count)

    async def export(
        self, member: str, most_bytes: int, *, place: str | None = None
    ) -> list[tuple[str, bytes]]:
        """All stored data of a member as zip files (name, contents) of at most `most_bytes` each.

        Raises ValueError if a single recording is larger.
        """

        def write(tx: Transaction) -> DataExport:
            self.transactions.record(tx, Requester(member=member, place=place), Action.EXPORT)
            return collect(tx, member)

        return await pack(await self.transactions.write(write), self.recording_files, most_bytes)

    async def erase(self, member: str, *, place: str | None = None) -> None:
        """Delete all stored data of a member.

        The data is gone from the disk when this returns. If the engine is away, it deletes what it
        holds before it speaks again. Live jobs of the member end with ERASED, and jobs of others
        in the member's voices with VOICE_GONE.
        """
        await self.transactions.run_to_completion(self._erase(member, place))

    async def _erase(self, member: str, place: str | None) -> None:
        gone: set[str] = set()

        def write(tx: Transaction) -> None:
            theirs = tx.voices.of_owner(member)
            gone.update(voice.key for voice in theirs)
            wanted = self.speech.wanted_by_others(member)
            tx.deletions.erase_jobs(member, wanted=wanted)
            tx.deletions.erase_traces(member)
            self.deletions.delete_rows(tx, theirs)
            self.deletions.list_remains(tx, TEXTS, RECORDINGS)
            nobody = Requester(member=NOBODY, place=place)
            self.transactions.record(tx, nobody, Action.ERASE)

        def forget(job: Job) -> bool:
            return job.requester == member or (job.reference is not None and job.voice in gone)

        def ended_by(job: Job) -> EndReason:
            return EndReason.ERASED if job.requester == member else EndReason.VOICE_GONE

        await self.transactions.act(write, forget=forget, ended_by=ended_by)
        self.transactions.publish(gone)
        await self.deletions.purge()
        log.info("A member's data was deleted", voices=len(gone))

    # ---- messages that a front end must redact

    async def pending_redactions(
        self, member: str | None, *, frontend: str
    ) -> list[PendingRedaction]:
        """Messages of this front end that still show deleted texts of this member, or (None) of
        any member; oldest first."""
        return await self.transactions.read(
            lambda tx: tx.deletions.redactions(frontend=frontend, member=member)
        )

    async def redaction_done(self, redaction_id: int) -> None:
        """Record that the message is redacted, or gone."""

        def write(tx: Transaction) -> bool:
            last = tx.deletions.redaction_done(redaction_id)
            if last:
                # The rows name the member, so their remains in SQLite's free pages must go too.
                self.deletions.list_remains(tx, TEXTS)
            return last

        if await self.transactions.write(write):
            await self.deletions.purge()

    async def redaction_failed(self, redaction_id: int, why: str) -> None:
        """Record that the message is out of reach. The member reads `why`."""
        await self.transactions.write(lambda tx: tx.deletions.redaction_failed(redaction_id, why))
