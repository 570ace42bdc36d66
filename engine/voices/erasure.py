"""All that is kept of a member: handed over, or gone for good.

Knows: what is a member's. Does not know: Discord; messages that show their texts are blanked by
whoever follows the rows of `erasures`.
"""

import structlog

from engine.model.jobs import EndReason, Job
from engine.model.voices import Action, Requester
from engine.store.transaction import NOBODY, DeletionKind, PendingRedaction, Transaction
from engine.voices.data_export import DataExport, collect, pack
from engine.voices.pending_deletions import RECORDINGS, TEXTS, PendingDeletions

__all__ = ["MemberErasure", "PendingRedaction"]

log = structlog.get_logger(__name__)


class MemberErasure(PendingDeletions):
    async def export(
        self, member: str, most_bytes: int, *, place: str | None = None
    ) -> list[tuple[str, bytes]]:
        """All that is kept of a member, as zip files of at most so many bytes: name, contents.

        Raises ValueError where a single recording has no room.
        """

        def write(tx: Transaction) -> DataExport:
            self._tell(tx, Requester(member=member, place=place), Action.EXPORT)
            return collect(tx, member)

        return await pack(await self._database.write(write), self._recording_files, most_bytes)

    async def erase(self, member: str, *, place: str | None = None) -> None:
        """Delete all that is kept of a member, from the disk too when this returns; but for what
        an engine that is away holds, which it loses before it speaks again.

        Live jobs end: theirs (ERASED), and those of others in their voices (VOICE_GONE).
        """
        await self._tasks.run_to_completion(self._erase(member, place))

    async def _erase(self, member: str, place: str | None) -> None:
        gone: set[str] = set()

        def write(tx: Transaction) -> None:
            theirs = tx.voices.of_owner(member)
            gone.update(voice.key for voice in theirs)
            wanted = self._speech.wanted_by_others(member)
            tx.deletions.erase_jobs(member, wanted=wanted)
            tx.deletions.erase_traces(member)
            self._remove(tx, theirs)
            tx.deletions.put(DeletionKind.PAGES, [TEXTS, RECORDINGS])
            nobody = Requester(member=NOBODY, place=place)
            self._tell(tx, nobody, Action.ERASE)

        def forget(job: Job) -> bool:
            return job.requester == member or (job.reference is not None and job.voice in gone)

        def ended_by(job: Job) -> EndReason:
            return EndReason.ERASED if job.requester == member else EndReason.VOICE_GONE

        await self._act(write, forget=forget, ended_by=ended_by)
        for key in gone:
            self._news.publish(key)
        await self.purge()
        log.info("A member's data was deleted", voices=len(gone))

    # ---- messages that are to be blanked

    async def erasures(self, member: str | None, *, frontend: str) -> list[PendingRedaction]:
        """Messages of this front end that still show what this member, or (None) any, had deleted;
        oldest first."""
        return await self._database.read(
            lambda tx: tx.deletions.redactions(frontend=frontend, member=member)
        )

    async def erasure_done(self, redaction_id: int) -> None:
        """It is blanked, or gone."""

        def write(tx: Transaction) -> bool:
            last = tx.deletions.redaction_done(redaction_id)
            if last:
                # The rows named their member: what SQLite leaves of them goes as well.
                tx.deletions.put(DeletionKind.PAGES, [TEXTS])
            return last

        if await self._database.write(write):
            await self.purge()

    async def erasure_failed(self, redaction_id: int, why: str) -> None:
        """It is out of reach; `why` is for the member."""
        await self._database.write(lambda tx: tx.deletions.redaction_failed(redaction_id, why))
