"""The operator's voices: recordings in the folder of references, public by their file's name.

Knows: which of them are registered. Does not know: the folder (`operator_folder.py` follows it).
"""

from engine.model.voice_names import check_name
from engine.model.voices import OPERATOR, Scope, Voice
from engine.store.transaction import Transaction
from engine.voices.freezes import Freezes
from engine.voices.pending_deletions import PendingDeletions, in_voices
from engine.voices.recording_analyzer import Analyzed


class OperatorVoices(PendingDeletions, Freezes):
    async def published(self) -> list[Voice]:
        """The operator's voices, by name."""
        found = await self._database.read(lambda tx: tx.voices.of_owner(OPERATOR))
        return sorted(found, key=lambda voice: voice.name.casefold())

    async def publish(self, name: str, examined: Analyzed) -> Voice:
        """Everyone may use it, everywhere. A voice of this name that has another recording keeps
        its id; what was made of the old one goes. Raises BadName."""
        name = check_name(name)
        before = await self._database.read(lambda tx: tx.voices.called(OPERATOR, name))

        def write(tx: Transaction) -> Voice:
            voice = put(tx)
            if examined.fingerprint:
                tx.freezes.put_print(voice.id, examined.fingerprint)
            tx.freezes.put_voice_under(voice, recognized)
            return voice

        def put(tx: Transaction) -> Voice:
            voice = tx.voices.called(OPERATOR, name)
            if voice is None:
                return tx.voices.insert(
                    owner=OPERATOR,
                    name=name,
                    reference=examined.reference,
                    scope=Scope.PUBLIC,
                    place=None,
                    analysis=examined.analysis,
                    now=self._clock.time(),
                )
            tx.voices.update(
                voice.id,
                reference=examined.reference,
                analysis=examined.analysis.to_json(),
            )
            tx.voices.rename(voice.id, name)
            if voice.reference != examined.reference:
                self._let_go(tx, [voice])
            again = tx.voices.get(voice.id)
            assert again is not None
            return again

        changed = before is not None and before.reference != examined.reference
        keys = [before.key] if before is not None and changed else []
        async with self._files:  # a recording that is about to go for want of a voice is kept
            recognized = [each.id for each in await self._recognize(examined.fingerprint)]
            voice = await self._act(write, tell=keys, forget=in_voices(keys))
        if changed:
            await self.purge()
        else:
            self._news.publish(voice.key)
        return voice

    async def unpublish(self, name: str) -> None:
        """The operator has taken the file away. Nothing where there is no such voice."""
        before = await self._database.read(lambda tx: tx.voices.called(OPERATOR, name))
        if before is None:
            return

        def write(tx: Transaction) -> None:
            self._remove(tx, [before])

        await self._act(write, tell=[before.key], forget=in_voices([before.key]))
        await self.purge()
