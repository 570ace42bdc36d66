"""What costs something is counted, and shared fairly: limits outlive an erasure, and no member
takes the places of others."""

import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from engine.model.voices import Action, Scope
from engine.voices.rate_limits import MOST_PREVIEWS, LimitedAction
from sandbox import Interaction, Member, Message, Sandbox, Upload
from tests.discord.conftest import Start
from tests.discord.erased import delete, outcome
from tests.discord.given import Give
from tests.discord.running import Running, RunningClock
from tests.discord.scene import Scene, over
from tests.discord.uploading import AGREE, agree, ask, give, kept, speech_file
from tests.flow.harness import rows

BAD = Upload("noise.mp3", b"This is no sound at all. " * 100)
STILL = "I am still analyzing your last recording."


async def counted(bot: Running) -> int:
    return len(rows(bot.settings.mynah_data_dir, "SELECT id FROM attempts"))


def previews(bot: Running) -> list[Path]:
    """The previews that are kept."""
    return sorted((bot.settings.mynah_data_dir / "references").glob("*.ogg"))


async def press(question: Message, by: Member) -> Interaction:
    return await (await by.press(question, AGREE)).answered()


async def words(pressed: Interaction) -> str:
    return (await pressed.original(15.0)).content


# Limits of an hour


async def test_limit_of_uploads_outlives_an_erasure_and_a_restart(
    scene: Scene, start: Start, clock: RunningClock
) -> None:
    bot = await start(mynah_max_uploads=2)
    await give(scene, name="One")
    await outcome(await delete(scene))
    await give(scene, name="Two")
    await outcome(await delete(scene))
    refused = (await ask(scene, name="Three")).content
    assert refused.startswith("You have uploaded 2 recordings within an hour.")
    assert "Try again in 60 minutes." in refused
    await bot.stop()
    bot = await start(mynah_max_uploads=2)
    assert "within an hour" in (await ask(scene, name="Three")).content
    assert (await ask(scene, by=scene.bob)).buttons == [AGREE]
    await clock.advance(3601.0)
    assert "is kept" in (await give(scene, name="Three")).content


async def test_limit_of_reports_outlives_an_erasure(
    bot: Running, scene: Scene, give: Give, clock: RunningClock
) -> None:
    voice = await give("Secret", scope=Scope.PRIVATE)
    await (await scene.say("Hi.", voice=voice.key)).wait_for(over)
    values = {"voice": voice.key, "reason": "No."}
    for _ in range(5):
        assert "You reported" in await scene.told("voice report", values, by=scene.bob)
    await outcome(await delete(scene, by=scene.bob))
    refused = await scene.told("voice report", values, by=scene.bob)
    assert refused.startswith("You have made 5 reports within an hour")
    assert "Try again in" in refused
    assert "You reported" in await scene.told("voice report", values, by=scene.eve)
    await clock.advance(3601.0)
    assert "You reported" in await scene.told("voice report", values, by=scene.bob)


async def test_bad_files_count_and_names_that_are_refused_do_not(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.limit_rates(False)
    for name in ("**bold**", "x" * 33, "@everyone") * 5:
        assert "name" in (await ask(scene, BAD, name=name)).content
    for _ in range(10):
        assert "text without sound" in (await give(scene, BAD)).content
    for _ in range(4):
        refused = (await ask(scene, BAD)).content
        assert refused.startswith("You have uploaded 10 recordings within an hour.")
    assert len(discord.files.requests) == 10


# Places


async def test_slow_uploads_of_one_member_take_one_place(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    discord.limit_rates(False)
    slow = speech_file("slow.mp3")
    discord.files.stall("slow", after=1000, times=13)
    question = await ask(scene, slow, name="Voice 0")
    first = await press(question, scene.ada)
    await discord.files.until(lambda log: log[0].sent == 1000)
    for number in range(1, 13):
        question = await ask(scene, slow, name=f"Voice {number}")
        assert (await words(await press(question, scene.ada))).startswith(STILL)
    assert len(discord.files.requests) == 1
    assert "is kept" in (await give(scene, by=scene.bob)).content
    await clock.advance(6.1)
    assert "did not arrive in time" in await words(first)
    discord.files.clear()
    assert "is kept" in (await agree(scene, question)).content  # the button was not used up
    assert await counted(bot) == 3


async def test_who_finds_all_places_taken_waits_in_line_and_is_told_when_that_is_long(
    bot: Running, scene: Scene, discord: Sandbox, clock: RunningClock
) -> None:
    discord.limit_rates(False)
    discord.files.stall("slow", after=1000, times=12)
    slow = speech_file("slow.mp3")
    members = [scene.guild.member(f"Member {number}") for number in range(12)]
    pressed = [await press(await ask(scene, slow, by=each), each) for each in members]
    await discord.files.until(lambda log: [each.sent for each in log] == [1000] * 12)
    question = await ask(scene)
    waiting = await press(question, scene.ada)
    await clock.advance(3.1)
    assert "I am analyzing many recordings just now. Try again" in await words(waiting)
    assert await counted(bot) == 12  # nothing was done for her, so nothing counts
    waiting = await press(question, scene.ada)
    discord.files.release()  # and the twelve are told that theirs broke off
    assert "is kept" in await words(waiting)
    for each in pressed:
        assert "Upload it again" in await words(each)


# Previews


async def test_sixty_previews_cost_no_analysis(
    bot: Running, scene: Scene, discord: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    discord.limit_rates(False)
    card = await give(scene, scope="server")
    (heard,) = await scene.ada.download(card)
    assert [each.stem for each in previews(bot)] == [each.stem for each in kept(bot)]
    monkeypatch.setattr(sys, "executable", "/bin/false")  # an analysis would fail
    asked = [await scene.bob.command("voice preview", {"voice": "Morning"}) for _ in range(60)]
    for each in asked:
        answer = await (await each.answered()).original(15.0)
        assert not each.refused
        assert await scene.bob.download(answer) == [heard]
    assert await counted(bot) == 1  # the upload


async def test_preview_that_is_missing_is_made_once_for_all_who_ask(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    discord.limit_rates(False)
    (heard,) = await scene.ada.download(await give(scene, scope="server"))
    (file,) = previews(bot)
    file.unlink()  # as an older version left it
    asked = [
        await member.command("voice preview", {"voice": "Morning"})
        for _ in range(20)
        for member in (scene.ada, scene.bob, scene.eve)
    ]
    for each in asked:
        answer = await (await each.answered()).original(15.0)
        assert await each.member.download(answer) == [heard]
    assert await counted(bot) == 2  # the upload, and one encoding
    assert previews(bot) == [file]


async def test_previews_that_have_to_be_made_are_counted(
    bot: Running, scene: Scene, give: Give
) -> None:
    voice = await give("Morning")  # without a preview
    for _ in range(MOST_PREVIEWS):
        await bot.registry.rate_limits.attempt(str(scene.bob.id), LimitedAction.PREVIEW)
    refused = await scene.command("voice preview", {"voice": voice.key}, by=scene.bob)
    assert (await refused.original()).content == (
        "I have made 20 previews for you within an hour. Try again in 60 minutes."
    )
    assert previews(bot) == []
    for member in (scene.ada, scene.bob):  # everyone hears a preview that one member had made
        answer = await scene.command("voice preview", {"voice": voice.key}, by=member)
        assert "as it was recorded" in (await answer.original(15.0)).content


async def test_preview_goes_with_the_last_voice_of_its_recording(
    bot: Running, scene: Scene
) -> None:
    await give(scene, name="Morning")
    await give(scene, name="Morning", by=scene.bob)
    assert len(previews(bot)) == 1
    question = await scene.command("voice delete", {"voice": "Morning"})
    await scene.ada.press(await question.original(), "Delete")
    await (await question.original()).wait_for(lambda each: "is deleted" in each.content)
    assert len(previews(bot)) == 1
    await outcome(await delete(scene, by=scene.bob))
    assert previews(bot) == []
    assert kept(bot) == []


# Exports


async def test_member_has_one_export_made_at_a_time(
    bot: Running, scene: Scene, give: Give, discord: Sandbox
) -> None:
    discord.limit_rates(False)
    await give("Morning")
    asked = [await scene.ada.command("mydata export") for _ in range(30)]
    other = await scene.bob.command("mydata export")
    answers = [await (await each.answered()).original(15.0) for each in [*asked, other]]
    files = [
        await each.member.download(answer) for each, answer in zip(asked, answers, strict=False)
    ]
    made = [each for each in files if each]
    refused = [
        each.content for each in answers if "still putting your data together" in each.content
    ]
    assert made
    assert refused
    assert len(made) + len(refused) == 30
    assert zipfile.ZipFile(BytesIO(made[0][0])).namelist() == ["mynah-data.json", "Morning.wav"]
    assert "This is what I keep about you." in answers[-1].content
    audit_log = await bot.registry.moderation.audit(None, actor=str(scene.ada.id))
    assert sum(each.action is Action.EXPORT for each in audit_log) == len(made)
    assert "This is what I keep" in await scene.told("mydata export")
