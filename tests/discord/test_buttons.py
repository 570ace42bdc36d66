"""Buttons below status messages, also after a restart of the bot."""

import io

import av

from engine.model.jobs import JobState
from sandbox import Interaction, Message, Sandbox
from sandbox.model.interaction import Kind
from tests.discord.conftest import Start
from tests.discord.given import Give
from tests.discord.running import Running
from tests.discord.scene import LONG, Scene, job_of, over, private


async def downloaded(scene: Scene, message: Message) -> list[bytes]:
    """The files that Bob gets when he presses Download."""
    interaction = await scene.bob.press(message, "Download")
    answer = await (await interaction.answered()).original()
    assert answer.ephemeral, answer.content
    return await scene.bob.download(answer)


def seconds_of(ogg: bytes) -> float:
    """The length of the sound in a file, by decoding all of it."""
    with av.open(io.BytesIO(ogg), mode="r") as file:
        return sum(float(frame.samples) / frame.sample_rate for frame in file.decode(audio=0))


async def test_buttons_work_after_a_restart(scene: Scene, discord: Sandbox, start: Start) -> None:
    discord.limit_rates(False)
    bot = await start()
    first = await scene.say(LONG)
    await bot.joined(scene)
    second = await scene.say("Second.")
    await bot.stop()
    bot = await start()
    assert await scene.press(first, "Skip") == "Skipped."
    assert "1 text ended" in await scene.press(second, "Stop")
    await second.wait_for(over)
    interaction = await scene.bob.press(second, "Replay")
    again = await (await interaction.answered()).original()
    assert (await bot.speech.view(job_of(again))).job.requester == str(scene.bob.id)


async def test_old_message_offers_replay_and_download_after_a_restart(
    scene: Scene, start: Start
) -> None:
    bot = await start()
    message = await scene.say("Hi.")
    await message.wait_for(over)
    await bot.stop()
    await start()
    (ogg,) = await downloaded(scene, message)
    assert seconds_of(ogg) > 0.3


async def test_download_is_the_whole_sound_and_playable(bot: Running, scene: Scene) -> None:
    message = await scene.say("Hello. And here is a second sentence.")
    await message.wait_for(over, timeout=10.0)
    (ogg,) = await downloaded(scene, message)
    heard = len(scene.bob.recording.packets()) * 0.02
    # The file contains the pauses too; a listener only gets silence frames for them.
    assert heard - 0.02 <= seconds_of(ogg) <= heard + 1.5


async def test_download_is_not_pinned_to_who_asked_for_the_job(bot: Running, scene: Scene) -> None:
    message = await scene.say("Hi.")
    await message.wait_for(over)
    assert "Download" in message.buttons
    interaction = await scene.eve.press(message, "Download")
    answer = await (await interaction.answered()).original()
    assert len(answer.attachments) == 1
    assert answer.attachments[0].file.filename.endswith(".ogg")


async def test_replay_of_sound_that_is_kept_asks_the_engine_for_nothing(
    bot: Running, scene: Scene
) -> None:
    first = await scene.say("Hi.")
    await first.wait_for(over)
    interaction = await scene.bob.press(first, "Replay")
    second = await (await interaction.answered()).original()
    await second.wait_for(over)
    assert (await bot.speech.view(job_of(second))).job.state is JobState.COMPLETED


async def test_buttons_of_a_job_that_is_forgotten_say_so(bot: Running, scene: Scene) -> None:
    message = await scene.say("Hi.")
    await message.wait_for(over)
    for button in message.components[0]["components"]:
        button["custom_id"] = button["custom_id"].rsplit(":", 1)[0] + ":999"
    assert "That text is no longer kept" in await scene.press(message, "Replay")
    assert "That text is no longer kept" in await scene.press(message, "Download")


async def test_buttons_reach_no_job_of_another_server(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    ours = await scene.say(LONG)
    other = Scene(discord)
    await other.ada.join(other.lounge)
    theirs = await other.say(LONG)
    skip = theirs.components[0]["components"][0]
    skip["custom_id"] = skip["custom_id"].rsplit(":", 1)[0] + f":{job_of(ours)}"
    assert "no longer kept" in await other.press(theirs, "Skip", by=other.guild.owner)
    assert len(await bot.queue(scene)) == 1


async def test_buttons_of_others_are_left_alone(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    message = await scene.say(LONG)
    message.components[0]["components"][0]["custom_id"] = "other:skip:1"
    interaction = await scene.ada.press(message, "Skip")
    assert "1 text ended" in await scene.press(message, "Stop")
    assert interaction.answer is None


async def test_presses_at_the_same_time_end_a_job_once(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    pressed = [await scene.ada.press(message, "Skip") for _ in range(3)]
    words = [(await (await each.answered()).original()).content for each in pressed]
    assert sorted(words) == [
        "Skipped.",
        "This text has already ended.",
        "This text has already ended.",
    ]


async def test_custom_ids_of_messages_of_earlier_versions_keep_working(
    bot: Running, scene: Scene, give: Give
) -> None:
    """The ids are spelled out here: messages on Discord have them in just this form."""
    message = await scene.say(LONG)
    voice = await give("Morning")

    def press(custom_id: str) -> Interaction:
        data = {"component_type": 2, "custom_id": custom_id}
        return scene.ada.interact(Kind.COMPONENT, scene.text, data, pressed=message)

    assert await private(press(f"mynah:skip:{job_of(message)}")) == "Skipped."
    assert "Nothing is being spoken" in await private(press(f"mynah:stop:{job_of(message)}"))
    replayed = await press(f"mynah:replay:{job_of(message)}").answered()
    assert not (await replayed.original()).ephemeral
    assert "no longer kept" in await private(press("mynah:download:999"))
    assert "now speaks in **Morning**" in await private(press(f"mynah:voice:use:{voice.key}"))
    assert "has lapsed" in await private(press("mynah:voice:agree:a-token-of-before"))
    deleted = await press(f"mynah:voice:delete:{voice.key}").answered()
    assert not deleted.refused
    await bot.view(job_of(message), lambda view: view.job.state.final)
    assert not (await press("mynah:mydata:erase").answered()).refused


async def test_names_of_components_match_whole(bot: Running, scene: Scene) -> None:
    message = await scene.say(LONG)
    job = job_of(message)
    for unknown in (
        *(f"mynah:skipped:{job}", f"mynah:eat:{job}", f"xmynah:skip:{job}", f"x:skip:{job}"),
        *("mynah:voice:user:@1", "mynah:voice", "mynah", ""),
    ):
        data = {"component_type": 2, "custom_id": unknown}
        pressed = scene.ada.interact(Kind.COMPONENT, scene.text, data, pressed=message)
        await scene.told("help")  # answered after it
        assert pressed.answer is None, unknown
