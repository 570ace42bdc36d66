"""Voices during their embedding: slow, with no request waiting, or forgotten meanwhile."""

import asyncio
import threading
from pathlib import Path

import pytest

from engine.model.engine import SynthesisRequest
from engine.model.errors import OutOfMemory, VoiceMissing
from engine.tts.audio.pcm import Pcm
from engine.tts.engines.base import SpeakerEmbedding
from engine.tts.engines.tone import ToneEmbedding, ToneSynthesizer
from engine.tts.protocol import SynthesizeCommand
from engine.tts.server.runner import EngineRunner
from engine.tts.server.voice_cache import LONGEST, EmbeddingCache
from mynah.testing.clocks import ManualClock
from tests.process.hosts import until, within_patience
from tests.process.voices import pitch_of, recording_of, reference_of, same_pitch

RECORDING = recording_of(300)
REFERENCE = reference_of(RECORDING)


class Slow(ToneSynthesizer):
    """Embeds a voice until it is released, and runs out of memory as often as a test orders."""

    def __init__(self) -> None:
        super().__init__()
        self.listening = threading.Event()
        self.let_go = threading.Event()
        self.begun = 0
        self.runs_out = 0

    def embed_voice(self, reference: Pcm) -> ToneEmbedding:
        self.begun += 1
        self.listening.set()
        assert self.let_go.wait(20)
        if self.runs_out:
            self.runs_out -= 1
            raise OutOfMemory("no memory is left for this voice")
        return super().embed_voice(reference)


class Rig:
    """A runner around a slow engine, and its embeddings alone."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.engine = Slow()
        self.folder = folder
        self.voices = EmbeddingCache(self.engine, folder, self.clock)
        self.gave_up = False
        self.runner = EngineRunner(
            lambda: self.engine, self.clock, state_dir=folder, slots=None, give_up=self.give_up
        )

    def give_up(self) -> None:
        self.gave_up = True

    def ask(self, recording: bytes | None = RECORDING) -> "asyncio.Task[SpeakerEmbedding]":
        return asyncio.create_task(self.voices.embedding(REFERENCE, recording))

    async def begun(self) -> None:
        await within_patience(asyncio.to_thread(self.engine.listening.wait))

    async def make(self) -> bytes:
        """The sound of a command in the reference voice."""
        request = SynthesisRequest(text="xxxxxx", voice="@12", reference=REFERENCE)
        made = bytearray()

        async def put(piece: bytes) -> None:
            made.extend(piece)

        await self.runner.synthesize(
            SynthesizeCommand(id="1", request=request, recording=RECORDING), put
        )
        return bytes(made)

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.rglob("*") if file.is_file())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_a_command_whose_voice_takes_long_gives_signs_of_life_until_it_counts_as_hung(
    rig: Rig,
) -> None:
    await rig.runner.load()
    making = asyncio.create_task(rig.make())
    await rig.begun()
    await rig.clock.advance(LONGEST - 1)
    await until(lambda: rig.runner.health().busy[0].seconds_since_progress == 0)
    await rig.clock.advance(LONGEST)
    assert rig.runner.health().busy[0].seconds_since_progress == LONGEST
    rig.engine.let_go.set()
    assert same_pitch(pitch_of(await within_patience(making)), 300)
    assert rig.runner.health().busy == ()


async def test_a_voice_that_nobody_waits_for_any_more_is_embedded_anyway(rig: Rig) -> None:
    first = rig.ask()
    await rig.begun()
    first.cancel()
    second = rig.ask(recording=None)
    rig.engine.let_go.set()
    assert await within_patience(second) == ToneEmbedding(300.0)
    assert (rig.engine.begun, rig.voices.made, rig.voices.held) == (1, 1, 1)


async def test_a_voice_that_is_forgotten_while_it_is_embedded_leaves_nothing_behind(
    rig: Rig,
) -> None:
    asking = rig.ask()
    await rig.begun()
    await rig.voices.forget(REFERENCE)
    rig.engine.let_go.set()
    assert await within_patience(asking) == ToneEmbedding(300.0)
    assert (rig.files, rig.voices.held) == ([], 0)
    with pytest.raises(VoiceMissing):
        await rig.ask(recording=None)


async def test_a_request_with_the_recording_does_not_fail_with_one_that_lacks_it(
    rig: Rig,
) -> None:
    rig.engine.let_go.set()
    without, given = rig.ask(recording=None), rig.ask()
    assert await within_patience(given) == ToneEmbedding(300.0)
    with pytest.raises(VoiceMissing):
        await without


@pytest.mark.parametrize(("times", "spoken"), [(1, True), (2, False)])
async def test_memory_that_runs_out_over_a_voice_is_freed_and_the_voice_tried_once_more(
    rig: Rig, times: int, spoken: bool
) -> None:
    await rig.runner.load()
    rig.engine.let_go.set()
    rig.engine.runs_out = times
    making = asyncio.create_task(rig.make())
    await asyncio.wait({making})
    assert (making.exception() is None) == spoken
    assert rig.gave_up != spoken
    assert rig.runner.health().state == ("ready" if spoken else "failed")
    assert rig.engine.begun == 2
