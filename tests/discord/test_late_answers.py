"""Discord's reaction to the answer decides: accepted, refused, or unclear until it is known.

A job is committed before the answer, and no sound of it may be heard before Discord accepted that.
"""

import pytest

from engine.model.jobs import EndReason, Job, JobState
from sandbox import Interaction, Sandbox
from sandbox.protocol.interactions import respond
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock, brief_engine
from tests.discord.scene import Scene, over
from tests.flow.harness import job_for

CALLBACK = r"/callback$"
ORIGINAL = r"/messages/@original$"


@pytest.fixture
async def bot(scene: Scene, start: Start, clock: RunningClock) -> Running:
    return await start(engine=brief_engine(clock))


async def job_of(bot: Running, interaction: Interaction) -> Job:
    """The job of an interaction, once it exists."""
    changes = bot.speech.subscribe()
    while (job := await job_for(bot.speech, str(interaction.id))) is None:
        await anext(changes)
    return job


async def withdrawn(bot: Running, interaction: Interaction) -> bool:
    """Whether the interaction's job ends as withdrawn."""
    job = await job_of(bot, interaction)
    view = await bot.view(job.id, lambda view: view.job.state.final)
    return (view.job.state, view.job.ended_by) == (JobState.CANCELLED, EndReason.ABORTED)


async def heard(scene: Scene) -> bool:
    """Whether a text submitted now is heard, and no earlier one."""
    before = len(scene.bob.recording.packets())
    message = await scene.say("Now.")
    await message.wait_for(over)
    return before == 0 and len(scene.bob.recording.packets()) > 0


def count(discord: Sandbox, method: str, path_end: str) -> int:
    return sum(
        each.method == method and each.path.endswith(path_end) for each in discord.rest.requests
    )


async def test_late_answer_withdraws_the_job(bot: Running, scene: Scene, discord: Sandbox) -> None:
    interaction = await scene.ada.command("say", {"text": "Too late."}, channel=scene.text)
    discord.clock.advance(3.5)
    assert await withdrawn(bot, interaction)
    assert interaction.refusals == [10062]
    assert scene.guild.bot.voice.channel is None
    assert await heard(scene)


async def test_double_answer_withdraws_the_job(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    interaction = await scene.ada.command("say", {"text": "Twice."}, channel=scene.text)
    # Another process of the same bot was faster.
    mine = {"content": "Mine!", "allowed_mentions": {"parse": []}}
    respond(discord.world, interaction, {"type": 4, "data": mine}, [])
    assert await withdrawn(bot, interaction)
    assert interaction.refusals == [40060]
    assert await heard(scene)
    assert interaction.content == "Mine!"


@pytest.mark.parametrize("status", [502, None])
async def test_answer_that_took_effect_all_the_same_is_found(
    bot: Running, scene: Scene, discord: Sandbox, status: int | None
) -> None:
    discord.rest.apply_then_fail("POST", CALLBACK, status=status)
    message = await scene.say("Hi.")
    await message.wait_for(over)
    assert "Spoken in" in message.content
    assert count(discord, "POST", "/callback") == 1
    assert len(scene.text.messages) == 1


@pytest.mark.parametrize("status", [429, 503, None])
async def test_answer_that_did_not_arrive_is_given_again(
    bot: Running, scene: Scene, discord: Sandbox, status: int | None
) -> None:
    if status is None:
        discord.rest.cut("POST", CALLBACK)
    else:
        discord.rest.fail("POST", CALLBACK, status=status)
    message = await scene.say("Hi.")
    await message.wait_for(over)
    assert "Spoken in" in message.content
    assert count(discord, "POST", "/callback") == 2
    assert len(scene.text.messages) == 1


async def test_answer_that_never_arrives_in_time_withdraws_the_job(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    discord.rest.fail("POST", CALLBACK, times=1000)
    interaction = await scene.ada.command("say", {"text": "Too late."}, channel=scene.text)
    await discord.rest.until(lambda log: count(discord, "POST", "/callback") >= 2)
    await clock.advance(3.5)
    assert await withdrawn(bot, interaction)
    assert interaction.refused
    discord.rest.clear()
    assert await heard(scene)


async def test_nothing_is_heard_while_it_is_unclear(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    discord.rest.apply_then_fail("POST", CALLBACK)
    discord.rest.fail("GET", ORIGINAL, status=503, times=3)
    interaction = await scene.ada.command("say", {"text": "Hi."}, channel=scene.text)
    await discord.rest.until(lambda log: count(discord, "GET", "/@original") >= 2)
    job = await job_of(bot, interaction)
    assert job.pending
    assert scene.bob.recording.frames == []
    await clock.advance(2.0)
    view = await bot.view(job.id, lambda view: view.job.state.final)
    assert view.job.state is JobState.COMPLETED
    assert scene.bob.recording.packets()


async def test_unclear_answer_that_took_effect_is_settled_after_a_restart(
    scene: Scene, discord: Sandbox, start: Start
) -> None:
    bot = await start()
    discord.rest.apply_then_fail("POST", CALLBACK)
    discord.rest.fail("GET", ORIGINAL, status=503, times=1000)
    message = await scene.say("Hi.")
    await discord.rest.until(lambda log: count(discord, "GET", "/@original") >= 1)
    await bot.stop()
    assert scene.bob.recording.frames == []
    discord.rest.clear()
    await start()
    await message.wait_for(over)
    assert "Spoken in" in message.content


async def test_unclear_answer_that_never_arrived_is_withdrawn_after_a_restart(
    scene: Scene, discord: Sandbox, start: Start, clock: RunningClock
) -> None:
    bot = await start()
    discord.rest.fail("POST", CALLBACK)
    discord.rest.fail("GET", ORIGINAL, status=503, times=1000)
    interaction = await scene.ada.command("say", {"text": "Too late."}, channel=scene.text)
    await discord.rest.until(lambda log: count(discord, "GET", "/@original") >= 1)
    await bot.stop()
    discord.rest.clear()
    await clock.advance(5.0)
    bot = await start()
    assert await withdrawn(bot, interaction)
    assert await heard(scene)


async def test_button_that_is_answered_late_has_done_its_work_all_the_same(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    message = await scene.say("Hello there. " * 20)
    await scene.ada.press(message, "Skip")
    discord.clock.advance(3.5)
    await message.wait_for(over)
    assert "Skipped by" in message.content


async def test_private_answer_is_given_again_when_the_connection_is_cut(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.rest.cut("POST", CALLBACK)
    assert "Nothing is waiting" in await scene.told("queue view")


async def test_late_completion_and_late_download_harm_nothing(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    message = await scene.say("Hi.")
    await message.wait_for(over)
    interaction = await scene.ada.press(message, "Download")
    discord.clock.advance(3.5)
    await discord.rest.until(lambda log: log[-1].code == 10062)
    assert interaction.refused
    assert await heard_again(scene)


async def heard_again(scene: Scene) -> bool:
    message = await scene.say("Again.")
    await message.wait_for(over)
    return "Spoken in" in message.content


async def test_interaction_that_is_told_twice_makes_one_job(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    interaction = await scene.ada.command("say", {"text": "Once."}, channel=scene.text)
    for _ in range(2):
        discord.gateway.dispatch(
            "INTERACTION_CREATE", interaction.payload(), guild_id=scene.guild.id
        )
    message = await interaction.original()
    await message.wait_for(over)
    assert "Spoken in" in message.content
    assert len(scene.bob.recording.packets()) == 5
