"""Permissions: judged in the voice channel, at every use, wherever the command is typed."""

import pytest

from engine.model.jobs import JobState
from sandbox import Member, Permission
from tests.discord.running import Running
from tests.discord.scene import LONG, Scene, job_of, over


def make_moderator(scene: Scene, member: Member, permission: Permission) -> None:
    member.set_roles([scene.guild.role("Moderators", permissions=permission)])


async def state(bot: Running, job_id: int) -> JobState:
    return (await bot.speech.view(job_id)).job.state


# /skip


async def test_members_skip_their_own_jobs(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    assert await scene.told("skip") == "Skipped."
    await message.wait_for(over)
    assert f"Skipped by {scene.ada.mention}" in message.content


async def test_members_do_not_skip_jobs_of_those_who_are_there(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    await scene.guild.bot_joined(scene.lounge)
    refused = f"This is {scene.ada.mention}'s text: ask them, or a moderator."
    assert await scene.told("skip", by=scene.bob) == refused
    assert await scene.press(message, "Skip", by=scene.bob) == refused
    assert await scene.told("skip", by=scene.eve) == refused
    assert not (await state(bot, job_of(message))).final


@pytest.mark.parametrize(
    "permission", [Permission.MOVE_MEMBERS, Permission.MUTE_MEMBERS, Permission.MANAGE_GUILD]
)
async def test_moderators_skip_anyones_job(
    bot: Running, scene: Scene, permission: Permission
) -> None:
    message = await scene.say(LONG)
    make_moderator(scene, scene.eve, permission)  # not even in voice
    assert await scene.told("skip", by=scene.eve) == "Skipped."
    assert (await state(bot, job_of(message))) is JobState.CANCELLED


async def test_permission_in_the_voice_channel_alone_makes_a_moderator(
    bot: Running, scene: Scene
) -> None:
    await scene.say(LONG)
    scene.lounge.overwrite(scene.bob, allow=Permission.MUTE_MEMBERS)
    assert await scene.told("skip", by=scene.bob) == "Skipped."


async def test_permission_where_it_is_typed_makes_no_moderator(bot: Running, scene: Scene) -> None:
    await scene.say(LONG)
    await scene.guild.bot_joined(scene.lounge)
    allowed = Permission.MOVE_MEMBERS | Permission.MUTE_MEMBERS
    scene.text.overwrite(scene.bob, allow=allowed)
    scene.den.overwrite(scene.bob, allow=allowed)
    assert "ask them, or a moderator" in await scene.told("skip", by=scene.bob)


async def test_rights_are_judged_at_every_use(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    await scene.guild.bot_joined(scene.lounge)
    scene.lounge.overwrite(scene.bob, allow=Permission.MUTE_MEMBERS)
    scene.lounge.overwrite(scene.bob)
    assert "ask them" in await scene.press(message, "Skip", by=scene.bob)


async def test_jobs_of_who_has_left_are_skipped_by_anyone_present(
    bot: Running, scene: Scene
) -> None:
    message = await scene.say(LONG)
    await scene.guild.bot_joined(scene.lounge)
    await scene.ada.leave()
    elsewhere = f"This is {scene.ada.mention}'s text. Join me in <#{scene.lounge.id}> first."
    assert await scene.told("skip", by=scene.eve) == elsewhere
    assert await scene.press(message, "Skip", by=scene.bob) == "Skipped."


async def test_job_that_is_over_cannot_be_skipped(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    skip = next(each for each in message.components[0]["components"] if each["label"] == "Skip")
    await scene.told("skip")
    await message.wait_for(over)
    message.components = [{"type": 1, "components": [skip]}]  # as an old client still shows it
    assert await scene.press(message, "Skip") == "This text has already ended."


# /stop


async def test_stop_ends_what_is_spoken_and_all_that_waits(bot: Running, scene: Scene) -> None:
    messages = [await scene.say(LONG), await scene.say("Second."), await scene.say("Third.")]
    assert await scene.told("stop") == "Stopped: 3 texts ended."
    for message in messages:
        await message.wait_for(over)
        assert f"Stopped by {scene.ada.mention}" in message.content
    assert await bot.queue(scene) == []


async def test_stop_of_a_member_leaves_the_jobs_of_others(bot: Running, scene: Scene) -> None:
    await scene.say("Ada's first. " + LONG)
    await scene.say("Bob's.", by=scene.bob)
    await scene.say("Ada's second.")
    assert await scene.told("stop") == "Stopped: 2 texts ended. 1 text of others stays."
    assert await bot.queue(scene) == ["Bob's."]


async def test_stop_of_a_moderator_ends_everything(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    await scene.say("Bob's.", by=scene.bob)
    make_moderator(scene, scene.eve, Permission.MOVE_MEMBERS)
    assert await scene.press(message, "Stop", by=scene.eve) == "Stopped: 2 texts ended."


async def test_stop_with_only_jobs_of_others_is_refused(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    await scene.guild.bot_joined(scene.lounge)
    assert "These are texts of others" in await scene.told("stop", by=scene.bob)
    assert "These are texts of others" in await scene.press(message, "Stop", by=scene.bob)
    assert len(await bot.queue(scene)) == 1


# /pause, /resume, /leave


@pytest.mark.parametrize("command", ["pause", "resume", "leave"])
async def test_absent_members_do_not_command(bot: Running, scene: Scene, command: str) -> None:
    await scene.told("join")
    words = await scene.told(command, by=scene.eve)
    assert words == f"Join me in <#{scene.lounge.id}> first."


@pytest.mark.parametrize("command", ["pause", "resume", "leave"])
async def test_members_do_not_command_while_jobs_of_others_wait(
    bot: Running, scene: Scene, command: str
) -> None:
    await scene.say(LONG, by=scene.bob)
    await scene.guild.bot_joined(scene.lounge)
    words = await scene.told(command)
    assert words.startswith("Texts of others wait: ask a moderator")
    make_moderator(scene, scene.ada, Permission.MUTE_MEMBERS)
    assert "moderator" not in await scene.told(command)


async def test_members_pause_and_resume_their_own_jobs(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    assert await scene.told("pause") == "Paused. `/resume` goes on where it stopped."
    assert "paused already" in await scene.told("pause")
    await scene.bob.recording.until_silent(0.3, 5.0)
    heard = len(scene.bob.recording.packets())
    assert await scene.told("resume") == "Going on."
    assert await scene.told("resume") == "It is not paused."
    await scene.bob.recording.wait_for(lambda each: len(each.packets()) > heard + 5, 5.0)
    assert not over(message)


async def test_leave_sends_it_out_and_keeps_what_waits(bot: Running, scene: Scene) -> None:
    await scene.say(LONG)
    await scene.bob.recording.until_sound(5.0)
    assert "What waits goes on when I am called again" in await scene.told("leave")
    await scene.guild.bot_left()
    assert len(await bot.queue(scene)) == 1
    heard = len(scene.bob.recording.packets())
    await scene.told("join")
    await scene.bob.recording.wait_for(lambda each: len(each.packets()) > heard + 5, 5.0)


# /join, and /say from elsewhere


async def test_join_brings_it_to_the_members_channel(bot: Running, scene: Scene) -> None:
    assert await scene.told("join") == f"On my way to <#{scene.lounge.id}>."
    await scene.guild.bot_joined(scene.lounge)
    assert scene.guild.bot.voice.self_deaf


async def test_join_does_not_take_it_from_listeners(bot: Running, scene: Scene) -> None:
    await scene.told("join")
    await scene.guild.bot_joined(scene.lounge)
    await scene.eve.join(scene.den)
    for command, values in (("join", None), ("say", {"text": "Hello."})):
        words = await scene.told(command, values, by=scene.eve)
        assert f"I am with others in <#{scene.lounge.id}>" in words
    assert scene.guild.bot.voice.channel is scene.lounge


async def test_moderator_takes_it_from_listeners(bot: Running, scene: Scene) -> None:
    await scene.told("join")
    await scene.guild.bot_joined(scene.lounge)
    make_moderator(scene, scene.eve, Permission.MOVE_MEMBERS)
    await scene.eve.join(scene.den)
    await scene.say("Come here.", by=scene.eve)
    await scene.guild.bot_joined(scene.den)
    await scene.eve.recording.until_sound(5.0)


async def test_anyone_takes_it_from_an_empty_channel(bot: Running, scene: Scene) -> None:
    await scene.told("join")
    await bot.joined(scene)
    await scene.ada.leave()
    await scene.bob.leave()
    await scene.eve.join(scene.den)
    await scene.say("Come here.", by=scene.eve)
    await scene.guild.bot_joined(scene.den)
    await scene.eve.recording.until_sound(5.0)


async def test_another_bot_is_no_listener(bot: Running, scene: Scene) -> None:
    await scene.told("join")
    await bot.joined(scene)
    music = scene.guild.member("Music", bot=True)
    await music.join(scene.lounge)
    await scene.ada.leave()
    await scene.bob.leave()
    await scene.eve.join(scene.den)
    assert "On my way" in await scene.told("join", by=scene.eve)
    await scene.guild.bot_joined(scene.den)


# Replay, Download, /queue view


async def test_replay_is_a_new_job_of_who_presses(bot: Running, scene: Scene) -> None:
    first = await scene.say("Hi.", voice="German")
    await first.wait_for(over)
    interaction = await scene.bob.press(first, "Replay")
    second = await (await interaction.answered()).original()
    assert not second.ephemeral
    job = (await bot.speech.view(job_of(second))).job
    assert (job.requester, job.text, job.voice) == (str(scene.bob.id), "Hi.", "de")
    assert scene.bob.mention in second.content
    await second.wait_for(over)


async def test_replay_needs_all_that_say_needs(bot: Running, scene: Scene) -> None:
    message = await scene.say("Hi.")
    await scene.told("skip")
    await message.wait_for(over)
    assert "You are not in a voice channel" in await scene.press(message, "Replay", by=scene.eve)
    await scene.bob.server_mute()
    assert "muted by the server" in await scene.press(message, "Replay", by=scene.bob)
    await scene.eve.join(scene.den)
    assert "I am with others" in await scene.press(message, "Replay", by=scene.eve)
    assert await bot.queue(scene) == []


async def test_who_cannot_view_the_voice_channel_sees_neither_queue_nor_sound(
    bot: Running, scene: Scene
) -> None:
    message = await scene.say("Hi.")
    await message.wait_for(over)
    scene.lounge.overwrite(scene.eve, deny=Permission.VIEW_CHANNEL)
    refused = "You cannot view the voice channel that this belongs to."
    assert await scene.told("queue view", by=scene.eve) == refused
    assert await scene.press(message, "Download", by=scene.eve) == refused


async def test_sound_stays_with_its_channel_when_the_bot_has_moved_on(
    bot: Running, scene: Scene
) -> None:
    message = await scene.say("Hi.")
    await message.wait_for(over)
    scene.lounge.overwrite(scene.eve, deny=Permission.VIEW_CHANNEL)
    await scene.told("leave")
    await scene.guild.bot_left()
    refused = "You cannot view the voice channel that this belongs to."
    assert await scene.press(message, "Download", by=scene.eve) == refused


async def test_queue_is_shown_to_who_can_view_the_channel(bot: Running, scene: Scene) -> None:
    await scene.say("The first. " + LONG)
    await scene.bob.recording.until_sound(5.0)
    await scene.say("The second.", by=scene.bob)
    words = await scene.told("queue view", by=scene.eve)
    assert "**now** ▱" in words
    assert "The first" in words
    assert "**1.** starts <t:" in words
    assert f"{scene.bob.mention}: The second." in words
