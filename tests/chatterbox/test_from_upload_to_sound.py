"""From `/voice upload` to sound in the channel: the real bot, the real engine server, the package.

Only the weights are random, so the members hear noise; but it is the noise of one recording.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import perth
import pytest

from engine.tts.audio.pcm import Pcm
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.engines.chatterbox.vocoder import bears_mark
from engine.voices.recording_files import RecordingFiles
from sandbox import Member, Message, Sandbox, Upload
from tests.chatterbox.host import SmallHostOptions
from tests.chatterbox.speech import SENTENCE
from tests.discord.conftest import Start, faults
from tests.discord.running import START_SECONDS, Running, RunningClock, until
from tests.discord.scene import Scene, over
from tests.discord.uploading import USE, give
from tests.process.recorded import rate, speech, wav
from tests.unit.test_audio_opus import decoded

__all__ = ["faults"]  # here too, nothing may be logged as an error

#: Seconds after which a wait fails. They measure nothing.
PATIENCE = 120.0
#: The loudest sample of what is heard is above this share of full scale.
AUDIBLE = 0.05
LOADING = "The speech engine is loading."
#: Between six and seven seconds, by either speaker.
READ = (
    "The quick brown fox jumps over the lazy dog, and then it rests a while. Hello everyone, I "
    "think we should meet again."
)


class Late(EngineSupervisor):
    """Starts its server when the test says so, and loads until then."""

    async def start(self) -> None:
        pass

    async def come_up(self) -> None:
        await super().start()


StartLate = Callable[[str, str], Awaitable[tuple[Running, Late]]]


@pytest.fixture
def start_late(
    discord: Sandbox,
    start: Start,
    clock: RunningClock,
    checkpoints: Callable[[str], Path],
    tmp_path: Path,
) -> StartLate:
    """A bot that is up, and has no engine yet."""

    async def start_late(engine: str, model: str) -> tuple[Running, Late]:
        options = SmallHostOptions(
            engine=engine,
            checkpoint=checkpoints(model),
            device="cpu",
            state_dir=tmp_path / "data" / "conditionals",
            log_level="error",
        )
        recording_files = RecordingFiles(tmp_path / "references", tmp_path / "data" / "references")
        late = Late(clock, options=options, recordings=recording_files.read)
        bot = await start(engine=late, wait=False)
        async with asyncio.timeout(START_SECONDS):
            await bot.bot.up.wait()
        watch, registry = discord.world.watch, discord.commands
        await watch.until(lambda: registry.find(0, "say"), START_SECONDS, "the commands")
        return bot, late

    return start_late


async def give_and_use(scene: Scene, member: Member, speaker: str) -> None:
    """A member uploads a voice, read by one of eSpeak's, and chooses it."""
    samples = speech(READ, speaker)
    assert 6 < len(samples) / rate() < 7
    info = await give(scene, Upload("me.wav", wav(samples)), name=member.name, by=member)
    assert f"**{member.name}** is kept" in info.content
    assert "speaks in" in await scene.press(info, USE, by=member)


async def spoken(message: Message) -> None:
    await message.wait_for(over, PATIENCE)
    assert "Spoken in" in message.content


def heard(listener: Member) -> np.ndarray:
    """Everything that reached a member: it is audible, about as long as the text takes, and
    marked."""
    sound = decoded(listener.recording.packets())[:, 0].astype(np.float32)
    assert np.abs(sound).max() > AUDIBLE
    assert 1 < len(sound) / 48_000 < 6
    assert bears_mark(perth.PerthImplicitWatermarker(), Pcm(sound, 48_000))
    return sound


async def test_members_speak_in_the_voices_that_they_gave(
    scene: Scene, discord: Sandbox, start_late: StartLate
) -> None:
    """The same words on two servers at once; also the words from the time when the engine
    loaded."""
    other = Scene(discord)
    await other.ada.join(other.lounge)
    await other.bob.join(other.lounge)
    bot, engine = await start_late("chatterbox-turbo", "turbo")
    await give_and_use(scene, scene.ada, "gmw/en-US")
    await give_and_use(other, other.bob, "roa/fr")
    messages = [await scene.say(SENTENCE), await other.say(SENTENCE, by=other.bob)]
    assert all(LOADING in each.content for each in messages)
    await engine.come_up()
    await asyncio.gather(*map(spoken, messages))
    assert "in a private voice:" in messages[0].content
    first, second = heard(scene.bob), heard(other.ada)
    assert first.shape != second.shape or not np.array_equal(first, second)

    # What was computed from a voice is kept until the voice is deleted.
    (hers,) = await bot.registry.owners.own(str(scene.ada.id))
    (his,) = await bot.registry.owners.own(str(other.bob.id))
    states = bot.settings.mynah_data_dir / "conditionals"
    assert kept(states) == {hers.reference, his.reference}
    question = await (await scene.command("voice delete", {"voice": hers.key})).original()
    await scene.ada.press(question, "Delete")
    await question.wait_for(lambda each: "is deleted" in each.content)
    await until(lambda: kept(states) == {his.reference}, "its state gone from the disk", PATIENCE)


def kept(states: Path) -> set[str]:
    """The recordings from which something derived is on disk."""
    return {file.name for file in states.glob("*/*")}


async def test_with_a_voice_of_the_weights_own_nobody_needs_to_upload(
    scene: Scene, start_late: StartLate
) -> None:
    _, engine = await start_late("chatterbox", "original")
    message = await scene.say(SENTENCE)
    assert LOADING in message.content
    await engine.come_up()
    await spoken(message)
    assert "in the voice Chatterbox:" in message.content
    heard(scene.bob)
