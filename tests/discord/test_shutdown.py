"""Commands that are under way, or arrive, while the bot shuts down."""

import asyncio

from sandbox import Sandbox
from tests.discord.conftest import Start
from tests.discord.scene import Scene, over


async def test_answer_under_way_is_settled_after_the_next_start(
    scene: Scene, discord: Sandbox, start: Start
) -> None:
    bot = await start()
    discord.rest.slow("POST", r"/callback$", 0.8)
    interaction = await scene.ada.command("say", {"text": "Hi."}, channel=scene.text)
    await bot.speech.subscribe().__anext__()  # its job is on disk
    await bot.stop()
    assert scene.bob.recording.frames == []
    await start()
    message = await interaction.original()
    await message.wait_for(over)
    assert "Spoken in" in message.content
    assert len(scene.bob.recording.speech_spans(join=0.5)) == 1


async def test_command_that_comes_too_late_is_asked_to_come_again(
    scene: Scene, start: Start
) -> None:
    bot = await start()
    await scene.told("join")
    await bot.joined(scene)
    stopping = asyncio.create_task(bot.stop())
    await asyncio.sleep(0)
    interaction = await scene.ada.command("leave", channel=scene.text)
    await stopping
    assert scene.guild.bot.voice.channel is None
    assert interaction.content == "I am restarting. Please try again in a moment."
    bot = await start()
    await bot.joined(scene)  # no command told it to leave


async def test_orderly_end_leaves_the_channel_and_a_start_comes_back(
    scene: Scene, start: Start
) -> None:
    bot = await start()
    message = await scene.say("This text goes on for quite a while. " * 12)
    await scene.bob.recording.until_sound(5.0)
    await bot.stop()
    assert scene.guild.bot.voice.channel is None
    assert not over(message)
    heard = len(scene.bob.recording.packets())
    await start()
    await scene.bob.recording.wait_for(lambda each: len(each.packets()) > heard, 10.0)


async def test_end_in_the_middle_of_leaving_is_an_end(scene: Scene, start: Start) -> None:
    bot = await start()
    await scene.told("join")
    await bot.joined(scene)
    await scene.told("leave")
    await bot.stop()
    assert scene.guild.bot.voice.channel is None
    await start()
    assert scene.guild.bot.voice.channel is None
