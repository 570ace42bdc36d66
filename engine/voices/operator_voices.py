"""The operator's voices: recordings in the folder of references, public by their file's name.

Knows: which of them are registered. Does not know: the folder (`operator_folder.py` follows it).
"""

from sqlalchemy import Connection

from engine.model.voice_names import check_name
from engine.model.voices import OPERATOR, Scope, Voice
from engine.store import freezes as freeze_queries
from engine.store import voices as voice_queries
from engine.voices.freezes import Freezes
from engine.voices.pending_deletions import PendingDeletions, in_voices
from engine.voices.recording_analyzer import Analyzed


class OperatorVoices(PendingDeletions, Freezes):
    async def published(self) -> list[Voice]:
        """The operator's voices, by name."""
        found = await self._database.read(lambda c: voice_queries.of_owner(c, OPERATOR))
        return sorted(found, key=lambda voice: voice.name.casefold())

    async def publish(self, name: str, examined: Analyzed) -> Voice:
        """Everyone may use it, everywhere. A voice of this name that has another recording keeps
        its id; what was made of the old one goes. Raises BadName."""
        name = check_name(name)
        before = await self._database.read(lambda c: voice_queries.called(c, OPERATOR, name))

        def write(connection: Connection) -> Voice:
            voice = put(connection)
            if examined.fingerprint:
                freeze_queries.put_print(connection, voice.id, examined.fingerprint)
            freeze_queries.put_voice_under(connection, voice, recognized)
            return voice

        def put(connection: Connection) -> Voice:
            voice = voice_queries.called(connection, OPERATOR, name)
            if voice is None:
                return voice_queries.insert_voice(
                    connection,
                    owner=OPERATOR,
                    name=name,
                    reference=examined.reference,
                    scope=Scope.PUBLIC,
                    lane=None,
                    report=examined.analysis,
                    now=self._clock.time(),
                )
            voice_queries.set_voice(
                connection,
                voice.id,
                reference=examined.reference,
                report=examined.analysis.to_json(),
            )
            voice_queries.set_name(connection, voice.id, name)
            if voice.reference != examined.reference:
                self._let_go(connection, [voice])
            again = voice_queries.voice(connection, voice.id)
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
        before = await self._database.read(lambda c: voice_queries.called(c, OPERATOR, name))
        if before is None:
            return

        def write(connection: Connection) -> None:
            self._remove(connection, [before])

        await self._act(write, tell=[before.key], forget=in_voices([before.key]))
        await self.purge()
