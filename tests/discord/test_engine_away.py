"""While the engine loads or restarts every command answers, and what was said is spoken later."""

from dataclasses import replace

import pytest

from engine.speech.jobs import JobState
from engine.speech.scripted import CARD, ScriptedEngine
from engine.synthesis.base import EngineState
from engine.synthesis.fallback import FallbackEngine
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, job_of, over


class Loading(ScriptedEngine):
    """Not ready at the start; `come_up` makes it so."""

    loaded = False

    @property
    def state(self) -> EngineState:
        return super().state if self.loaded else EngineState.LOADING

    async def start(self) -> None:
        pass

    def come_up(self) -> None:
        self.loaded = True
        super().come_up()


@pytest.fixture
async def engine(clock: RunningClock) -> Loading:
    return Loading(clock, seconds=lambda _: 0.2)


@pytest.fixture
async def loading(scene: Scene, start: Start, engine: Loading) -> Running:
    return await start(engine=engine)


async def test_every_command_answers_while_the_engine_loads(loading: Running, scene: Scene) -> None:
    assert "The speech engine is loading." in (await scene.say("Hello there.")).content
    await scene.guild.bot_joined(scene.lounge)
    for command in ("help", "queue view", "pause", "resume", "join", "skip", "stop", "leave"):
        await scene.told(command)
    assert await scene.ada.complete("say", "voice", "e", others={"text": "x"}) == []


async def test_what_was_said_meanwhile_is_spoken_when_it_is_ready(
    loading: Running, scene: Scene, engine: Loading
) -> None:
    message = await scene.say("Hello there.")
    engine.come_up()
    await message.wait_for(over)
    assert "Spoken in" in message.content


async def test_message_tells_when_the_engine_is_ready(
    loading: Running, scene: Scene, engine: Loading, clock: RunningClock
) -> None:
    engine.hold()
    message = await scene.say("Hello there.")
    await loading.joined(scene)
    engine.come_up()
    await clock.advance(2.0)
    await message.wait_for(lambda each: "loading" not in each.content)
    engine.let_go()
    await message.wait_for(over)


async def test_engine_that_restarts_is_told_and_waited_for(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    engine = ScriptedEngine(clock, seconds=lambda _: 0.2)
    bot = await start(engine=engine)
    engine.go_down()
    message = await scene.say("Hello there.")
    assert "The speech engine is restarting." in message.content
    engine.come_up()
    await message.wait_for(over)
    assert "Spoken in" in message.content
    assert await bot.queue(scene) == []


async def test_unknown_voice_asked_for_before_the_engine_was_known_becomes_the_engines_own(
    loading: Running, scene: Scene, engine: Loading
) -> None:
    message = await scene.say("Hello there.", voice="nobody")
    engine.come_up()
    await message.wait_for(over)
    assert "in the voice English:" in message.content
    assert "Spoken in" in message.content


async def test_part_that_the_engine_refuses_is_counted_and_the_rest_spoken(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    engine = ScriptedEngine(clock, seconds=lambda _: 0.1)
    engine.refuses.add("second")
    bot = await start(engine=engine)
    text = "This is the first sentence of it all. And here is the second one, a little longer."
    message = await scene.say(text)
    await message.wait_for(over)
    assert message.content.endswith("; 1 part could not be spoken.")
    assert (await bot.speech.view(job_of(message))).job.state is JobState.COMPLETED


async def test_text_of_which_nothing_can_be_spoken_fails_with_the_engines_reason(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    engine = ScriptedEngine(clock)
    engine.refuses.add("Hello")
    await start(engine=engine)
    message = await scene.say("Hello there.")
    await message.wait_for(over)
    assert message.content.endswith("Failed: The engine cannot speak this text.")
    assert message.buttons == ["Replay"]


async def test_message_says_that_a_spare_engine_speaks(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    main = ScriptedEngine(clock, seconds=lambda _: 0.2)
    spare = ScriptedEngine(clock, seconds=lambda _: 2.0, card=replace(CARD, name="spare"))
    await start(engine=FallbackEngine(main, spare, clock))
    message = await scene.say("Hello there.")
    await message.wait_for(over)
    assert "a simpler one speaks meanwhile" not in message.content
    main.go_down()
    message = await scene.say("Hello again.")
    await message.wait_for(lambda each: "a simpler one speaks meanwhile" in each.content)
    main.come_up()  # while the spare one speaks
    await message.wait_for(over)
    assert "The speech engine was down: a simpler one spoke, in its own voice." in message.content
    assert [each.text for each in spare.asked] == ["Hello again."]
