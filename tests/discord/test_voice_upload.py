"""Uploading a voice: the question, the button, the answer."""

import io
import wave

import av
import pytest

from mynah.testing.fake_engine import CLONING_INFO, FakeEngine
from sandbox import NotPossible, Sandbox, Upload
from sandbox.model.interaction import Kind
from tests.discord.conftest import Start
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, over, private
from tests.discord.uploading import AGREE, USE, agree, ask, give, kept, left_over, speech_file
from tests.process.recorded import converted

LAPSED = "This has lapsed. Upload the recording again."


async def test_question_says_what_is_agreed_to_before_anything_is_fetched(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    question = await ask(scene)
    for words in (
        "**Morning**, private: only you may use it",
        "your own voice, or was made with the permission of the person who speaks",
        "What is kept: the best part of the recording",
        "this bot's operator",
        "until it is deleted",
        "`/voice delete`",
        "`/mydata delete`",
    ):
        assert words in question.content
    assert question.buttons == [AGREE]
    assert discord.files.requests == []
    assert kept(bot) == []


async def test_recording_becomes_a_voice_with_a_card(bot: Running, scene: Scene) -> None:
    question = await ask(scene)
    card = await agree(scene, question)
    assert "**Morning** is kept, private" in card.content
    for words in ("Speech: ", "s that can be used", "Noise: ", "Loudness: ", "Clipping: none"):
        assert words in card.content
    assert "**Advice:**" in card.content
    assert card.buttons == [USE]
    (file,) = kept(bot)
    with wave.open(str(file), "rb") as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (1, 24_000, 2)
    assert file.stat().st_mode & 0o077 == 0
    assert left_over(bot) == []
    await question.wait_for(lambda each: not each.buttons and "agreed" in each.content)


async def test_info_has_a_preview_to_listen_to(bot: Running, scene: Scene) -> None:
    (ogg,) = await scene.ada.download(await give(scene))
    with av.open(io.BytesIO(ogg), mode="r") as sound:
        seconds = sum(float(frame.samples) / frame.sample_rate for frame in sound.decode(audio=0))
    assert seconds > 5


async def test_button_of_the_info_makes_it_the_voice_of_say(bot: Running, scene: Scene) -> None:
    card = await give(scene)
    assert "`/say` now speaks in **Morning**" in await scene.press(card, USE)
    (voice,) = await bot.registry.owners.own(str(scene.ada.id))
    message = await scene.say("Hello there.")
    (view,) = await bot.speech.queue(str(scene.guild.id))
    assert (view.job.voice, view.job.reference) == (voice.key, voice.reference)
    assert "in a private voice" in message.content
    assert "This engine cannot imitate voices: spoken in its own." in message.content
    await message.wait_for(over)
    await scene.bob.recording.until_sound(1.0)
    assert "Spoken in" in message.content
    assert "spoken in its own" in message.content


async def test_voice_of_an_engine_that_clones_is_spoken_without_excuse(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    engine = FakeEngine(clock, seconds=lambda _: 0.1, info=CLONING_INFO)
    await start(engine=engine)
    card = await give(scene)
    assert "cannot imitate" not in card.content
    await scene.press(card, USE)
    message = await scene.say("Hello there.")
    assert "cannot imitate" not in message.content


@pytest.mark.parametrize(
    ("filename", "options"),
    [
        ("ada.wav", ()),
        ("ada.m4a", ()),
        ("ada.ogg", ("-ac", "2")),
        ("ada.flac", ("-ar", "96000")),
        ("film.mp4", ("-f", "lavfi", "-i", "color=c=blue:s=64x64:r=5", "-shortest")),
    ],
)
async def test_common_formats_are_taken(
    bot: Running, scene: Scene, filename: str, options: tuple[str, ...]
) -> None:
    data = converted(filename.rpartition(".")[2], *options)
    card = await give(scene, Upload(filename, data))
    assert card.buttons == [USE], card.content


async def test_voice_message_is_taken_from_its_menu(bot: Running, scene: Scene) -> None:
    file = Upload("voice-message.ogg", converted("ogg", "-c:a", "libopus"))
    message = await scene.ada.say("", scene.text, [file], voice_message=True)
    menu = await (await scene.ada.message_command("Use as my voice", message)).answered()
    assert menu.modal is not None
    sent = await scene.ada.submit(menu, {"name": "Evening"})
    question = await (await sent.answered()).original()
    assert question.ephemeral
    assert "**Evening**, private" in question.content
    card = await agree(scene, question)
    assert "**Evening** is kept" in card.content


async def test_form_suggests_the_name_of_the_file(bot: Running, scene: Scene) -> None:
    message = await scene.ada.say("", scene.text, [speech_file("my holiday voice.mp3")])
    menu = await (await scene.ada.message_command("Use as my voice", message)).answered()
    assert "holiday voice" in str(menu.modal)


async def test_endless_name_of_a_file_holds_nobody_up(bot: Running, scene: Scene) -> None:
    """Cleaning 6,000 signs took seconds, in which no frame left and no answer came."""
    file = speech_file("#_" * 15_000 + ".mp3")
    message = await scene.ada.say("Listen!", scene.text, [file])
    menu = await (await scene.ada.message_command("Use as my voice", message)).answered()
    assert not menu.refused
    assert "Use as my voice" in str(menu.modal)


async def test_message_of_another_gives_no_voice(bot: Running, scene: Scene) -> None:
    message = await scene.bob.say("Listen!", scene.text, [speech_file()])
    menu = await scene.ada.message_command("Use as my voice", message)
    assert "on a message of your own" in await private(menu)


async def test_message_without_a_file_gives_no_voice(bot: Running, scene: Scene) -> None:
    message = await scene.ada.say("Just words.", scene.text)
    menu = await scene.ada.message_command("Use as my voice", message)
    assert "has no recording" in await private(menu)


async def test_question_lapses_after_ten_minutes_and_says_so(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    question = await ask(scene)
    await clock.advance(601.0)
    await question.wait_for(lambda each: each.content == LAPSED)
    assert question.buttons == []
    assert discord.files.requests == []


async def test_button_of_an_earlier_process_has_lapsed(scene: Scene, start: Start) -> None:
    bot = await start()
    question = await ask(scene)
    await bot.stop()
    bot = await start()
    answer = await agree(scene, question)
    assert answer.content == LAPSED
    assert kept(bot) == []


async def test_new_upload_takes_the_place_of_the_one_that_waits(bot: Running, scene: Scene) -> None:
    first = await ask(scene, name="First")
    second = await ask(scene, name="Second")
    await first.wait_for(lambda each: "has replaced" in each.content)
    assert first.buttons == []
    assert "**Second** is kept" in (await agree(scene, second)).content


async def test_nobody_else_can_agree(bot: Running, scene: Scene, discord: Sandbox) -> None:
    question = await ask(scene)
    with pytest.raises(NotPossible):
        await scene.bob.press(question, AGREE)
    custom_id = question.components[0]["components"][0]["custom_id"]
    data = {"component_type": 2, "custom_id": custom_id}
    forged = scene.bob.interact(Kind.COMPONENT, scene.text, data, pressed=question)
    assert await private(forged) == LAPSED
    assert discord.files.requests == []
    assert "is kept" in (await agree(scene, question)).content


async def test_pressing_twice_takes_the_recording_once(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    question = await ask(scene)
    pressed = [await scene.ada.press(question, AGREE) for _ in range(2)]
    words = [(await (await each.answered()).original(15.0)).content for each in pressed]
    assert sorted("is kept" in each for each in words) == [False, True]
    assert "I am already analyzing this recording." in words
    assert len(await bot.registry.owners.own(str(scene.ada.id))) == 1


async def test_voice_is_kept_over_a_restart(scene: Scene, start: Start) -> None:
    bot = await start()
    card = await give(scene)
    await bot.stop()
    await start()
    assert "now speaks in **Morning**" in await scene.press(card, USE)


async def test_same_recording_of_two_members_is_two_voices(bot: Running, scene: Scene) -> None:
    await give(scene, name="Morning")
    await give(scene, name="Morning", by=scene.bob)
    assert len(kept(bot)) == 1
    question = await scene.command("voice delete", {"voice": "Morning"})
    await scene.ada.press(await question.original(), "Delete")
    await (await question.original()).wait_for(lambda each: "is deleted" in each.content)
    assert len(kept(bot)) == 1
    assert len(await bot.registry.owners.own(str(scene.bob.id))) == 1


async def test_upload_that_is_under_way_at_the_end_leaves_nothing(
    scene: Scene, discord: Sandbox, start: Start
) -> None:
    bot = await start()
    question = await ask(scene)
    discord.files.stall(after=1000)
    await scene.ada.press(question, AGREE)
    await discord.files.until(lambda log: log[0].sent == 1000)
    await bot.stop()
    discord.files.clear()
    assert left_over(bot) == []
    assert kept(bot) == []


async def test_what_a_killed_bot_was_analyzing_is_gone_at_the_next_start(
    scene: Scene, start: Start
) -> None:
    bot = await start()
    await bot.stop()
    (bot.settings.mynah_data_dir / "uploads" / "recording").write_bytes(b"somebody's voice")
    await start()
    assert left_over(bot) == []


async def test_upload_that_is_under_way_when_all_is_deleted_becomes_no_voice(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    question = await ask(scene)
    size = len(speech_file().data)
    discord.files.slow(rate=size / 2)
    pressed = await scene.ada.press(question, AGREE)
    await discord.files.until(lambda log: log[0].sent > 0)
    asked = await (await scene.command("mydata delete")).original()
    await scene.ada.press(asked, "Delete all of it")
    answer = await (await pressed.answered()).original(15.0)
    assert answer.content == LAPSED
    assert kept(bot) == []
    assert await bot.registry.owners.own(str(scene.ada.id)) == []


async def test_upload_that_waits_for_consent_when_all_is_deleted_is_asked_for_no_more(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    question = await ask(scene)
    asked = await (await scene.command("mydata delete")).original()
    await scene.ada.press(asked, "Delete all of it")
    await question.wait_for(lambda each: each.content == LAPSED)
    assert question.buttons == []
    assert discord.files.requests == []
    assert await bot.registry.owners.own(str(scene.ada.id)) == []
