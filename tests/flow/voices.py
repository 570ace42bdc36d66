"""What the tests of voices have in common: a library beside Speech, recordings, members."""

import hashlib
from pathlib import Path
from typing import Any

from engine.settings import Settings, load_settings
from engine.speech import Speech
from engine.speech.jobs import Job
from engine.speech.scripted import CLONING_CARD, ScriptedEngine
from engine.voices.library import Library
from engine.voices.recordings import Examined
from engine.voices.voice import Asker, Scope, Voice
from tests.flow.house import ONE, House
from tests.prints import print_named
from tests.values import REPORT

ADA = Asker(member="ada", lane="here")
BOB = Asker(member="bob", lane="here")
EVE = Asker(member="eve", lane="here")
ADMIN = Asker(member="admin", lane="here")


class Voices:
    """A house with a library in it; recordings lie beside its data directory."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.references = house.directory.parent / "references"
        self.library: Library
        self.speech: Speech
        self._open: list[Library] = []

    async def open(
        self, engine: ScriptedEngine | None = None, kind: type[Library] = Library, **settings: Any
    ) -> Library:
        engine = engine or ScriptedEngine(self.house.clock, card=CLONING_CARD)
        self.speech = await self.house.open(
            engine, mynah_references_dir=self.references, **settings
        )
        return await self._start(kind)

    async def restart(
        self, engine: ScriptedEngine | None = None, kind: type[Library] = Library
    ) -> Library:
        await self.close()
        self.speech = await self.house.restart(engine)
        return await self._start(kind)

    async def close(self) -> None:
        for library in self._open:
            await library.close()
        self._open.clear()

    async def _start(self, kind: type[Library]) -> Library:
        self.library = kind(self.settings, self.speech, self.house.clock)
        await self.library.start()
        self._open.append(self.library)
        return self.library

    @property
    def settings(self) -> Settings:
        return load_settings(
            _env_file=None, mynah_data_dir=self.house.directory, **self.house.settings
        )

    @property
    def data(self) -> Path:
        return self.house.directory

    # ---- what members do

    def examined(self, sound: str, *, like: str | None = None) -> Examined:
        """A recording that was examined; the same sound is the same recording, to the byte. `like`
        names a sound that it was made of, by a change that is hard to hear."""
        contents = f"RIFF {sound}".encode() * 50
        reference = hashlib.sha256(contents).hexdigest()
        wav = self.house.directory.parent / f"examined {reference[:8]}.wav"
        wav.write_bytes(contents)
        made = print_named(like or sound, changed=0.0 if like is None else 0.1)
        return Examined(wav=wav, reference=reference, report=REPORT, advice=(), print=made)

    async def upload(
        self,
        asker: Asker = ADA,
        name: str = "Ada",
        scope: Scope = Scope.PRIVATE,
        *,
        sound: str | None = None,
        like: str | None = None,
    ) -> Voice:
        examined = self.examined(sound or f"{asker.member} {name}", like=like)
        return await self.library.register(
            asker=asker, name=name, scope=scope, examined=examined, consent="It is my voice."
        )

    async def say(self, asker: Asker, voice: Voice, text: str = ONE, **other: Any) -> Job:
        """Submit a text in a registered voice."""
        return await self.house.say(
            text,
            lane=asker.lane or "here",
            requester=asker.member,
            voice=voice.key,
            reference=voice.reference,
            **other,
        )

    def recordings(self) -> set[str]:
        """The content hashes of the recordings that are kept."""
        return {file.stem for file in self.references.glob("*.wav")}

    def state_of(self, voice: Voice) -> Path:
        """What an engine derived from the voice's recording, as it would lie on the disk."""
        place = self.data / "conditionals" / "scripted-1" / voice.reference
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"derived state")
        return place

    def audio_files(self) -> set[str]:
        return {file.stem for file in (self.data / "audio").glob("*/*.ogg")}
