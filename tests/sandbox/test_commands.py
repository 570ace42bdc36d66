"""Command schemas: what Discord accepts, and the path at which it reports an error."""

from typing import Any

import discord
import pytest
from discord import app_commands

from sandbox import NotPossible, Sandbox
from sandbox.protocol.commands import is_name
from sandbox.protocol.errors import ApiError
from tests.sandbox.plain_bot import Bot

Json = dict[str, Any]


def command(**changes: Any) -> Json:
    return {"name": "say", "description": "Speak.", "options": []} | changes


def option(**changes: Any) -> Json:
    return {"type": 3, "name": "text", "description": "What."} | changes


CHOICES = [{"name": str(i), "value": str(i)} for i in range(26)]
FAULTY = [
    (command(name="Say"), "name"),
    (command(name="s y"), "name"),
    (command(name="s" * 33), "name"),
    (command(description=""), "description"),
    (command(description="d" * 101), "description"),
    (command(options=[option(name=f"o{i}") for i in range(26)]), "options"),
    (command(options=[option(choices=CHOICES)]), "options.0.choices"),
    (command(options=[option(choices=CHOICES[:2], autocomplete=True)]), "options.0.autocomplete"),
    (command(options=[option(type=12)]), "options.0.type"),
    (command(options=[option(), option(name="b", required=True)]), "options.1.required"),
    (command(options=[option(), option()]), "options.1.name"),
    (command(options=[option(min_length=7000)]), "options.0.min_length"),
    (command(options=[option(type=1), option(name="b")]), "options.1.type"),
    (command(options=[option(type=1, options=[option(type=1)])]), "options.0.options.0.type"),
    (command(options=[option(type=2, options=[option()])]), "options.0.options.0.type"),
    (command(options=[option(type=2, options=[option(type=2)])]), "options.0.options.0.type"),
    (command(type=2, name="Menu", options=[]), "description"),
    (command(contexts=[7]), "contexts.0"),
    (command(description="d" * 100, options=[option(name=f"o{i}", description="d" * 100,
     choices=[{"name": f"{j}" * 50, "value": f"{j}" * 50} for j in range(5)])
     for i in range(15)]), "_errors"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "where"), FAULTY, ids=lambda x: x if isinstance(x, str) else "")
async def test_a_faulty_schema_is_refused_at_its_path(
    local: Sandbox, given: Json, where: str
) -> None:
    """50035 with the fault nested under `errors`, and nothing is registered."""
    with pytest.raises(ApiError) as refused:
        local.commands.overwrite(None, [given])
    assert refused.value.code == 50035
    node = refused.value.body["errors"]["0"]
    for step in where.split("."):
        node = node[step]
    assert local.commands.of(None) == []


async def test_names_of_any_script(local: Sandbox) -> None:
    """Letters and digits of all scripts, with the marks of Devanagari and Thai."""
    assert all(is_name(each) for each in ("say", "être", "日本", "नमस्ते", "กิน", "a-b_c'd", "2"))
    assert not any(is_name(each) for each in ("", "Say", "ÜBER", "a b", "a.b", "a/b", "🙂"))


async def test_discord_py_syncs_and_reads_back(local: Sandbox, bot: Bot) -> None:
    """Ids stay when commands are synced again; guild commands are separate."""

    @bot.tree.command(description="Speak.")
    @app_commands.guild_install()
    @app_commands.allowed_contexts(guilds=True)
    @app_commands.default_permissions(speak=True)
    async def say(interaction: discord.Interaction, text: str, rate: int = 1) -> None: ...

    first = await bot.tree.sync()
    again = await bot.tree.sync()
    assert [each.id for each in first] == [each.id for each in again]
    fetched = await bot.tree.fetch_commands()
    assert [each.name for each in fetched] == ["say"]
    assert fetched[0].default_member_permissions == discord.Permissions(speak=True)
    guild = discord.Object(local.guilds[0].id)
    assert await bot.tree.fetch_commands(guild=guild) == []


async def test_a_hundred_commands_and_no_more(local: Sandbox) -> None:
    """30032."""
    registry = local.commands
    registry.overwrite(None, [command(name=f"c{i}") for i in range(100)])
    with pytest.raises(ApiError) as refused:
        registry.upsert(None, command(name="one-more"))
    assert refused.value.code == 30032


async def test_fifteen_commands_in_a_menu_and_no_more(local: Sandbox) -> None:
    """30032; each is offered where its contexts say."""

    def menu(number: int, **more: Any) -> Json:
        return {"type": 3, "name": f"Menu {number}"} | more

    registry = local.commands
    registry.overwrite(None, [menu(number) for number in range(15)])
    with pytest.raises(ApiError) as refused:
        registry.upsert(None, menu(15))
    assert refused.value.code == 30032
    registry.overwrite(None, [menu(0, contexts=[0]), menu(1, contexts=[1])])
    alice = local.guild("Home").member("Alice")
    here = await alice.say("x", alice.guild.text("general"))
    there = await alice.say("x", alice.dm)
    await alice.message_command("Menu 0", here)
    await alice.message_command("Menu 1", there)
    for number, message in ((1, here), (0, there)):
        with pytest.raises(NotPossible):
            await alice.message_command(f"Menu {number}", message)
