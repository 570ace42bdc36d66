"""The bot's place and its right to speak: disconnected, left alone, muted, moved, called again."""

import asyncio

import pytest

from engine.model.jobs import EndReason, JobState
from mynah.testing.fake_engine import FakeEngine
from sandbox import Permission, Sandbox
from tests.discord.conftest import Start
from tests.discord.hearing import Hearing
from tests.discord.running import Running, RunningClock, until
from tests.discord.scene import Scene, job_of, over

PACKETS = 30
SENTENCES = [f"This is sentence number {n} of the text." for n in ("one", "two", "three", "four")]
TEXT = " ".join(SENTENCES)


@pytest.fixture
def engine(clock: RunningClock) -> FakeEngine:
    return FakeEngine(clock, seconds=lambda text: PACKETS * 0.02)


@pytest.fixture
async def running(scene: Scene, start: Start, engine: FakeEngine) -> Running:
    return await start(engine=engine)


@pytest.fixture
def hearing(running: Running, scene: Scene, engine: FakeEngine) -> Hearing:
    return Hearing(engine, scene.bob.recording, PACKETS)


async def test_the_bot_joins_self_deafened(scene: Scene, hearing: Hearing) -> None:
    await scene.say(TEXT)
    await hearing.until(SENTENCES[0])
    assert scene.guild.bot.voice.self_deaf


async def test_disconnected_by_a_moderator_it_stays_out_and_says_why(
    running: Running, scene: Scene, hearing: Hearing
) -> None:
    spoken, waiting = await scene.say(TEXT), await scene.say("Another one.", by=scene.bob)
    await hearing.until(SENTENCES[1], at=5)
    await scene.guild.bot.disconnect_voice()
    for message in (spoken, waiting):
        await message.wait_for(over, timeout=10.0)
        assert "disconnected" in message.content
        job = (await running.speech.view(job_of(message))).job
        assert (job.state, job.ended_by) == (JobState.CANCELLED, EndReason.DISCONNECTED)
    assert scene.guild.bot.voice.channel is None
    assert SENTENCES[3] not in hearing.chunks


async def test_called_again_after_a_disconnect_it_speaks(scene: Scene, hearing: Hearing) -> None:
    ended = await scene.say(TEXT)
    await hearing.until(SENTENCES[0], at=5)
    await scene.guild.bot.disconnect_voice()
    await ended.wait_for(over, timeout=10.0)
    message = await scene.say("A text that comes later.")
    await message.wait_for(over, timeout=10.0)
    assert "Spoken in" in message.content
    assert hearing.chunks[-1] == "A text that comes later."


async def test_a_deleted_channel_ends_its_jobs_and_says_so(
    running: Running, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[0], at=5)
    await scene.guild.delete_channel(scene.lounge)
    await message.wait_for(over, timeout=10.0)
    job = (await running.speech.view(job_of(message))).job
    assert (job.state, job.ended_by) == (JobState.CANCELLED, EndReason.LANE_GONE)
    assert "channel" in message.content


async def test_removed_from_the_server_its_jobs_end(
    running: Running, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    job_id = job_of(message)
    await hearing.until(SENTENCES[0], at=5)
    changes = running.speech.subscribe()
    await scene.guild.remove_bot()
    async with asyncio.timeout(10.0):
        async for _ in changes:
            if (await running.speech.view(job_id)).job.state.final:
                break
    assert (await running.speech.view(job_id)).job.ended_by is EndReason.LANE_GONE


async def test_while_a_server_is_unavailable_its_jobs_wait(scene: Scene, hearing: Hearing) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    scene.guild.unavailable()
    scene.guild.available()
    await message.wait_for(over, timeout=15.0)
    assert "Spoken in" in message.content
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_left_alone_it_stops_at_the_chunk_and_goes_on_when_somebody_comes_back(
    running: Running, scene: Scene, engine: FakeEngine, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await scene.ada.leave()
    await scene.bob.leave()
    await message.wait_for(lambda each: "Nobody is listening" in each.content, timeout=10.0)
    await scene.ada.join(scene.lounge)
    again = Hearing(engine, scene.ada.recording, PACKETS)
    await message.wait_for(over, timeout=10.0)
    assert again.chunks == SENTENCES[1:]


async def test_another_bot_is_no_listener(scene: Scene, hearing: Hearing) -> None:
    robot = scene.guild.member("Robot", bot=True)
    await robot.join(scene.lounge)
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[0], at=5)
    await scene.ada.leave()
    await scene.bob.leave()
    await message.wait_for(lambda each: "Nobody is listening" in each.content, timeout=10.0)


async def test_alone_for_too_long_it_leaves_and_goes_on_when_called_again(
    scene: Scene, engine: FakeEngine, clock: RunningClock, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await scene.ada.leave()
    await scene.bob.leave()
    await message.wait_for(lambda each: "Nobody is listening" in each.content, timeout=10.0)
    await clock.advance(61.0)
    await scene.guild.bot_left()

    await scene.ada.join(scene.den)
    await scene.command("join")
    again = Hearing(engine, scene.ada.recording, PACKETS)
    await message.wait_for(over, timeout=15.0)
    assert "Spoken in" in message.content
    assert again.chunks == SENTENCES[1:]


async def test_jobs_that_wait_for_nobody_expire_and_say_so(
    scene: Scene, clock: RunningClock, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await scene.ada.leave()
    await scene.bob.leave()
    await message.wait_for(lambda each: "Nobody is listening" in each.content, timeout=10.0)
    await clock.advance(61.0)
    await scene.guild.bot_left()
    await clock.advance(601.0)
    await message.wait_for(over, timeout=10.0)
    assert "xpired" in message.content


async def test_muted_by_the_server_it_waits_and_says_so_and_repeats_the_chunk(
    scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await scene.guild.bot.server_mute(True)
    await message.wait_for(lambda each: "muted by the server" in each.content, timeout=10.0)
    heard = len(hearing.packets)
    await scene.guild.bot.server_mute(False)
    await message.wait_for(over, timeout=10.0)
    assert hearing.packets[heard] == (SENTENCES[1], 0)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_without_speak_it_waits_and_says_so(scene: Scene, hearing: Hearing) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    scene.lounge.overwrite(scene.guild.bot, deny=Permission.SPEAK)
    await message.wait_for(lambda each: "Speak" in each.content, timeout=10.0)
    scene.lounge.overwrite(scene.guild.bot)
    await message.wait_for(over, timeout=10.0)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_moved_to_the_afk_channel_it_waits_until_it_is_moved_back(
    scene: Scene, hearing: Hearing
) -> None:
    afk = scene.guild.afk("Away")
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await scene.eve.join(afk)
    await scene.guild.bot.move(afk)
    await message.wait_for(lambda each: "AFK" in each.content, timeout=10.0)
    await scene.guild.bot.move(scene.lounge)
    await message.wait_for(over, timeout=15.0)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_a_pause_goes_on_where_it_stopped(scene: Scene, hearing: Hearing) -> None:
    message = await scene.say(TEXT)
    await hearing.until(SENTENCES[1], at=5)
    await scene.command("pause")
    await message.wait_for(lambda each: "aused" in each.content, timeout=10.0)
    await scene.command("resume")
    await message.wait_for(over, timeout=10.0)
    assert hearing.chunks == SENTENCES
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_servers_do_not_wait_for_each_other(
    discord: Sandbox, running: Running, scene: Scene, engine: FakeEngine, hearing: Hearing
) -> None:
    other = Scene(discord)
    await other.ada.join(other.lounge)
    await until(lambda: running.bot.get_guild(other.guild.id), "the second server")
    long = await scene.say(TEXT)
    await hearing.until(SENTENCES[0], at=5)
    short = await other.say("A single word.")
    await short.wait_for(over, timeout=10.0)
    assert not over(long)


async def test_what_waits_is_heard_in_the_order_in_which_it_was_said(
    scene: Scene, hearing: Hearing
) -> None:
    texts = [f"This is job number {n} of the queue." for n in ("one", "two", "three")]
    messages = [await scene.say(text) for text in texts]
    await messages[-1].wait_for(over, timeout=15.0)
    assert hearing.chunks == texts


async def test_a_skip_ends_the_sound_at_once_and_the_next_job_follows(
    scene: Scene, hearing: Hearing
) -> None:
    first = await scene.say(TEXT)
    second = await scene.say("This is what comes after it.")
    await hearing.until(SENTENCES[1], at=5)
    await scene.command("skip")
    await second.wait_for(over, timeout=10.0)
    assert "kipped by" in first.content
    assert hearing.chunks == [*SENTENCES[:2], "This is what comes after it."]
    assert not hearing.whole(SENTENCES[1])


async def test_left_alone_while_it_joins_it_comes_at_once_when_it_is_called_elsewhere(
    discord: Sandbox, scene: Scene, engine: FakeEngine, hearing: Hearing
) -> None:
    discord.voice.welcome_delay = 0.5
    await scene.command("join")
    await scene.guild.bot_joined(scene.lounge)
    await scene.ada.leave()
    await scene.bob.leave()
    await scene.eve.join(scene.den)
    discord.voice.welcome_delay = 0.0
    message = await scene.say("Over here.", by=scene.eve)
    await scene.guild.bot_joined(scene.den, timeout=5.0)
    await message.wait_for(over, timeout=5.0)
    assert Hearing(engine, scene.eve.recording, PACKETS).chunks == ["Over here."]
