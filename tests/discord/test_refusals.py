"""Refusals are private and immediate, and say what to do instead."""

import pytest

from sandbox import Permission, Sandbox
from sandbox.model.interaction import Kind
from tests.discord.conftest import Start
from tests.discord.running import Running
from tests.discord.scene import Scene, private

HELLO = {"text": "Hello there."}


async def nothing_came_of_it(bot: Running, scene: Scene) -> bool:
    """Whether no job was made, no public message sent, no channel joined, nothing heard."""
    queue = await bot.speech.queue(str(scene.guild.id))
    heard = scene.bob.recording.frames
    return not (queue or scene.text.messages or heard or scene.guild.bot.voice.channel)


async def test_member_outside_of_voice_is_told_to_join(bot: Running, scene: Scene) -> None:
    words = await scene.told("say", HELLO, by=scene.eve)
    assert words == "You are not in a voice channel. Join one, then try again."
    assert await nothing_came_of_it(bot, scene)


async def test_bot_that_speaks_elsewhere_stays_with_its_listeners(
    bot: Running, scene: Scene
) -> None:
    await scene.say("Hello there.")
    await scene.guild.bot_joined(scene.lounge)
    await scene.eve.join(scene.den)
    words = await scene.told("say", HELLO, by=scene.eve)
    assert f"I am with others in <#{scene.lounge.id}>. Join me there" in words
    assert "moderator" in words
    assert scene.guild.bot.voice.channel is scene.lounge


@pytest.mark.parametrize(
    ("denied", "named"),
    [
        (Permission.CONNECT, "Connect"),
        (Permission.SPEAK, "Speak"),
        (Permission.VIEW_CHANNEL, "View Channel"),
    ],
)
async def test_permission_that_the_bot_lacks_is_named(
    bot: Running, scene: Scene, denied: Permission, named: str
) -> None:
    scene.lounge.overwrite(scene.guild.bot_role, deny=denied)
    words = await scene.told("say", HELLO)
    assert "I lack the permission" in words
    assert named in words
    assert f"<#{scene.lounge.id}>" in words
    assert await nothing_came_of_it(bot, scene)


async def test_full_channel_is_said_to_be_full(bot: Running, scene: Scene) -> None:
    scene.lounge.update(user_limit=2)
    words = await scene.told("say", HELLO)
    assert "is full: make room, or give me the permission Move Members" in words
    assert await nothing_came_of_it(bot, scene)


async def test_full_channel_is_open_to_a_bot_that_may_move_members(
    bot: Running, scene: Scene
) -> None:
    scene.lounge.update(user_limit=2)
    may = scene.guild.bot_role.permissions | Permission.MOVE_MEMBERS
    scene.guild.bot_role.set_permissions(may)
    await scene.say("Hello there.")
    await scene.guild.bot_joined(scene.lounge)


async def test_bot_in_a_timeout_says_so(bot: Running, scene: Scene) -> None:
    await scene.guild.bot.timeout(60.0)
    assert "I am timed out in this server" in await scene.told("say", HELLO)
    assert await nothing_came_of_it(bot, scene)


async def test_member_in_a_timeout_is_told_to_wait(bot: Running, scene: Scene) -> None:
    data = scene.ada.command_data("say", HELLO, channel=scene.text)
    await scene.ada.timeout(60.0)
    # Discord's client offers no command in a timeout, but this one was already under way.
    words = await private(scene.ada.interact(Kind.COMMAND, scene.text, data))
    assert words == "You are timed out in this server. Try again when that is over."
    assert await nothing_came_of_it(bot, scene)


async def test_member_muted_by_the_server_may_not_have_it_speak(bot: Running, scene: Scene) -> None:
    await scene.ada.server_mute()
    words = await scene.told("say", HELLO)
    assert words == "You are muted by the server: ask a moderator to unmute you."
    assert await nothing_came_of_it(bot, scene)


async def test_member_without_speak_may_not_have_it_speak(bot: Running, scene: Scene) -> None:
    scene.lounge.overwrite(scene.eve, deny=Permission.SPEAK)
    await scene.eve.join(scene.lounge)
    words = await scene.told("say", HELLO, by=scene.eve)
    assert f"You lack the Speak permission in <#{scene.lounge.id}>" in words
    assert await nothing_came_of_it(bot, scene)


async def test_member_in_the_audience_of_a_stage_is_told_to_go_up(
    bot: Running, scene: Scene
) -> None:
    stage = scene.guild.stage("Theatre")
    await scene.ada.join(stage)
    words = await scene.told("say", HELLO)
    assert f"You are in the audience of <#{stage.id}>" in words
    assert await nothing_came_of_it(bot, scene)


async def test_afk_channel_is_no_place_to_speak(bot: Running, scene: Scene) -> None:
    afk = scene.guild.afk("Away")
    await scene.ada.join(afk)
    words = await scene.told("say", HELLO)
    assert words == f"<#{afk.id}> is the AFK channel, where nobody may speak: go to another."
    assert await nothing_came_of_it(bot, scene)


@pytest.mark.parametrize("text", ["!!! ...", "   ", "\u200b", "***", "؟", "||||"])
async def test_text_without_words_is_refused(bot: Running, scene: Scene, text: str) -> None:
    words = await scene.told("say", {"text": text})
    assert words == "There is nothing in this text that could be spoken. Add some words."
    assert await nothing_came_of_it(bot, scene)


async def test_text_over_four_thousand_characters_is_refused(bot: Running, scene: Scene) -> None:
    words = await scene.told("say", {"text": "word " * 801})
    assert "This text has 4,00" in words
    assert "at most 4,000 can be spoken at once" in words
    assert await nothing_came_of_it(bot, scene)


async def test_longest_text_is_a_setting(scene: Scene, start: Start) -> None:
    bot = await start(mynah_max_text=20)
    words = await scene.told("say", {"text": "This is longer than that."})
    assert "at most 20 can be spoken" in words
    assert await nothing_came_of_it(bot, scene)


async def test_eleventh_waiting_job_of_a_member_is_refused(bot: Running, scene: Scene) -> None:
    scene.discord.limit_rates(False)
    await scene.say("This one is spoken, and does not wait. " * 8)
    await scene.bob.recording.until_sound(5.0)
    for number in range(10):
        await scene.say(f"Number {number}.")
    words = await scene.told("say", HELLO)
    assert "You already have 10 texts waiting" in words
    await scene.say("Another member's.", by=scene.bob)


async def test_fifty_first_waiting_job_of_a_server_is_refused(scene: Scene, start: Start) -> None:
    scene.discord.limit_rates(False)
    await start(mynah_max_queue_member=50)
    await scene.say("This one is spoken, and does not wait. " * 20)
    await scene.bob.recording.until_sound(5.0)
    for number in range(50):
        await scene.say(f"Number {number}.")
    words = await scene.told("say", HELLO, by=scene.bob)
    assert "The queue is full: 50 texts are waiting" in words


async def test_sizes_of_the_queue_are_settings(scene: Scene, start: Start) -> None:
    scene.discord.limit_rates(False)
    await start(mynah_max_queue=3, mynah_max_queue_member=2)
    await scene.say("This one is spoken, and does not wait. " * 8)
    await scene.bob.recording.until_sound(5.0)
    await scene.say("One.")
    await scene.say("Two.")
    assert "You already have 2 texts waiting" in await scene.told("say", HELLO)
    await scene.say("Three.", by=scene.bob)
    words = await scene.told("say", HELLO, by=scene.bob)
    assert "The queue is full: 3 texts are waiting" in words


async def test_disk_that_is_almost_full_is_told(
    scene: Scene, start: Start, faults: list[str]
) -> None:
    bot = await start(mynah_disk_reserve=2**40)
    words = await scene.told("say", HELLO)
    assert "The disk of this bot is almost full" in words
    assert "almost full" in faults.pop()
    assert await nothing_came_of_it(bot, scene)


async def test_commands_without_a_job_or_a_channel_say_so(bot: Running, scene: Scene) -> None:
    assert "Nothing is being spoken" in await scene.told("skip")
    assert "Nothing is being spoken" in await scene.told("stop")
    for command in ("pause", "resume", "leave"):
        assert "I am not in a voice channel" in await scene.told(command)
    assert "Nothing is waiting to be spoken" in await scene.told("queue view")


async def test_server_that_is_not_served_is_told(
    discord: Sandbox, scene: Scene, start: Start
) -> None:
    other = Scene(discord)
    await start(mynah_guilds=frozenset({other.guild.id}))
    assert "does not serve this server" in await scene.told("say", HELLO)
    assert await scene.ada.complete("say", "voice", "engl", others=HELLO) == []
    await other.ada.join(other.lounge)
    await other.say("Hello there.")
