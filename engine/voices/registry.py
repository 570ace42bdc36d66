"""The entry point for voices: builds the services that members, admins and the operator use.

Knows: which part needs which, and in which order they start and stop. Does not know: any rule.

Create one object per process. Call `start` once after `SpeechQueue.open`, and `close` once before
`SpeechQueue.close`.
"""

from typing import Final

import structlog

from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.base.data_dir import DataDirectory
from engine.base.events import Subscription
from engine.base.settings import Settings
from engine.queue import SpeechQueue
from engine.voices.erasure import MemberErasure
from engine.voices.freezes import Freezes
from engine.voices.moderation import Moderation
from engine.voices.operator_voices import OperatorVoices
from engine.voices.owners import VoiceOwners
from engine.voices.pending_deletions import PendingDeletions
from engine.voices.rate_limits import RateLimits
from engine.voices.recording_files import RecordingFiles
from engine.voices.selection import Selection
from engine.voices.transactions import VoiceTransactions

#: Seconds between two reads of the operator's blocklist.
_POLL_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)


class VoiceRegistry:
    def __init__(self, settings: Settings, speech: SpeechQueue, clock: Clock) -> None:
        self._clock = clock
        self._tasks = TaskSet()
        data = DataDirectory(settings.mynah_data_dir)
        files = RecordingFiles.from_settings(settings)
        self._transactions = VoiceTransactions(speech, clock)
        transactions = self._transactions
        self._deletions = PendingDeletions(transactions, speech, files, data.embeddings, clock)
        self._freezes = Freezes(transactions, files, data.blocked_recordings, clock)
        self.rate_limits = RateLimits(transactions, settings, clock)
        self.selection = Selection(transactions, speech)
        self.owners = VoiceOwners(
            *(transactions, self._freezes, self._deletions, self.rate_limits),
            *(files, speech, clock, settings.mynah_max_voices),
        )
        self.moderation = Moderation(transactions, self._freezes, self.rate_limits, speech)
        self.erasure = MemberErasure(transactions, self._deletions, files, speech)
        self.operator_voices = OperatorVoices(transactions, self._freezes, self._deletions, clock)

    def subscribe(self) -> Subscription[str]:
        """The keys ("@12") of voices that change from now on: in name, scope, or who may use them
        where. The key "" means that any voice may have changed."""
        return self._transactions.subscribe()

    async def start(self) -> None:
        """Finish what a kill interrupted, and follow the operator's blocklist from now on."""
        # This also ends jobs whose voice was withdrawn just before a kill.
        await self._freezes.read_blocklist()
        await self._deletions.purge()
        await self.rate_limits.load()
        self._freezes.start()
        self._tasks.start(self._run(), name="voices")

    async def close(self) -> None:
        await self._tasks.cancel()
        await self._freezes.close()
        await self._transactions.close()

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(_POLL_SECONDS)
            try:
                await self._freezes.follow_blocklist()
                await self.rate_limits.forget()
                await self._deletions.retry()
            except Exception:
                # The edge of this task: a full or failing disk, or our bug. The next round may
                # succeed, and blocked recordings stay blocked.
                log.exception("Looking after the voices failed")
