"""A voice is shown as its owner's and works, whatever its name is."""

import pytest

from engine.model.voices import Scope
from mynah.testing.fake_engine import CLONING_INFO, INFO, FakeEngine
from sandbox import Sandbox
from tests.discord.conftest import Start
from tests.discord.given import Give
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, over

NAMES = ["the engine's own voice", "a private voice", "none", "English", "German", "de"]
#: The bot's phrases, and voices of the engine: these names could be confused with them.
TAKEN = set(NAMES) - {"none"}


@pytest.fixture
async def engine(clock: RunningClock) -> FakeEngine:
    return FakeEngine(clock, info=CLONING_INFO, seconds=lambda _: 0.1)


@pytest.fixture
async def bot(scene: Scene, start: Start, engine: FakeEngine) -> Running:
    return await start(engine=engine)


@pytest.mark.parametrize("name", NAMES)
async def test_members_voice_is_shown_as_theirs_and_is_of_use(
    name: str,
    bot: Running,
    scene: Scene,
    give: Give,
    engine: FakeEngine,
    discord: Sandbox,
) -> None:
    discord.limit_rates(False)
    voice = await give(name)
    called = f"a member's voice, {name}:" if name in TAKEN else f"the voice {name}:"

    offered = await scene.bob.complete("say", "voice", name, others={"text": "x"})
    (theirs,) = [each for each in offered if each["value"] == voice.key]
    assert theirs["name"] == f"{name} · Ada"

    message = await scene.say("Typed.", voice=theirs["value"], by=scene.bob)
    await message.wait_for(over)
    assert f"says, in {called}" in message.content

    await scene.told("voice use", {"voice": voice.key})
    message = await scene.say("Chosen.")
    await message.wait_for(over)
    assert f"says, in {called}" in message.content
    listed = await scene.told("voice list")
    assert f"`/say` speaks in **{name}**" in listed
    assert f"**{name}** · yours" in listed

    default = {"voice": voice.key}
    told = await scene.told("voice-admin default", default, by=scene.guild.owner)
    assert f"**{name}** (#{voice.id})" in told
    message = await scene.say("Default.", by=scene.bob)
    await message.wait_for(over)
    assert f"says, in {called}" in message.content

    assert {asked.request.reference for asked in engine.asked} == {voice.reference}


async def test_private_voice_of_such_a_name_keeps_it_to_itself(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("the engine's own voice", scope=Scope.PRIVATE)
    message = await scene.say("Hello there.", voice=voice.key)
    assert "says, in a private voice:" in message.content


async def test_engines_own_voices_are_shown_as_the_engines_beside_them(
    bot: Running, scene: Scene, give: Give, engine: FakeEngine
) -> None:
    await give("English")
    await give("the engine's own voice", hertz=300)
    message = await scene.say("Hello there.", by=scene.bob)
    assert "says, in the voice English:" in message.content
    message = await scene.say("Hello again.", voice=INFO.voices[1].id, by=scene.bob)
    await message.wait_for(over)
    assert "says, in the voice German:" in message.content
    assert {asked.request.reference for asked in engine.asked} == {None}


async def test_word_that_takes_a_choice_back_does_so_and_the_voice_is_chosen_by_its_number(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("none")
    await scene.told("voice use", {"voice": voice.key})
    assert "took back your choice" in await scene.told("voice use", {"voice": "none"})
    message = await scene.say("Hello there.")
    assert "says, in the voice English:" in message.content
    message = await scene.say("Hello again.", voice="none")
    assert "says, in the voice none:" in message.content
