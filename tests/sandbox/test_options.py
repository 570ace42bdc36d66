"""Options and selects that hold members, roles and channels; completion below groups."""

from typing import Any

import discord
import pytest
from discord import app_commands

from sandbox import NotPossible, Sandbox
from tests.sandbox.plain_bot import Bot


@pytest.fixture
async def given(bot: Bot) -> list[Any]:
    """What the bot received."""
    given: list[Any] = []
    voice = app_commands.Group(name="voice", description="Voices.")
    access = app_commands.Group(name="access", description="Who may use it.", parent=voice)

    @access.command(description="Share it.")
    async def share(
        interaction: discord.Interaction,
        voice: str,
        member: discord.Member | None = None,
        role: discord.Role | None = None,
        where: discord.TextChannel | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        given.extend((voice, member, role, where))
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.UserSelect(custom_id="whom", max_values=2))
        await interaction.response.send_message("With whom?", view=view, ephemeral=True)

    @share.autocomplete("voice")
    async def voices(
        interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        given.append(interaction.namespace.member)
        return [app_commands.Choice(name=f"{current}a · Alice", value="@12")]

    @bot.event
    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            given.append(interaction.data)
            await interaction.response.defer()

    bot.tree.add_command(voice)
    await bot.tree.sync()
    return given


async def test_members_roles_and_channels_are_resolved(
    local: Sandbox, bot: Bot, given: list[Any]
) -> None:
    """The bot needs no cache and no intent for them."""
    guild = local.guilds[0]
    alice, bert, role = guild.member("Alice"), guild.member("Bert"), guild.role("Singers")
    text = guild.text("general")
    values = {"voice": "x", "member": bert, "role": role, "where": text}
    await (await alice.command("voice access share", values)).answered()
    voice, member, seen_role, where = given
    assert voice == "x"
    assert isinstance(member, discord.Member)
    assert member.id == bert.id
    assert (seen_role.id, where.id) == (role.id, text.id)
    with pytest.raises(NotPossible):
        await alice.command("voice access share", {"voice": "x", "role": bert})


async def test_completion_below_groups_sees_the_other_options(
    local: Sandbox, bot: Bot, given: list[Any]
) -> None:
    """Also where they come after the one that is being typed."""
    guild = local.guilds[0]
    alice, bert = guild.member("Alice"), guild.member("Bert")
    choices = await alice.complete("voice access share", "voice", "ann", others={"member": bert})
    assert choices == [{"name": "anna · Alice", "value": "@12"}]
    assert given[0].id == bert.id


async def test_members_are_selected(local: Sandbox, bot: Bot, given: list[Any]) -> None:
    """As many as the select accepts; their users and members come with the ids."""
    guild = local.guilds[0]
    alice, bert, carl = (guild.member(each) for each in ("Alice", "Bert", "Carl"))
    shared = await (await alice.command("voice access share", {"voice": "x"})).answered()
    assert shared.message is not None
    await (await alice.select(shared.message, "whom", [bert, carl])).answered()
    data = given[-1]
    assert data["values"] == [str(bert.id), str(carl.id)]
    assert set(data["resolved"]["users"]) == set(data["resolved"]["members"]) == set(data["values"])
    for wrong in ([], [alice, bert, carl], [guild.role("Singers")]):
        with pytest.raises(NotPossible):
            await alice.select(shared.message, "whom", wrong)
