"""/voice in direct messages: members reach their own voices there."""

from pathlib import Path

import pytest

from engine.model.voices import Scope
from sandbox import NotPossible, Sandbox, Upload
from tests.discord.conftest import Start
from tests.discord.given import give_voice
from tests.discord.running import Running
from tests.discord.scene import Scene, private
from tests.discord.uploading import AGREE, USE, kept, speech_file
from tests.process.recorded import converted


async def test_voice_is_uploaded_and_chosen_in_a_direct_message(bot: Running, scene: Scene) -> None:
    values = {"file": speech_file(), "name": "Morning"}
    asked = await scene.ada.command("voice upload", values, channel=scene.ada.dm)
    question = await (await asked.answered()).original()
    pressed = await scene.ada.press(question, AGREE)
    card = await (await pressed.answered()).original(15.0)
    assert "**Morning** is kept, private" in card.content
    assert len(kept(bot)) == 1
    used = await private(await scene.ada.press(card, USE))
    assert "in **Morning** for you everywhere" in used
    message = await scene.say("Hello.")
    assert "in a private voice" in message.content


async def test_voice_message_to_the_bot_is_taken_from_its_menu(bot: Running, scene: Scene) -> None:
    file = Upload("voice-message.ogg", converted("ogg", "-c:a", "libopus"))
    message = await scene.ada.say("", scene.ada.dm, [file], voice_message=True)
    menu = await (await scene.ada.message_command("Use as my voice", message)).answered()
    sent = await scene.ada.submit(menu, {"name": "Evening"})
    question = await (await sent.answered()).original()
    pressed = await scene.ada.press(question, AGREE)
    card = await (await pressed.answered()).original(15.0)
    assert "**Evening** is kept, private" in card.content


async def test_no_voice_is_shared_with_a_server_from_there(bot: Running, scene: Scene) -> None:
    values = {"file": speech_file(), "name": "Morning", "scope": "server"}
    told = await scene.ada.command("voice upload", values, channel=scene.ada.dm)
    assert "use this command there" in await private(told)


async def test_own_voices_are_listed_and_deleted_there(
    bot: Running, scene: Scene, tmp_path: Path
) -> None:
    await give_voice(bot, scene.ada, "Morning", folder=tmp_path, scope=Scope.PRIVATE)
    await give_voice(bot, scene.bob, "Evening", folder=tmp_path, scope=Scope.SERVER, hertz=300)
    told = await private(await scene.ada.command("voice list", channel=scene.ada.dm))
    assert "**Morning** · yours" in told
    assert "Evening" not in told
    found = await scene.ada.complete("voice delete", "voice", "", channel=scene.ada.dm)
    assert [each["name"] for each in found] == ["Morning · yours"]
    values = {"voice": "Morning"}
    asked = await scene.ada.command("voice delete", values, channel=scene.ada.dm)
    question = await (await asked.answered()).original()
    await scene.ada.press(question, "Delete")
    await question.wait_for(lambda each: "**Morning** is deleted" in each.content)
    assert len(kept(bot)) == 1  # Bob's


async def test_choice_for_here_needs_a_server(bot: Running, scene: Scene) -> None:
    values = {"voice": "de", "where": "here"}
    told = await scene.ada.command("voice use", values, channel=scene.ada.dm)
    assert "You are not in a server here" in await private(told)


async def test_everything_else_stays_in_servers(
    scene: Scene, discord: Sandbox, start: Start
) -> None:
    bot = await start()
    for path in ("say", "help", "queue view", "voice-admin list"):
        with pytest.raises(NotPossible):
            await scene.ada.command(path, {"text": "x"}, channel=scene.ada.dm)
    await bot.stop()
    await start(mynah_command_group="talk")  # a group shows all its commands there
    told = await scene.ada.command("talk queue view", channel=scene.ada.dm)
    assert await private(told) == "Use this command in a server."
    listed = await private(await scene.ada.command("talk voice list", channel=scene.ada.dm))
    assert "`/talk voice upload`" in listed


async def test_strangers_to_the_served_servers_keep_their_rights_only(
    scene: Scene, start: Start, tmp_path: Path
) -> None:
    bot = await start(mynah_guilds=frozenset({scene.guild.id + 1}))
    told = await private(await scene.ada.command("voice list", channel=scene.ada.dm))
    assert "serves certain servers only" in told
    assert await scene.ada.complete("voice use", "voice", "", channel=scene.ada.dm) == []
    asked = await scene.ada.command("mydata delete", channel=scene.ada.dm)
    assert "serves certain servers" not in await private(asked)
    await give_voice(bot, scene.ada, "Morning", folder=tmp_path, scope=Scope.PRIVATE)
    told = await private(await scene.ada.command("voice list", channel=scene.ada.dm))
    assert "**Morning** · yours" in told
