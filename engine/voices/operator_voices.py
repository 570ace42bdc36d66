"""The operator's voices: recordings in the folder of references, public by their file's name.

Knows: which of them are registered. Does not know: the folder, which `operator_folder.py` follows.
"""

from dataclasses import dataclass

from engine.base.clock import Clock
from engine.model.voice_names import check_name
from engine.model.voices import OPERATOR, Scope, Voice
from engine.store.transaction import Transaction
from engine.voices.freezes import Freezes
from engine.voices.pending_deletions import PendingDeletions, in_voices
from engine.voices.recording_analyzer import Analyzed
from engine.voices.transactions import VoiceTransactions


@dataclass(frozen=True, slots=True)
class OperatorVoices:
    transactions: VoiceTransactions
    freezes: Freezes
    deletions: PendingDeletions
    clock: Clock

    async def published(self) -> list[Voice]:
        """The operator's voices, by name."""
        found = await self.transactions.read(lambda tx: tx.voices.of_owner(OPERATOR))
        return sorted(found, key=lambda voice: voice.name.casefold())

    async def publish(self, name: str, analyzed: Analyzed) -> Voice:
        """Register a voice that everyone may use everywhere. If a voice of this name has another
        recording, it keeps its id, and what was made of the old recording is deleted. Raises
        BadName."""
        name = check_name(name)
        before = await self.transactions.read(lambda tx: tx.voices.called(OPERATOR, name))

        def write(tx: Transaction) -> Voice:
            voice = put(tx)
            if analyzed.fingerprint:
                tx.freezes.put_print(voice.id, analyzed.fingerprint)
            tx.freezes.put_voice_under(voice, recognized)
            return voice

        def put(tx: Transaction) -> Voice:
            voice = tx.voices.called(OPERATOR, name)
            if voice is None:
                return tx.voices.insert(
                    owner=OPERATOR,
                    name=name,
                    reference=analyzed.reference,
                    scope=Scope.PUBLIC,
                    place=None,
                    analysis=analyzed.analysis,
                    now=self.clock.time(),
                )
            tx.voices.update(
                voice.id,
                reference=analyzed.reference,
                analysis=analyzed.analysis.to_json(),
            )
            tx.voices.rename(voice.id, name)
            if voice.reference != analyzed.reference:
                self.deletions.list_files(tx, [voice])
            updated = tx.voices.get(voice.id)
            assert updated is not None
            return updated

        changed = before is not None and before.reference != analyzed.reference
        keys = [before.key] if before is not None and changed else []
        # No purge deletes the recording before a voice has it.
        async with self.transactions.recordings_lock:
            recognized = [each.id for each in await self.freezes.recognize(analyzed.fingerprint)]
            voice = await self.transactions.act(write, changed=keys, forget=in_voices(keys))
        if changed:
            await self.deletions.purge()
        else:
            self.transactions.publish([voice.key])
        return voice

    async def unpublish(self, name: str) -> None:
        """Delete the voice of a file that the operator removed. Do nothing if there is none."""
        before = await self.transactions.read(lambda tx: tx.voices.called(OPERATOR, name))
        if before is not None:
            await self.deletions.delete_voice(before)
