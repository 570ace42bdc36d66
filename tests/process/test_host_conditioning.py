"""Voices in the making: slow ones, ones that nobody waits for any more, ones that are forgotten."""

import asyncio
import threading
from pathlib import Path

import pytest

from engine.model.engine import SynthesisRequest
from engine.model.errors import OutOfMemory, VoiceMissing
from engine.tts.audio.pcm import Pcm
from engine.tts.engines.base import SpeakerEmbedding
from engine.tts.engines.tone import ToneSynthesizer, ToneVoice
from engine.tts.protocol import SynthesizeCommand
from engine.tts.server.runner import EngineRunner
from engine.tts.server.voice_cache import LONGEST, EmbeddingCache
from mynah.testing.clocks import ManualClock
from tests.process.hosts import until, within_patience
from tests.process.voices import pitch_of, recording_of, reference_of, same_pitch

RECORDING = recording_of(300)
REFERENCE = reference_of(RECORDING)


class Slow(ToneSynthesizer):
    """Listens to a voice until it is let go, and is out of memory as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.listening = threading.Event()
        self.let_go = threading.Event()
        self.begun = 0
        self.runs_out = 0

    def embed_voice(self, reference: Pcm) -> ToneVoice:
        self.begun += 1
        self.listening.set()
        assert self.let_go.wait(20)
        if self.runs_out:
            self.runs_out -= 1
            raise OutOfMemory("no memory is left for this voice")
        return super().embed_voice(reference)


class House:
    """A host around a slow engine, and its voices alone."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.engine = Slow()
        self.folder = folder
        self.voices = EmbeddingCache(self.engine, folder, self.clock)
        self.gave_up = False
        self.host = EngineRunner(
            lambda: self.engine, self.clock, state_dir=folder, slots=None, give_up=self.give_up
        )

    def give_up(self) -> None:
        self.gave_up = True

    def ask(self, recording: bytes | None = RECORDING) -> "asyncio.Task[SpeakerEmbedding]":
        return asyncio.create_task(self.voices.state(REFERENCE, recording))

    async def begun(self) -> None:
        await within_patience(asyncio.to_thread(self.engine.listening.wait))

    async def make(self) -> bytes:
        """The sound of an order in the reference voice."""
        request = SynthesisRequest(text="xxxxxx", voice="@12", reference=REFERENCE)
        made = bytearray()

        async def put(piece: bytes) -> None:
            made.extend(piece)

        await self.host.make(SynthesizeCommand(id="1", request=request, recording=RECORDING), put)
        return bytes(made)

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.rglob("*") if file.is_file())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_an_order_whose_voice_takes_long_gives_signs_of_life_until_it_must_be_stuck(
    house: House,
) -> None:
    await house.host.load()
    making = asyncio.create_task(house.make())
    await house.begun()
    await house.clock.advance(LONGEST - 1)
    await until(lambda: house.host.health().busy[0].seconds_since_progress == 0)
    await house.clock.advance(LONGEST)
    assert house.host.health().busy[0].seconds_since_progress == LONGEST
    house.engine.let_go.set()
    assert same_pitch(pitch_of(await within_patience(making)), 300)
    assert house.host.health().busy == ()


async def test_a_voice_that_nobody_waits_for_any_more_is_made_all_the_same(house: House) -> None:
    first = house.ask()
    await house.begun()
    first.cancel()
    second = house.ask(recording=None)
    house.engine.let_go.set()
    assert await within_patience(second) == ToneVoice(300.0)
    assert (house.engine.begun, house.voices.made, house.voices.held) == (1, 1, 1)


async def test_a_voice_that_is_forgotten_while_it_is_made_leaves_nothing_behind(
    house: House,
) -> None:
    asking = house.ask()
    await house.begun()
    await house.voices.forget(REFERENCE)
    house.engine.let_go.set()
    assert await within_patience(asking) == ToneVoice(300.0)
    assert (house.files, house.voices.held) == ([], 0)
    with pytest.raises(VoiceMissing):
        await house.ask(recording=None)


async def test_a_request_with_the_recording_does_not_fail_with_one_that_lacks_it(
    house: House,
) -> None:
    house.engine.let_go.set()
    without, given = house.ask(recording=None), house.ask()
    assert await within_patience(given) == ToneVoice(300.0)
    with pytest.raises(VoiceMissing):
        await without


@pytest.mark.parametrize(("times", "spoken"), [(1, True), (2, False)])
async def test_memory_that_runs_out_over_a_voice_is_freed_and_the_voice_tried_once_more(
    house: House, times: int, spoken: bool
) -> None:
    await house.host.load()
    house.engine.let_go.set()
    house.engine.runs_out = times
    making = asyncio.create_task(house.make())
    await asyncio.wait({making})
    assert (making.exception() is None) == spoken
    assert house.gave_up != spoken
    assert house.host.health().state == ("ready" if spoken else "failed")
    assert house.engine.begun == 2
