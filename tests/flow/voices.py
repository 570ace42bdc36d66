"""What the tests of voices share: a voice registry beside the speech queue, recordings, members."""

import hashlib
from pathlib import Path
from typing import Any

from engine.base.settings import Settings, load_settings
from engine.model.jobs import Job
from engine.model.voices import Requester, Scope, Voice
from engine.queue import FrontEndQueue
from engine.voices.recording_analyzer import Analyzed
from engine.voices.registry import VoiceRegistry
from mynah.testing.fake_engine import CLONING_INFO, FakeEngine
from tests.flow.harness import ONE, Harness
from tests.prints import print_named
from tests.values import REPORT

ADA = Requester(member="ada", place="here")
BOB = Requester(member="bob", place="here")
EVE = Requester(member="eve", place="here")
ADMIN = Requester(member="admin", place="here")


class Voices:
    """A harness with a voice registry in it; recordings are beside its data directory."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.references = harness.directory.parent / "references"
        self.registry: VoiceRegistry
        self.speech: FrontEndQueue
        self._open: list[VoiceRegistry] = []

    async def open(
        self,
        engine: FakeEngine | None = None,
        **settings: Any,
    ) -> VoiceRegistry:
        engine = engine or FakeEngine(self.harness.clock, info=CLONING_INFO)
        self.speech = await self.harness.open(
            engine, mynah_references_dir=self.references, **settings
        )
        return await self._start()

    async def restart(self, engine: FakeEngine | None = None) -> VoiceRegistry:
        await self.close()
        self.speech = await self.harness.restart(engine)
        return await self._start()

    async def close(self) -> None:
        for registry in self._open:
            await registry.close()
        self._open.clear()

    async def _start(self) -> VoiceRegistry:
        self.registry = VoiceRegistry(self.settings, self.harness.queue, self.harness.clock)
        await self.registry.start()
        self._open.append(self.registry)
        return self.registry

    @property
    def settings(self) -> Settings:
        return load_settings(
            _env_file=None, mynah_data_dir=self.harness.directory, **self.harness.settings
        )

    @property
    def data(self) -> Path:
        return self.harness.directory

    # ---- what members do

    def analyzed(self, sound: str, *, like: str | None = None) -> Analyzed:
        """An analyzed recording; the same sound is the same recording, to the byte. `like` names a
        sound from which it was made, by a change that is hard to hear."""
        contents = f"RIFF {sound}".encode() * 50
        reference = hashlib.sha256(contents).hexdigest()
        wav = self.harness.directory.parent / f"analyzed {reference[:8]}.wav"
        wav.write_bytes(contents)
        made = print_named(like or sound, changed=0.0 if like is None else 0.1)
        return Analyzed(wav=wav, reference=reference, analysis=REPORT, advice=(), fingerprint=made)

    async def upload(
        self,
        requester: Requester = ADA,
        name: str = "Ada",
        scope: Scope = Scope.PRIVATE,
        *,
        sound: str | None = None,
        like: str | None = None,
    ) -> Voice:
        analyzed = self.analyzed(sound or f"{requester.member} {name}", like=like)
        return await self.registry.owners.register(
            requester=requester,
            name=name,
            scope=scope,
            analyzed=analyzed,
            consent="It is my voice.",
        )

    async def say(self, requester: Requester, voice: Voice, text: str = ONE, **other: Any) -> Job:
        """Submit a text in a registered voice."""
        return await self.harness.say(
            text,
            lane=requester.place or "here",
            requester=requester.member,
            voice=voice.key,
            reference=voice.reference,
            **other,
        )

    def recordings(self) -> set[str]:
        """The content hashes of the stored recordings."""
        return {file.stem for file in self.references.glob("*.wav")}

    def state_of(self, voice: Voice) -> Path:
        """What an engine derived from the voice's recording, as it would be on the disk."""
        place = self.data / "conditionals" / "scripted-1" / voice.reference
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"derived state")
        return place

    def audio_files(self) -> set[str]:
        return {file.stem for file in (self.data / "audio").glob("*/*.ogg")}
