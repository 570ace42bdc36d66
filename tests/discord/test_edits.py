"""How status messages are edited: within the limits, outcomes first, as long as there is a way."""

import itertools

import pytest

from engine.model.jobs import JobState
from sandbox import Message, Permission, Sandbox
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock, brief_engine
from tests.discord.scene import LONG, Scene, job_of, over

#: An interaction's token works for one more minute.
FOURTEEN_MINUTES = 14 * 60.0
EDIT = r"^/channels/\d+/messages/\d+$"


@pytest.fixture
async def bot(scene: Scene, start: Start, clock: RunningClock) -> Running:
    return await start(engine=brief_engine(clock))


def edits(discord: Sandbox, message: Message) -> int:
    """How often the bot tried to edit a message by its own token."""
    path = f"/channels/{message.channel.id}/messages/{message.id}"
    return sum(each.method == "PATCH" and each.path == path for each in discord.rest.requests)


async def one_more_chunk(bot: Running, job_id: int) -> None:
    """Wait until one more chunk of a job was spoken."""
    spoken = (await bot.speech.view(job_id)).spoken
    await bot.view(job_id, lambda view: view.spoken > spoken)


async def test_outcomes_go_out_before_places_and_all_within_the_limits(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    await scene.told("join")
    await scene.told("pause")
    both = [
        (await scene.say(f"Ada's {number}."), await scene.say(f"Bob's {number}.", by=scene.bob))
        for number in range(6)
    ]
    adas, bobs = ([pair[who] for pair in both] for who in (0, 1))
    await clock.advance(10.0)
    began = len(discord.rest.requests)
    await scene.told("stop")
    await clock.advance_until(
        lambda: "Place 3 in the queue" in bobs[2].content, step=0.25, most=60.0
    )

    outcomes = [message.edits[-1][0] for message in adas]
    places = [message.edits[-1][0] for message in bobs[:3]]
    assert all("Stopped by" in message.content for message in adas)
    assert max(outcomes) < min(places)
    log = [each for each in discord.rest.requests[began:] if each.method == "PATCH"]
    assert all(each.status == 200 for each in log)
    for first, sixth in zip(log, log[5:], strict=False):
        assert sixth.time - first.time >= 5.0


async def test_job_being_spoken_is_edited_no_more_often_than_every_second_and_a_half(
    bot: Running, scene: Scene, clock: RunningClock
) -> None:
    message = await scene.say("Here is one more sentence for all of you to hear, my friends. " * 6)
    for _ in range(5):
        await one_more_chunk(bot, job_of(message))
        await clock.advance(0.5)
    await message.wait_for(over)
    times = [at for at, content in message.edits if "▰" in content or "▱" in content]
    assert len(times) >= 2
    assert all(after - before >= 1.45 for before, after in itertools.pairwise(times))


async def test_final_state_of_a_job_older_than_its_token_is_shown(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    await scene.told("join")
    await scene.told("pause")
    message = await scene.say("Hi.")
    await clock.advance(16 * 60.0)
    await scene.told("resume")
    await message.wait_for(over, timeout=15.0)
    assert "Spoken in" in message.content
    assert discord.rest.requests[-1].path.startswith("/channels/")


# Where the bot may not view the channel


@pytest.fixture
def blind(scene: Scene) -> None:
    scene.text.overwrite(scene.guild.bot_role, deny=Permission.VIEW_CHANNEL)


@pytest.mark.usefixtures("blind")
async def test_channel_that_the_bot_may_not_view_is_edited_by_the_token(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    message = await scene.say("Hi.")
    await message.wait_for(over)
    assert "Spoken in" in message.content
    assert edits(discord, message) <= 1


@pytest.mark.usefixtures("blind")
async def test_message_says_before_its_token_dies_that_it_cannot_follow(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    await scene.told("join")
    await scene.told("pause")
    message = await scene.say("Hi.")
    await bot.view(job_of(message), lambda view: not view.job.pending)
    await clock.advance(message.created + FOURTEEN_MINUTES - clock.time())
    await message.wait_for(
        lambda message: "this message does not change any more" in message.content
    )
    await clock.advance(2 * 60.0)
    await scene.told("resume")
    await bot.view(job_of(message), lambda view: view.job.state is JobState.COMPLETED, 15.0)
    assert "this message does not change any more" in message.content


async def test_message_in_a_channel_that_can_be_viewed_says_no_such_thing(
    bot: Running, scene: Scene, clock: RunningClock
) -> None:
    await scene.told("join")
    await scene.told("pause")
    message = await scene.say("Hi.")
    await clock.advance(14 * 60.0)
    await scene.told("stop")
    await message.wait_for(over)
    assert not any("cannot follow" in content for _, content in message.edits)


# What Discord says to an edit


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (404, 10008)])
async def test_permanent_error_ends_the_edits_of_that_message_only(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock, status: int, code: int
) -> None:
    discord.rest.fail("PATCH", EDIT, status=status, code=code)
    message = await scene.say(LONG)
    await clock.advance_until(lambda: edits(discord, message), step=0.5, most=60.0)
    await scene.told("skip")
    following = await scene.say("Next.")
    await following.wait_for(over)
    assert edits(discord, message) == 1
    assert message.edits == []


async def test_missing_access_after_the_token_died_ends_the_edits(
    scene: Scene, discord: Sandbox, start: Start, clock: RunningClock
) -> None:
    bot = await start(engine=brief_engine(clock), mynah_job_expiry=86_400.0)
    message = await scene.say(LONG)
    await bot.joined(scene)
    await scene.told("leave")
    await scene.guild.bot_left()
    await clock.advance(message.created + 16 * 60.0 - clock.time())
    scene.text.overwrite(scene.guild.bot_role, deny=Permission.VIEW_CHANNEL)
    await scene.told("stop")
    await discord.rest.until(lambda log: log[-1].code == 50001)
    await clock.advance(120.0)
    await bot.stop()
    assert sum(each.code == 50001 for each in discord.rest.requests) == 1
    assert "Stopped" not in message.content


async def test_archived_thread_is_edited_once_it_is_open_again(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    thread = scene.text.thread("Stories")
    message = await scene.say(LONG, channel=thread)
    await scene.bob.recording.until_sound(5.0)
    thread.archive()
    await scene.told("skip")
    await discord.rest.until(lambda log: any(each.code == 50083 for each in log))
    thread.archive(False)
    await clock.advance_until(lambda: over(message), step=60.0, most=600.0)
    assert "Skipped by" in message.content


async def test_message_that_somebody_deleted_does_not_end_its_job(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    message = await scene.say("Hello there.")
    await message.delete()
    view = await bot.view(job_of(message), lambda view: view.job.state.final)
    assert view.job.state is JobState.COMPLETED
    await discord.rest.until(lambda log: log[-1].code == 10008)
    following = await scene.say("Next.")
    await following.wait_for(over)
    assert edits(discord, message) == 1


async def test_channel_that_was_deleted_does_not_end_its_jobs(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    elsewhere = scene.guild.text("gone-soon")
    message = await scene.say("Hello there.", channel=elsewhere)
    await scene.guild.delete_channel(elsewhere)
    view = await bot.view(job_of(message), lambda view: view.job.state.final)
    assert view.job.state is JobState.COMPLETED


# Faults of REST


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_fault_of_rest_delays_an_edit_and_nothing_else(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock, status: int
) -> None:
    message = await scene.say("Hi.")
    discord.rest.fail("PATCH", EDIT, status=status, retry_after=0.3)
    await bot.view(job_of(message), lambda view: view.job.state is JobState.COMPLETED)
    await discord.rest.until(lambda log: any(each.status == status for each in log))
    await clock.advance_until(lambda: over(message), step=0.5, most=200.0)
    assert "Spoken in" in message.content


async def test_cut_connection_delays_an_edit_and_nothing_else(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    message = await scene.say("Hi.")
    discord.rest.cut("PATCH", EDIT)
    await bot.view(job_of(message), lambda view: view.job.state is JobState.COMPLETED)
    await discord.rest.until(lambda log: edits(discord, message) == 1)
    await clock.advance_until(lambda: over(message), step=0.5, most=200.0)
    assert "Spoken in" in message.content


async def test_slow_edits_hold_up_neither_sound_nor_commands(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    discord.rest.slow("PATCH", EDIT, 60.0, times=100)
    first = await scene.say("Hi.")
    second = await scene.say("Hello again.")
    await bot.view(job_of(second), lambda view: view.job.state is JobState.COMPLETED)
    assert "Nothing is waiting" in await scene.told("queue view")
    assert first.edits == []
    discord.rest.clear()
    discord.clock.advance(60.0)
    for message in (first, second):
        await message.wait_for(over)


async def test_edits_that_are_owed_are_made_after_a_restart(
    bot: Running, scene: Scene, discord: Sandbox, start: Start
) -> None:
    discord.rest.fail("PATCH", EDIT, status=503, times=1000)
    message = await scene.say("Hi.")
    await bot.view(job_of(message), lambda view: view.job.state is JobState.COMPLETED)
    await bot.stop()
    discord.rest.clear()
    await start()
    await message.wait_for(over)
    assert "Spoken in" in message.content


async def test_edits_of_old_messages_that_discord_holds_back_are_made_later(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    discord.limit_rates(False)  # discord.py would keep them by real time
    await scene.told("join")
    await scene.told("pause")
    messages = [await scene.say(f"Number {number}.") for number in range(5)]
    await clock.advance(3700.0)
    await scene.told("stop")
    await clock.advance_until(lambda: all(map(over, messages)), step=2.5, most=400.0)
    assert any(each.code == 30046 for each in discord.rest.requests)
