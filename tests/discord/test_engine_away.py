"""While the engine loads or restarts every command answers, and the texts are spoken later."""

from dataclasses import replace

import pytest

from engine.model.jobs import JobState
from engine.tts.client.fallback import FallbackEngine
from mynah.testing.fake_engine import INFO, FakeEngine, LateEngine
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, job_of, over


@pytest.fixture
async def engine(clock: RunningClock) -> LateEngine:
    return LateEngine(clock, seconds=lambda _: 0.2)


@pytest.fixture
async def loading(scene: Scene, start: Start, engine: LateEngine) -> Running:
    return await start(engine=engine)


async def test_every_command_answers_while_the_engine_loads(loading: Running, scene: Scene) -> None:
    assert "The speech engine is loading." in (await scene.say("Hello there.")).content
    await scene.guild.bot_joined(scene.lounge)
    for command in ("help", "queue view", "pause", "resume", "join", "skip", "stop", "leave"):
        await scene.told(command)
    assert await scene.ada.complete("say", "voice", "e", others={"text": "x"}) == []


async def test_what_was_said_meanwhile_is_spoken_when_it_is_ready(
    loading: Running, scene: Scene, engine: LateEngine
) -> None:
    message = await scene.say("Hello there.")
    engine.come_up()
    await message.wait_for(over)
    assert "Spoken in" in message.content


async def test_message_tells_when_the_engine_is_ready(
    loading: Running, scene: Scene, engine: LateEngine, clock: RunningClock
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
    engine = FakeEngine(clock, seconds=lambda _: 0.2)
    bot = await start(engine=engine)
    engine.go_down()
    message = await scene.say("Hello there.")
    assert "The speech engine is restarting." in message.content
    engine.come_up()
    await message.wait_for(over)
    assert "Spoken in" in message.content
    assert await bot.queue(scene) == []


async def test_unknown_voice_asked_for_before_the_engine_was_known_is_refused_by_name(
    loading: Running, scene: Scene, engine: LateEngine
) -> None:
    message = await scene.say("Hello there.", voice="nobody")
    assert "in the voice nobody:" in message.content
    behind = await scene.say("And this.")
    engine.come_up()
    await message.wait_for(over)
    assert "Failed: There is no voice “nobody” here." in message.content
    await behind.wait_for(over)
    assert "Spoken in" in behind.content
    assert [each.text for each in engine.asked] == ["And this."]


async def test_voice_asked_for_by_name_before_the_engine_was_known_is_spoken_in(
    loading: Running, scene: Scene, engine: LateEngine
) -> None:
    message = await scene.say("Hello there.", voice="German")
    engine.come_up()
    await message.wait_for(over)
    assert "in the voice German:" in message.content
    assert "Spoken in" in message.content
    assert {each.request.voice for each in engine.asked} == {"de"}


async def test_unknown_voice_is_refused_by_name_also_by_a_bot_that_was_restarted(
    loading: Running, scene: Scene, start: Start, clock: RunningClock
) -> None:
    message = await scene.say("Hello there.", voice="nobody")
    await loading.stop()
    engine = LateEngine(clock)
    await start(engine=engine)
    engine.come_up()
    await message.wait_for(over)
    assert "Failed: There is no voice “nobody” here." in message.content
    assert engine.asked == []
    assert "There is no voice “nobody” here." in await scene.press(message, "Replay")


async def test_voice_that_is_not_known_yet_is_not_chosen_for_later(
    loading: Running, scene: Scene, engine: LateEngine
) -> None:
    assert "not known yet" in await scene.told("voice use", {"voice": "nobody"})
    engine.come_up()
    message = await scene.say("Hello there.")
    await message.wait_for(over)
    assert "in the voice English:" in message.content


OTHER = replace(INFO, name="other", voices=(INFO.voices[0],))  # without German


async def test_chosen_voice_that_another_engine_lacks_is_not_spoken_in_secretly(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    """A waiting job keeps the voice in which it was requested, and the message says which one
    speaks."""
    engine = FakeEngine(clock, seconds=lambda _: 0.2)
    bot = await start(engine=engine)
    await scene.told("voice use", {"voice": "German"})
    engine.hold()
    chosen = await scene.say("Chosen.")
    typed = await scene.say("Typed.", voice="German")
    await bot.stop()
    other = FakeEngine(clock, info=OTHER, seconds=lambda _: 0.2)
    await start(engine=other)
    await typed.wait_for(over)
    assert "Failed: There is no voice “German” here." in typed.content
    await chosen.wait_for(over)
    assert "This engine does not have that voice: spoken in its own." in chosen.content
    assert [each.text for each in other.asked] == ["Chosen."]
    again = await (await (await scene.ada.press(chosen, "Replay")).answered()).original()
    await again.wait_for(over)
    assert "in the voice English:" in again.content


async def test_part_that_the_engine_refuses_is_counted_and_the_rest_spoken(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    engine = FakeEngine(clock, seconds=lambda _: 0.1)
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
    engine = FakeEngine(clock)
    engine.refuses.add("Hello")
    await start(engine=engine)
    message = await scene.say("Hello there.")
    await message.wait_for(over)
    assert message.content.endswith("Failed: The engine cannot speak this text.")
    assert message.buttons == ["Replay"]


async def test_message_says_that_a_spare_engine_speaks(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    main = FakeEngine(clock, seconds=lambda _: 0.2)
    fallback = FakeEngine(clock, seconds=lambda _: 2.0, info=replace(INFO, name="fallback"))
    await start(engine=FallbackEngine(main, fallback, clock))
    message = await scene.say("Hello there.")
    await message.wait_for(over)
    assert "a simpler one speaks meanwhile" not in message.content
    main.go_down()
    message = await scene.say("Hello again.")
    await message.wait_for(lambda each: "a simpler one speaks meanwhile" in each.content)
    main.come_up()  # while the fallback speaks
    await message.wait_for(over)
    assert "The speech engine was down: a simpler one spoke, in its own voice." in message.content
    assert [each.text for each in fallback.asked] == ["Hello again."]
