"""The status message of a job, from the queue to its outcome."""

from mynah.testing.fake_engine import FakeEngine
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock
from tests.discord.scene import LONG, Scene, job_of, over

TWO = "This is the first sentence of it all. And here is the second one, a little longer."


async def test_waiting_jobs_show_their_place_and_who_asked(bot: Running, scene: Scene) -> None:
    first = await scene.say(LONG)
    assert "Next in the queue" in first.content
    await scene.bob.recording.until_sound(5.0)
    second = await scene.say("Hello there.", by=scene.bob)
    third = await scene.say("Last.", by=scene.bob)
    assert second.content.startswith(f"{scene.bob.mention} says, in the voice English (America):")
    assert "> Hello there." in second.content
    assert "Next in the queue" in second.content
    assert "Place 2 in the queue" in third.content
    assert second.buttons == ["Skip", "Stop"]


async def test_waiting_message_tells_when_its_turn_comes(bot: Running, scene: Scene) -> None:
    await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    waiting = await scene.say("Now me.", by=scene.bob)
    assert "Next in the queue, starts <t:" in waiting.content
    assert ":R>" in waiting.content


async def test_spoken_job_shows_a_bar_then_its_outcome(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    lengths = {True: 0.1, False: 0.8}
    engine = FakeEngine(clock, seconds=lambda text: lengths[text.startswith("This")])
    bot = await start(engine=engine)
    message = await scene.say(TWO)
    await bot.view(job_of(message), lambda view: view.spoken)
    await clock.advance(1.5)
    await message.wait_for(lambda each: "▰▱ 1/2" in each.content)
    assert message.buttons == ["Skip", "Stop"]

    await message.wait_for(over)
    assert message.content.endswith("Spoken in 3 s.")
    assert message.buttons == ["Replay", "Download"]


async def test_pause_is_shown_and_so_is_its_end(
    bot: Running, scene: Scene, clock: RunningClock
) -> None:
    message = await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    await scene.told("pause")
    await clock.advance_until(
        lambda: "Paused: `/resume` goes on." in message.content, step=0.5, most=5.0
    )
    await scene.told("resume")
    await clock.advance_until(lambda: "Paused" not in message.content, step=0.5, most=5.0)


async def test_expired_job_says_so(scene: Scene, start: Start, clock: RunningClock) -> None:
    await start(mynah_job_expiry=60.0)
    message = await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    await scene.told("leave")
    await scene.guild.bot_left()
    await clock.advance(61.0)
    await message.wait_for(over)
    assert "Expired: for too long I was in no voice channel" in message.content
    assert "Replay" in message.buttons


async def test_outcome_tells_how_much_was_spoken_of_what_was_skipped(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    lengths = {True: 0.1, False: 20.0}
    bot = await start(
        engine=FakeEngine(clock, seconds=lambda text: lengths[text.startswith("This")])
    )
    message = await scene.say(TWO)
    await bot.view(job_of(message), lambda view: view.spoken)
    await scene.told("skip")
    await message.wait_for(over)
    assert message.content.endswith(f"Skipped by {scene.ada.mention}; 1 of 2 parts spoken.")
    assert message.buttons == ["Replay", "Download"]


async def test_shutdown_is_told_and_the_start_corrects_it(scene: Scene, start: Start) -> None:
    bot = await start()
    message = await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    await bot.stop()
    assert message.content.endswith("I am restarting. I go on when I am back.")
    await start()
    await message.wait_for(lambda each: "restarting" not in each.content)
