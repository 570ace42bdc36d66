"""Status messages of members whose data was deleted: redacted whatever Discord answers, or
named."""

import pytest

from bot.locales.catalog import text
from sandbox import Permission, Sandbox
from tests.discord.conftest import Start
from tests.discord.erased import SAID, ask, delete, forgotten, outcome, quiet, redacted
from tests.discord.running import Running, RunningClock, until
from tests.discord.scene import Scene, job_of, over

EDIT = r"^/channels/\d+/messages/\d+$"


async def test_messages_wait_for_the_next_start_when_the_bot_is_stopped(
    bot: Running, scene: Scene, discord: Sandbox, start: Start
) -> None:
    await quiet(scene)
    messages = [await scene.say(f"{SAID} {number}") for number in range(6)]
    discord.rest.fail("PATCH", EDIT, status=503, times=1000)
    await delete(scene)
    await discord.rest.until(lambda log: any(each.status == 503 for each in log))
    await bot.stop()
    assert not any(map(redacted, messages))
    discord.rest.clear()
    again = await start()
    for message in messages:
        await message.wait_for(redacted, timeout=20.0)
    told = await scene.ada.dm.wait_for(
        lambda message: "removed your text" in message.content, timeout=20.0
    )
    assert "removed your text from 6 messages." in told.content
    await forgotten(again)


async def test_text_does_not_come_back_by_an_edit_that_was_under_way(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    message = await scene.say(SAID)
    discord.rest.slow("PATCH", EDIT, 5.0)
    await bot.view(job_of(message), lambda view: view.job.state.final)
    await discord.rest.until(lambda log: any(each.method == "PATCH" for each in log))
    pressed = await delete(scene)
    discord.clock.advance(5.0)  # the edit takes effect only now, with the text
    assert "removed your text from 1 message." in await outcome(pressed)
    assert [content for _, content in message.edits][-1] == text("mydata-redacted")
    assert any(SAID in content for _, content in message.edits)


async def test_message_whose_place_is_not_known_yet_is_redacted_too(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.rest.apply_then_fail("POST", "/callback$", status=502)
    discord.rest.fail("GET", "/@original$", status=503, times=1000)
    message = await scene.say(SAID)
    question = await ask(scene)
    pressed = await scene.ada.press(question, "Delete all of it")
    assert "removed your text from 1 message." in await outcome(await pressed.answered())
    assert redacted(message)
    discord.rest.clear()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_fault_of_rest_delays_a_message_and_nothing_else(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock, status: int
) -> None:
    message = await scene.say(SAID)
    await message.wait_for(over)
    discord.rest.fail("PATCH", EDIT, status=status, retry_after=0.3)
    pressed = await delete(scene)
    await discord.rest.until(lambda log: any(each.status == status for each in log))
    await clock.advance_until(lambda: redacted(message), step=0.5, most=60.0)
    assert "removed your text from 1 message." in await outcome(pressed)


async def test_message_that_somebody_deleted_is_counted_as_gone(bot: Running, scene: Scene) -> None:
    message = await scene.say(SAID)
    await message.wait_for(over)
    await message.delete()
    told = await outcome(await delete(scene))
    assert "1 message was already deleted." in told
    await forgotten(bot)


async def test_channel_that_the_bot_may_not_view_is_reached_by_the_token(
    bot: Running, scene: Scene
) -> None:
    message = await scene.say(SAID)
    await message.wait_for(over)
    scene.text.overwrite(scene.guild.bot_role, deny=Permission.VIEW_CHANNEL)
    assert "removed your text from 1 message." in await outcome(await delete(scene))
    assert redacted(message)


async def test_messages_out_of_reach_are_named_by_their_links(
    scene: Scene, discord: Sandbox, clock: RunningClock, start: Start
) -> None:
    bot = await start(mynah_max_queue_member=20)
    await quiet(scene)
    discord.limit_rates(False)
    hidden = scene.guild.text("hidden")
    messages = [await scene.say(f"{SAID} {number}", channel=hidden) for number in range(12)]
    await scene.say(SAID)
    hidden.overwrite(scene.guild.bot_role, deny=Permission.VIEW_CHANNEL)
    await clock.advance(16 * 60.0)  # their tokens have expired
    pressed = await delete(scene)
    await clock.advance_until(lambda: "is deleted.\n" in (pressed.content or ""), step=1, most=200)
    told = await outcome(pressed)
    assert "removed your text from 1 message." in told
    assert "12 messages are out of my reach" in told
    link = f"https://discord.com/channels/{scene.guild.id}/{hidden.id}/{messages[0].id}"
    assert f"- {link}: I cannot see its channel" in told
    assert told.count("https://") == 10
    assert "and 2 more" in told
    await forgotten(bot)


async def test_server_that_the_bot_was_put_out_of_is_out_of_reach(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    message = await scene.say(SAID)
    await message.wait_for(over)
    other = Scene(discord)
    guild = other.guild
    guild.welcome(scene.ada)
    await scene.guild.remove_bot()
    await until(lambda: bot.bot.get_guild(scene.guild.id) is None, "the server is gone")
    pressed = await delete(other, guild.members[scene.ada.id])
    told = await outcome(pressed)
    assert f"https://discord.com/channels/{scene.guild.id}/{scene.text.id}/{message.id}" in told
    assert "I am no longer in its server" in told


async def test_archived_thread_is_redacted_when_it_is_opened(
    bot: Running, scene: Scene, clock: RunningClock
) -> None:
    thread = scene.text.thread("Stories")
    message = await scene.say(SAID, channel=thread)
    await message.wait_for(over)
    await clock.advance(16 * 60.0)
    thread.archive()
    told = await outcome(await delete(scene))
    assert "1 message is in archived threads" in told
    thread.archive(False)
    await clock.advance_until(lambda: redacted(message), step=60.0, most=1200.0)


async def test_many_old_messages_are_redacted_as_fast_as_discord_lets_and_told_in_the_end(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    discord.limit_rates(False)  # discord.py would keep them by real time
    await quiet(scene)
    messages = [await scene.say(f"{SAID} {number}") for number in range(7)]
    await scene.told("stop")
    await clock.advance_until(lambda: all(map(over, messages)), step=2.5, most=60.0)
    await clock.advance(3700.0)
    pressed = await delete(scene)
    await clock.advance(16 * 60.0)  # the answer's token expires before the end
    await clock.advance_until(lambda: all(map(redacted, messages)), step=5.0, most=600.0)
    assert not any(each.code == 30046 for each in discord.rest.requests)
    await clock.advance_until(lambda: scene.ada.dm.messages, step=5.0, most=60.0)
    assert "removed your text from 7 messages." in scene.ada.dm.messages[0].content
    assert "is deleted.\n" not in (pressed.content or "")
