"""On a stage: from the audience to the speakers, by its own right or by an invitation.

The bot has the permissions that its invite link asks for, unless a test gives it more: View
Channel, Connect and Speak. Request to Speak comes from @everyone.
"""

import pytest

from engine.model.jobs import EndReason, JobState
from mynah.testing.fake_engine import FakeEngine
from sandbox import Channel, Message, Permission, Sandbox
from tests.discord.conftest import Start
from tests.discord.hearing import Hearing
from tests.discord.running import Running, RunningClock, until
from tests.discord.scene import Scene, job_of, over

PACKETS = 30
SENTENCES = [f"This is sentence number {n} of the text." for n in ("one", "two", "three", "four")]
TEXT = " ".join(SENTENCES)
WHOM_TO_ASK = "Ask a stage moderator to invite me to speak."


@pytest.fixture
def engine(clock: RunningClock) -> FakeEngine:
    return FakeEngine(clock, seconds=lambda text: PACKETS * 0.02)


@pytest.fixture
async def stage(scene: Scene) -> Channel:
    """Ada is a speaker there, Eve listens."""
    stage = scene.guild.stage("Talk")
    await scene.eve.join(stage)
    await scene.ada.join(stage)
    await scene.ada.suppress(False)
    return stage


@pytest.fixture
async def running(stage: Channel, start: Start, engine: FakeEngine) -> Running:
    return await start(engine=engine)


@pytest.fixture
def hearing(running: Running, scene: Scene, engine: FakeEngine) -> Hearing:
    return Hearing(engine, scene.eve.recording, PACKETS)


def let_mute(scene: Scene) -> None:
    """The bot gets Mute Members, with which it may become a speaker by itself."""
    role = scene.guild.role("Stage", permissions=Permission.MUTE_MEMBERS)
    scene.guild.bot.set_roles([*scene.guild.bot.roles, role])


def asks(scene: Scene) -> bool:
    """Whether moderators see the bot's raised hand."""
    voice = scene.guild.bot.voice
    return voice.suppress and voice.request_to_speak is not None


def requests(discord: Sandbox) -> list[int | None]:
    """The result of each change that the bot requested of its own voice state."""
    return [
        each.status
        for each in discord.rest.requests
        if each.method == "PATCH" and each.path.endswith("/voice-states/@me")
    ]


def waits(message: Message) -> bool:
    return WHOM_TO_ASK in message.content


@pytest.mark.parametrize("stamped", [False, True], ids=["plain", "to be accepted"])
async def test_bot_with_the_rights_of_its_invite_asks_to_speak_and_goes_on_when_invited(
    scene: Scene, stage: Channel, hearing: Hearing, stamped: bool
) -> None:
    message = await scene.say(TEXT)
    await scene.guild.bot_joined(stage)
    await message.wait_for(waits, timeout=10.0)
    assert asks(scene)
    assert hearing.packets == []
    await scene.guild.bot.invite_to_speak(stamped=stamped)
    await message.wait_for(over, timeout=15.0)
    assert "Spoken in" in message.content
    assert hearing.chunks == SENTENCES
    voice = scene.guild.bot.voice
    assert (voice.suppress, voice.request_to_speak) == (False, None), "the invitation is accepted"


async def test_join_says_whom_to_ask(running: Running, scene: Scene, stage: Channel) -> None:
    told = await scene.told("join")
    assert told.startswith(f"On my way to <#{stage.id}>.")
    assert "ask a stage moderator to invite me to speak" in told
    await scene.guild.bot_joined(stage)
    await until(lambda: asks(scene), "a raised hand")
    await running.joined(scene)
    again = await scene.told("join")
    assert "already" in again
    assert WHOM_TO_ASK in again


async def test_member_of_the_audience_may_call_the_bot_but_not_speak_by_it(
    running: Running, scene: Scene, stage: Channel
) -> None:
    assert "audience" in await scene.told("say", {"text": TEXT}, by=scene.eve)
    assert "On my way" in await scene.told("join", by=scene.eve)
    await scene.guild.bot_joined(stage)


async def test_without_request_to_speak_it_waits_in_the_audience(
    discord: Sandbox, scene: Scene, stage: Channel, hearing: Hearing
) -> None:
    stage.overwrite(scene.guild.everyone, deny=Permission.REQUEST_TO_SPEAK)
    message = await scene.say(TEXT)
    await message.wait_for(waits, timeout=10.0)
    assert not asks(scene)
    assert requests(discord) == []
    await scene.guild.bot.suppress(False)
    await message.wait_for(over, timeout=15.0)
    assert hearing.chunks == SENTENCES


async def test_with_mute_members_it_makes_itself_a_speaker_without_a_word(
    discord: Sandbox, scene: Scene, running: Running, hearing: Hearing
) -> None:
    let_mute(scene)
    message = await scene.say(TEXT)
    await message.wait_for(over, timeout=15.0)
    assert hearing.chunks == SENTENCES
    assert requests(discord) == [204]
    assert not any(WHOM_TO_ASK in content for _, content in message.edits)


async def test_given_mute_members_while_it_waits_it_makes_itself_a_speaker(
    scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await message.wait_for(waits, timeout=10.0)
    let_mute(scene)
    await message.wait_for(over, timeout=15.0)
    assert hearing.chunks == SENTENCES


async def test_request_that_a_moderator_dismisses_is_not_made_again_until_a_member_calls(
    discord: Sandbox, scene: Scene, stage: Channel, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await until(lambda: asks(scene), "a raised hand")
    await message.wait_for(waits, timeout=10.0)
    await scene.guild.bot.suppress(True)
    for _ in range(3):  # whatever else happens
        await scene.bob.join(stage)
        await scene.bob.leave()
        stage.update(name="Talks")
    # This comes after these events, so they have been handled.
    assert WHOM_TO_ASK in await scene.told("queue view")
    assert not asks(scene)
    assert requests(discord) == [204]
    await scene.told("join")
    await until(lambda: asks(scene), "another request")
    assert requests(discord) == [204, 204]


async def test_command_while_the_request_stands_makes_no_other(
    discord: Sandbox, scene: Scene, hearing: Hearing
) -> None:
    first = await scene.say("The first.")
    await until(lambda: asks(scene), "a raised hand")
    second = await scene.say("The second.")
    await scene.told("join")
    await scene.guild.bot.suppress(False)
    await second.wait_for(over, timeout=15.0)
    assert over(first)
    assert requests(discord)[:1] == [204]
    assert len(requests(discord)) == 1


@pytest.mark.parametrize("by_right", [False, True], ids=["invited", "by Mute Members"])
async def test_put_back_into_the_audience_it_waits_at_that_part_until_it_is_invited(
    discord: Sandbox, scene: Scene, hearing: Hearing, by_right: bool
) -> None:
    if by_right:
        let_mute(scene)
    message = await scene.say(TEXT)
    if not by_right:
        await until(lambda: asks(scene), "a raised hand")
        await scene.guild.bot.suppress(False)
    await hearing.until(SENTENCES[1], at=5)
    await scene.guild.bot.suppress(True)
    await message.wait_for(waits, timeout=10.0)
    heard = len(hearing.packets)
    assert len(requests(discord)) == 1, "a moderator's word holds"
    await scene.guild.bot.suppress(False)
    await message.wait_for(over, timeout=15.0)
    assert hearing.packets[heard] == (SENTENCES[1], 0)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_put_back_into_the_audience_it_asks_again_when_a_member_calls(
    scene: Scene, hearing: Hearing
) -> None:
    await scene.say(TEXT)
    await until(lambda: asks(scene), "a raised hand")
    await scene.guild.bot.suppress(False)
    await hearing.until(SENTENCES[0], at=5)
    await scene.guild.bot.suppress(True)
    await scene.say("Another one.")
    await until(lambda: asks(scene), "another request")


async def test_what_waits_for_an_invitation_does_not_expire(
    running: Running, scene: Scene, clock: RunningClock, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await message.wait_for(waits, timeout=10.0)
    for _ in range(3):
        await clock.advance(running.settings.mynah_job_expiry / 2)
        await running.joined(scene)  # a jump ends the connection, and the bot connects again
    job = (await running.speech.view(job_of(message))).job
    assert not job.state.final
    await until(lambda: asks(scene), "a raised hand")
    await scene.guild.bot.suppress(False)
    await message.wait_for(over, timeout=15.0)
    assert "Spoken in" in message.content


async def test_after_a_lost_connection_it_asks_again(
    discord: Sandbox, scene: Scene, running: Running, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await until(lambda: asks(scene), "a raised hand")
    await scene.guild.bot.suppress(False)
    await hearing.until(SENTENCES[1], at=5)
    await discord.voice.close_connection(scene.guild.id, 4006)
    await until(lambda: asks(scene), "another request")
    await scene.guild.bot.suppress(False)
    await message.wait_for(over, timeout=15.0)
    assert all(hearing.whole(sentence) for sentence in SENTENCES)


async def test_moved_to_another_stage_it_asks_there(
    scene: Scene, stage: Channel, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await until(lambda: asks(scene), "a raised hand")
    await scene.guild.bot.suppress(True)
    other = scene.guild.stage("Other talk")
    await scene.eve.join(other)
    await scene.guild.bot.move(other)
    await until(lambda: asks(scene), "a raised hand on the other stage")
    await scene.guild.bot.suppress(False)
    await message.wait_for(over, timeout=15.0)
    assert "Spoken in" in message.content


async def test_request_that_discord_does_not_take_is_made_again_later(
    discord: Sandbox, scene: Scene, hearing: Hearing, clock: RunningClock
) -> None:
    discord.rest.fail("PATCH", "/voice-states/@me$", status=503)
    message = await scene.say(TEXT)
    await message.wait_for(waits, timeout=10.0)
    await clock.advance(2.0)
    await until(lambda: asks(scene), "another request")
    assert requests(discord) == [503, 204]


async def test_request_that_discord_refuses_is_not_repeated(
    discord: Sandbox, scene: Scene, stage: Channel, hearing: Hearing
) -> None:
    discord.rest.fail("PATCH", "/voice-states/@me$", status=403, code=50013)
    message = await scene.say(TEXT)
    await message.wait_for(waits, timeout=10.0)
    await until(lambda: requests(discord) == [403], "a refusal")
    await scene.bob.join(stage)
    await scene.guild.bot.suppress(False)
    await message.wait_for(over, timeout=15.0)
    assert requests(discord) == [403]


async def test_called_off_the_stage_its_jobs_end_as_elsewhere(
    running: Running, scene: Scene, hearing: Hearing
) -> None:
    message = await scene.say(TEXT)
    await message.wait_for(waits, timeout=10.0)
    await scene.guild.bot.disconnect_voice()
    await message.wait_for(over, timeout=10.0)
    job = (await running.speech.view(job_of(message))).job
    assert (job.state, job.ended_by) == (JobState.CANCELLED, EndReason.DISCONNECTED)
