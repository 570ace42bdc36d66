"""Voice that fails again and again: few attempts, other servers unharmed, and speech afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.voice.channel_session import BURST, PER_MINUTE
from mynah.testing.fake_engine import FakeEngine
from sandbox import Guild, Permission, Sandbox
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock, until
from tests.discord.scene import Scene, over

#: What the pauses between attempts allow in a minute, and one that was under way.
MOST_TRIES = 12
TEXT = "A text that is worth the wait."


@pytest.fixture
def engine(clock: RunningClock) -> FakeEngine:
    return FakeEngine(clock, seconds=lambda text: 0.2)


@pytest.fixture
async def running(scene: Scene, start: Start, engine: FakeEngine) -> Running:
    return await start(engine=engine)


@pytest.fixture
async def broken(discord: Sandbox, scene: Scene, running: Running) -> Running:
    """The voice server closes every handshake of the scene's server with 4006."""
    discord.voice.refuse_identify(scene.guild.id, 4006, None)
    return running


def joins(discord: Sandbox, guild: Guild) -> int:
    """How often the bot has asked to be in a channel of this server."""
    asked = discord.gateway.voice_requests
    return sum(each.guild_id == guild.id and each.channel_id is not None for each in asked)


def most_in_a_minute(discord: Sandbox) -> int:
    """The most voice requests of all servers that came within 60 s."""
    times = [each.time for each in discord.gateway.voice_requests]
    return max(sum(start <= at < start + 60 for at in times) for start in times)


async def pass_time(clock: RunningClock, seconds: float) -> None:
    """Advance in steps, so that events on the way can happen."""
    end = clock.monotonic() + seconds
    await clock.advance_until(lambda: clock.monotonic() >= end, step=0.25, most=seconds + 1)


async def connected_again(running: Running, scene: Scene, clock: RunningClock) -> None:
    """Wait until it can be heard. Connections do not outlive jumps of time: from here time runs by
    itself."""
    guild_voice = running.bot.guild_voices.guild_voice(scene.guild.id)
    await clock.advance_until(lambda: guild_voice.connected, step=0.25, most=30.0)


@contextlib.asynccontextmanager
async def whenever_connected(
    running: Running, scene: Scene, act: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Do something to the bot's voice each time that it can be heard."""

    guild_voice = running.bot.guild_voices.guild_voice(scene.guild.id)

    async def keep_acting() -> None:
        while True:
            await running.joined(scene)
            await act()
            await until(lambda: not guild_voice.connected, "the loss")

    task = asyncio.create_task(keep_acting())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, TimeoutError):
        await task


# One server whose voice fails.


async def test_voice_server_that_refuses_every_handshake_is_tried_less_and_less_often(
    discord: Sandbox, scene: Scene, broken: Running, clock: RunningClock
) -> None:
    message = await scene.say(TEXT)
    await pass_time(clock, 60.0)
    assert 6 <= joins(discord, scene.guild) <= MOST_TRIES
    await message.wait_for(lambda each: "cannot join the voice channel" in each.content)

    discord.voice.accept_identify(scene.guild.id)
    await connected_again(broken, scene, clock)
    await message.wait_for(over, timeout=10.0)
    assert "Spoken in" in message.content


async def test_code_that_only_an_operator_can_fix_is_tried_once_a_minute(
    discord: Sandbox, scene: Scene, running: Running, clock: RunningClock
) -> None:
    discord.voice.refuse_identify(scene.guild.id, 4017, None)
    await scene.say(TEXT)
    await until(lambda: joins(discord, scene.guild) == 1, "the first try")
    await pass_time(clock, 59.0)
    assert joins(discord, scene.guild) == 1
    await pass_time(clock, 5.0)
    assert joins(discord, scene.guild) == 2


async def test_no_event_shortens_a_pause(
    discord: Sandbox, scene: Scene, broken: Running, clock: RunningClock
) -> None:
    await scene.say(TEXT)
    await clock.advance_until(lambda: joins(discord, scene.guild) >= 6, step=0.25, most=20.0)
    tried = joins(discord, scene.guild)
    for _ in range(10):
        await scene.eve.join(scene.lounge)
        scene.lounge.overwrite(scene.guild.bot, deny=Permission.CONNECT)
        await scene.guild.move_voice_server()
        scene.guild.unavailable()
        scene.guild.available()
        scene.lounge.overwrite(scene.guild.bot)
        await scene.eve.leave()
        await clock.advance(0.1)
    assert joins(discord, scene.guild) <= tried + 1


async def test_voice_that_is_lost_each_time_soon_after_it_was_joined_is_joined_less_and_less_often(
    discord: Sandbox, scene: Scene, running: Running, clock: RunningClock
) -> None:
    async def cut() -> None:
        await discord.voice.close_connection(scene.guild.id, 4006)

    message = await scene.say(TEXT)
    async with whenever_connected(running, scene, cut):
        await pass_time(clock, 60.0)
        assert 4 <= joins(discord, scene.guild) <= MOST_TRIES
    await connected_again(running, scene, clock)
    await message.wait_for(over, timeout=10.0)
    assert "Spoken in" in message.content


async def test_voice_servers_that_change_again_and_again_are_followed_less_and_less_often(
    discord: Sandbox, scene: Scene, running: Running, clock: RunningClock
) -> None:
    message = await scene.say(TEXT)
    async with whenever_connected(running, scene, scene.guild.move_voice_server):
        await pass_time(clock, 60.0)
        assert 4 <= len(discord.voice.history) <= MOST_TRIES
    await connected_again(running, scene, clock)
    await message.wait_for(over, timeout=10.0)
    assert "Spoken in" in message.content


async def test_command_hurries_one_try(
    discord: Sandbox, scene: Scene, broken: Running, clock: RunningClock
) -> None:
    await scene.say(TEXT)
    await pass_time(clock, 30.0)
    tried = joins(discord, scene.guild)
    await clock.advance_until(lambda: joins(discord, scene.guild) > tried, step=0.25, most=16.0)
    await pass_time(clock, 6.0)  # the pause is 15 s by now
    assert joins(discord, scene.guild) == tried + 1
    tried += 1
    await scene.command("join")
    await until(lambda: joins(discord, scene.guild) == tried + 1, "a try at once")


async def test_commands_without_end_cause_few_tries(
    discord: Sandbox, scene: Scene, broken: Running
) -> None:
    for _ in range(25):
        await scene.told("join")
        await scene.told("join", by=scene.bob)
    await scene.say(TEXT)
    assert joins(discord, scene.guild) <= MOST_TRIES


async def test_call_to_leave_is_obeyed_during_a_pause(
    discord: Sandbox, scene: Scene, broken: Running, clock: RunningClock
) -> None:
    await scene.told("join")
    await pass_time(clock, 20.0)
    tried = joins(discord, scene.guild)
    assert "Goodbye" in await scene.told("leave")
    await scene.guild.bot_left(timeout=2.0)
    await pass_time(clock, 30.0)
    assert joins(discord, scene.guild) == tried


async def test_other_servers_join_and_speak_meanwhile(
    discord: Sandbox, scene: Scene, broken: Running, clock: RunningClock
) -> None:
    other = Scene(discord)
    await other.ada.join(other.lounge)
    await until(lambda: broken.bot.get_guild(other.guild.id), "the second server")
    waiting = await scene.say(TEXT)
    await pass_time(clock, 60.0)
    for _ in range(2):
        message = await other.say(TEXT)
        await message.wait_for(over, timeout=10.0)
        assert "Spoken in" in message.content
        await other.told("leave")
        await other.guild.bot_left()
    assert not over(waiting)


# Many servers.


@pytest.fixture
async def many(discord: Sandbox, scene: Scene) -> list[Scene]:
    """A dozen servers besides the scene's, in which voice does not work."""
    scenes = [Scene(discord) for _ in range(12)]
    for each in scenes:
        await each.ada.join(each.lounge)
        discord.voice.refuse_identify(each.guild.id, 4006, None)
    return scenes


async def test_requests_of_many_servers_stay_under_the_gateways_limit(
    discord: Sandbox, many: list[Scene], running: Running, clock: RunningClock
) -> None:
    messages = [await each.say(TEXT) for each in many]
    await pass_time(clock, 20.0)
    asked = len(discord.gateway.voice_requests)
    assert asked > BURST, "they did not want more than they may"
    assert most_in_a_minute(discord) <= BURST + PER_MINUTE
    assert all(joins(discord, each.guild) >= 2 for each in many), "no server is left out"
    for each in many:
        discord.voice.accept_identify(each.guild.id)
    await clock.advance_until(lambda: all(map(over, messages)), step=0.25, most=60.0)
    assert all("Spoken in" in each.content for each in messages)
    assert not running.bot.ws.is_ratelimited()


async def test_bot_that_is_stopped_leaves_though_the_budget_is_empty(
    discord: Sandbox, scene: Scene, many: list[Scene], running: Running, clock: RunningClock
) -> None:
    await scene.told("join")
    await running.joined(scene)
    for each in many:
        await each.told("join")
    await pass_time(clock, 20.0)
    before = len(discord.gateway.voice_requests)
    await running.stop()
    asked = discord.gateway.voice_requests[before:]
    assert (scene.guild.id, None) in [(each.guild_id, each.channel_id) for each in asked]
    for each in (scene, *many):
        await each.guild.bot_left()
