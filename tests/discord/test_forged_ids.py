"""An id that cannot exist, typed or forged, gets the same answer as an unknown one: no error."""

from typing import Any

import pytest

from bot.locales.catalog import text
from sandbox.model.interaction import Kind
from tests.discord.given import Give
from tests.discord.running import Running
from tests.discord.scene import Scene, private

NOBODYS = [
    *("9223372036854775808", "9999999999999999999", "18446744073709551616", "9" * 70),
    *("0", "-1", "007", "²", "٣", "1²", " 7", "7.0", "5:6", "5\n", "", "x", "\ud800"),
]
WIDE = [
    *("@9223372036854775808", "@9999999999999999999", "@" + "9" * 5000),
    *("@²", "@٣", "@0", "@\ud83d"),
]


@pytest.mark.parametrize("verb", ["skip", "stop", "replay", "download"])
async def test_button_of_a_job_that_never_was_says_that_it_is_no_longer_kept(
    verb: str, bot: Running, scene: Scene
) -> None:
    message = await scene.say("Hello there.")
    for nobodys in NOBODYS:
        data = {"component_type": 2, "custom_id": f"mynah:{verb}:{nobodys}"}
        pressed = scene.ada.interact(Kind.COMPONENT, scene.text, data, pressed=message)
        assert await private(pressed) == text("error-job-not-kept"), nobodys


@pytest.mark.parametrize("what", ["use", "delete"])
async def test_button_of_a_voice_that_never_was_says_that_there_is_none(
    what: str, bot: Running, scene: Scene
) -> None:
    message = await scene.say("Hello there.")
    for key in (*WIDE, "", "12", ":", "@1:@2"):
        data = {"component_type": 2, "custom_id": f"mynah:voice:{what}:{key}"}
        pressed = scene.ada.interact(Kind.COMPONENT, scene.text, data, pressed=message)
        assert await private(pressed) == text("error-unknown-voice"), key


async def test_voice_of_a_number_that_nobody_has_is_no_voice(bot: Running, scene: Scene) -> None:
    for key in WIDE:
        for path, values in (
            ("say", {"text": "Hello there.", "voice": key}),
            ("voice use", {"voice": key}),
            ("voice use", {"voice": key, "where": "everywhere"}),
            ("voice preview", {"voice": key}),
            ("voice rename", {"voice": key, "name": "Other"}),
            ("voice share", {"voice": key, "scope": "private"}),
            ("voice style", {"voice": key}),
            ("voice delete", {"voice": key}),
            ("voice report", {"voice": key, "reason": "It is mine."}),
        ):
            assert "There is no such voice" in await scene.told(path, values), (path, key)


async def test_admins_are_told_likewise(bot: Running, scene: Scene) -> None:
    for key in (*WIDE, "#9223372036854775808", "#²"):
        for command in ("remove", "freeze", "release", "default", "audit"):
            told = await scene.told(f"voice-admin {command}", {"voice": key}, by=scene.guild.owner)
            assert "There is no such voice" in told, (command, key)


async def test_completion_of_such_a_number_offers_nothing(
    bot: Running, scene: Scene, give: Give
) -> None:
    await give("Morning")
    for key in WIDE:
        offered = await scene.ada.complete("say", "voice", key, others={"text": "x"})
        assert offered == [], key


async def test_form_that_nobody_was_shown_has_lapsed(bot: Running, scene: Scene) -> None:
    field = {"type": 4, "custom_id": "name", "value": "Morning"}
    row: dict[str, Any] = {"type": 1, "components": [field]}
    for token in NOBODYS:
        data = {"custom_id": f"mynah:voice:name:{token}", "components": [row]}
        sent = scene.ada.interact(Kind.MODAL, scene.text, data)
        assert "lapsed" in await private(sent), token


async def test_mention_of_an_id_that_nobody_has_is_read_out_as_unknown(
    bot: Running, scene: Scene
) -> None:
    message = await scene.say("Hello <@9999999999999999999> and <@١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦>.")
    assert "unknown member" in message.content
