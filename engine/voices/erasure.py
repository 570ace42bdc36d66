"""All that is kept of a member: handed over, or gone for good.

Knows: what is a member's. Does not know: Discord; messages that show their texts are blanked by
whoever follows the rows of `erasures`.
"""

import structlog
from sqlalchemy import Connection

from engine.model.jobs import EndReason, Job
from engine.model.voices import Action, Requester
from engine.store import deletions as erasure_queries
from engine.store import voices as voice_queries
from engine.store.deletions import Erasure, PurgeKind
from engine.voices.data_export import DataExport, collect, pack
from engine.voices.pending_deletions import RECORDINGS, TEXTS, PendingDeletions

__all__ = ["Erasure", "MemberErasure"]

log = structlog.get_logger(__name__)


class MemberErasure(PendingDeletions):
    async def export(
        self, member: str, most_bytes: int, *, lane: str | None = None
    ) -> list[tuple[str, bytes]]:
        """All that is kept of a member, as zip files of at most so many bytes: name, contents.

        Raises ValueError where a single recording has no room.
        """

        def write(connection: Connection) -> DataExport:
            self._tell(connection, Requester(member=member, lane=lane), Action.EXPORT)
            return collect(connection, member)

        return await pack(await self._database.write(write), self._recording_files, most_bytes)

    async def erase(self, member: str, *, lane: str | None = None) -> None:
        """Delete all that is kept of a member, from the disk too when this returns; but for what
        an engine that is away holds, which it loses before it speaks again.

        Live jobs end: theirs (ERASED), and those of others in their voices (VOICE_GONE).
        """
        await self._tasks.run_to_completion(self._erase(member, lane))

    async def _erase(self, member: str, lane: str | None) -> None:
        gone: set[str] = set()

        def write(connection: Connection) -> None:
            theirs = voice_queries.of_owner(connection, member)
            gone.update(voice.key for voice in theirs)
            wanted = self._speech.wanted_by_others(member)
            erasure_queries.erase_jobs(connection, member, wanted=wanted)
            erasure_queries.erase_traces(connection, member)
            self._remove(connection, theirs)
            erasure_queries.put_purges(connection, PurgeKind.PAGES, [TEXTS, RECORDINGS])
            nobody = Requester(member=erasure_queries.NOBODY, lane=lane)
            self._tell(connection, nobody, Action.ERASE)

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

    async def erasures(self, member: str | None) -> list[Erasure]:
        """Messages that still show what this member, or (None) any, had deleted; oldest first."""
        return await self._database.read(lambda c: erasure_queries.erasures_left(c, member))

    async def erasure_done(self, erasure_id: int) -> None:
        """It is blanked, or gone."""

        def write(connection: Connection) -> bool:
            last = erasure_queries.erasure_done(connection, erasure_id)
            if last:
                # The rows named their member: what SQLite leaves of them goes as well.
                erasure_queries.put_purges(connection, PurgeKind.PAGES, [TEXTS])
            return last

        if await self._database.write(write):
            await self.purge()

    async def erasure_failed(self, erasure_id: int, why: str) -> None:
        """It is out of reach; `why` is for the member."""
        await self._database.write(lambda c: erasure_queries.erasure_failed(c, erasure_id, why))
