"""Commands as Discord knows them, and the link that invites the bot."""

from urllib.parse import parse_qs, urlsplit

import discord as discord_py
import pytest

from bot.discord_io.registration import invite_link
from sandbox import NotPossible, Permission, Sandbox
from tests.discord.conftest import Start
from tests.discord.running import Running
from tests.discord.scene import Scene

EVERYWHERE = {"voice", "mydata", "Use as my voice"}
NAMES = {"say", "skip", "stop", "pause", "resume", "join", "leave", "queue", "help"}
NAMES |= {"voice-admin"} | EVERYWHERE


def times_registered(discord: Sandbox) -> int:
    """How often the whole list of commands was sent."""
    return sum(
        each.method == "PUT" and each.path.endswith("/commands") for each in discord.rest.requests
    )


async def test_only_what_is_about_oneself_shows_in_direct_messages(
    bot: Running, scene: Scene, discord: Sandbox
) -> None:
    commands = discord.commands.of(None)
    assert {each["name"] for each in commands} == NAMES
    for each in commands:
        servers, direct = [0], [0, 1]
        assert each["contexts"] == (direct if each["name"] in EVERYWHERE else servers)
        assert each["integration_types"] == [0]  # installed to a server, not to a user


async def test_commands_are_registered_only_when_they_changed(
    scene: Scene, discord: Sandbox, start: Start
) -> None:
    for times in (1, 1):
        bot = await start()
        await discord.rest.until(lambda log: any(each.path.endswith("/commands") for each in log))
        await bot.stop()
        assert times_registered(discord) == times
    bot = await start(mynah_command_group="mynah")
    registered = discord.commands.of(None)
    assert {each["name"] for each in registered} == {"mynah", "Use as my voice"}
    await bot.stop()
    assert times_registered(discord) == 2


async def test_commands_that_somebody_else_replaced_are_registered_again(
    scene: Scene, discord: Sandbox, start: Start
) -> None:
    await (await start()).stop()
    discord.commands.overwrite(None, [{"name": "other", "description": "Of another bot"}])
    await start()
    assert {each["name"] for each in discord.commands.of(None)} == NAMES


async def test_commands_below_one_name_do_what_they_do(scene: Scene, start: Start) -> None:
    bot = await start(mynah_command_group="talk")
    interaction = await scene.command("talk say", {"text": "Hello there. " * 20})
    assert not (await interaction.original()).ephemeral
    choices = await scene.ada.complete("talk say", "voice", "engl", others={"text": "x"})
    assert choices
    assert "Place" not in await scene.told("talk queue view")
    assert await scene.told("talk skip") == "Skipped."
    assert await bot.queue(scene) == []
    with pytest.raises(NotPossible):
        await scene.ada.command("skip", channel=scene.text)


async def test_answers_name_commands_as_they_are_typed(scene: Scene, start: Start) -> None:
    await start(mynah_command_group="talk")
    assert "`/talk join`" in await scene.told("talk pause")
    assert "`/talk say`" in await scene.told("talk queue view")


def test_invite_link_asks_for_what_it_needs_and_no_more() -> None:
    query = parse_qs(urlsplit(invite_link(1234)).query)
    assert query["client_id"] == ["1234"]
    assert set(query["scope"][0].split()) == {"bot", "applications.commands"}
    asked = discord_py.Permissions(int(query["permissions"][0]))
    assert asked == discord_py.Permissions(view_channel=True, connect=True, speak=True)


async def test_permissions_of_the_link_are_enough(discord: Sandbox, start: Start) -> None:
    link = parse_qs(urlsplit(invite_link(discord.world.application_id)).query)
    scene = Scene(discord)
    scene.guild.bot_role.set_permissions(Permission(int(link["permissions"][0])))
    await scene.ada.join(scene.lounge)
    await start()
    message = await scene.say("Hi.")
    await message.wait_for(lambda each: "Spoken in" in each.content)
