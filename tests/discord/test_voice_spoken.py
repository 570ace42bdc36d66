"""From `/voice` to sound in the channel, with an engine whose voices a listener can distinguish."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from engine.tts.client.process import HostOptions
from engine.tts.client.supervisor import EngineSupervisor
from engine.voices.recording_files import RecordingFiles
from sandbox import Member, Sandbox
from tests.discord.conftest import Start
from tests.discord.given import give_voice
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, over
from tests.discord.uploading import USE, give
from tests.process.voices import same_pitch, strongest

#: The tone engine speaks it at a voice's lowest tone, which is its recording's.
TEXT = "xxxxxxxxxxxx"


@pytest.fixture
async def cloning(scene: Scene, start: Start, clock: RunningClock, tmp_path: Path) -> Running:
    """A bot whose engine imitates the tone of a recording."""
    recording_files = RecordingFiles(tmp_path / "references", tmp_path / "data" / "references")
    options = HostOptions(engine="tone", state_dir=tmp_path / "states", log_level="error")
    return await start(
        engine=EngineSupervisor(clock, options=options, recordings=recording_files.read)
    )


def pitch(member: Member) -> float:
    """The strongest frequency that this member has heard, in hertz."""
    return strongest(member.recording.samples()[:, 0].astype(np.float32))


async def test_listener_hears_the_voice_that_was_chosen(
    cloning: Running, scene: Scene, tmp_path: Path
) -> None:
    voice = await give_voice(cloning, scene.ada, "Morning", folder=tmp_path, hertz=300)
    await scene.told("voice use", {"voice": voice.key})
    message = await scene.say(TEXT)
    await message.wait_for(over, 10.0)
    assert "Spoken in" in message.content
    assert same_pitch(pitch(scene.bob), 300)


async def test_two_members_at_once_are_each_heard_in_their_own_voice(
    cloning: Running, scene: Scene, discord: Sandbox, tmp_path: Path
) -> None:
    other = Scene(discord)
    await other.ada.join(other.lounge)
    await other.bob.join(other.lounge)
    first = await give_voice(cloning, scene.ada, "Morning", folder=tmp_path, hertz=300)
    second = await give_voice(cloning, other.bob, "Evening", folder=tmp_path, hertz=500)
    messages = await asyncio.gather(
        scene.say(TEXT, voice=first.key), other.say(TEXT, voice=second.key, by=other.bob)
    )
    for message in messages:
        await message.wait_for(over, 10.0)
    assert same_pitch(pitch(scene.bob), 300)
    assert same_pitch(pitch(other.ada), 500)


async def test_uploaded_recording_is_spoken_in(cloning: Running, scene: Scene) -> None:
    card = await give(scene)
    assert "cannot imitate" not in card.content
    await scene.press(card, USE)
    message = await scene.say(TEXT)
    await message.wait_for(over, 10.0)
    assert "Spoken in" in message.content
    assert scene.bob.recording.packets()
