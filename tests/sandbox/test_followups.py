"""Deferred answers, and the messages that follow: files, edits, deletion."""

import io

import discord
import pytest

from sandbox import Interaction, Sandbox
from sandbox.protocol.errors import ApiError
from tests.sandbox.plain_bot import Bot


def sound(name: str = "a.ogg", data: bytes = b"sound") -> discord.File:
    return discord.File(io.BytesIO(data), name)


@pytest.fixture
async def held(bot: Bot) -> list[discord.Interaction]:
    """Interactions that the test answers itself."""
    held: list[discord.Interaction] = []

    @bot.tree.command(description="Answered by the test.")
    async def ask(interaction: discord.Interaction) -> None:
        held.append(interaction)
        bot.dispatch("held")

    @bot.event
    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            held.append(interaction)
            bot.dispatch("held")

    await bot.tree.sync()
    return held


async def asked(local: Sandbox, bot: Bot) -> Interaction:
    interaction = await local.guilds[0].member("Alice").command("ask")
    await bot.until("held")
    return interaction


async def test_a_private_deferral_stays_private(
    local: Sandbox, bot: Bot, held: list[discord.Interaction]
) -> None:
    """The edit that fills it may add files and remove them again; its own flags do not count."""
    interaction = await asked(local, bot)
    answer = await held[0].response.defer(ephemeral=True, thinking=True)
    assert answer is not None
    assert answer.resource is None
    assert interaction.deferred
    filled = await held[0].followup.send("card", file=sound(), ephemeral=False, wait=True)
    message = await interaction.original()
    assert (message.content, message.ephemeral, message.flags & 128) == ("card", True, 0)
    assert filled.id == message.id
    assert filled.attachments[0].ephemeral
    assert await filled.attachments[0].read() == b"sound"
    await held[0].edit_original_response(attachments=[], content="used")
    assert (message.content, message.attachments) == ("used", [])
    with pytest.raises(discord.NotFound):
        await filled.attachments[0].read()
    with pytest.raises(discord.HTTPException) as refused:
        await held[0].edit_original_response(content=None)
    assert refused.value.code == 50006


async def test_private_followups_with_files(
    local: Sandbox, bot: Bot, held: list[discord.Interaction]
) -> None:
    """Each can be edited, lose its file, keep it and gain one, and be deleted."""
    interaction = await asked(local, bot)
    await held[0].response.send_message("parts", ephemeral=True)
    sent = await held[0].followup.send("one", file=sound(), ephemeral=True, wait=True)
    message = await interaction.followup()
    assert message.ephemeral
    local.clock.advance(2)
    await sent.edit(attachments=[*sent.attachments, sound("b.ogg")])
    assert [each.filename for each in message.attachments] == ["a.ogg", "b.ogg"]
    await sent.edit(attachments=[])
    assert message.attachments == []
    await sent.delete()
    assert message.deleted
    with pytest.raises(discord.NotFound) as missing:
        await sent.edit(content="two")
    assert missing.value.code == 10008
    channel = bot.get_partial_messageable(message.channel.id)
    with pytest.raises(discord.NotFound) as missing:
        await channel.get_partial_message(message.id).edit(content="two")
    assert missing.value.code == 10008


async def test_private_messages_cannot_be_edited_as_ordinary_ones(
    local: Sandbox, bot: Bot, held: list[discord.Interaction]
) -> None:
    """10008: with the bot's own token they do not exist."""
    interaction = await asked(local, bot)
    await held[0].response.send_message("psst", ephemeral=True)
    assert interaction.message is not None
    channel = bot.get_partial_messageable(interaction.channel.id)
    with pytest.raises(discord.NotFound) as missing:
        await channel.get_partial_message(interaction.message.id).edit(content="x")
    assert missing.value.code == 10008


async def test_a_deleted_original_is_not_filled(
    local: Sandbox, bot: Bot, held: list[discord.Interaction]
) -> None:
    """What follows a deleted deferral is a separate message."""
    interaction = await asked(local, bot)
    await held[0].response.defer(thinking=True)
    await held[0].delete_original_response()
    assert not interaction.deferred
    with pytest.raises(discord.NotFound) as missing:
        await held[0].edit_original_response(content="x")
    assert missing.value.code == 10008
    await held[0].followup.send("a word", ephemeral=True)
    assert [each.content for each in interaction.followups] == ["a word"]
    assert interaction.followups[0].ephemeral


async def test_the_three_answers_to_a_button(
    local: Sandbox, bot: Bot, held: list[discord.Interaction]
) -> None:
    """An update changes the message at once, a deferred update changes it by a later edit, and a
    private answer is another message; also if the button's message is private."""
    first = await asked(local, bot)
    alice = first.member
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Agree", custom_id="agree"))
    await held[0].response.send_message("Consent?", view=view, file=sound(), ephemeral=True)
    message = first.message
    assert message is not None

    pressed = await alice.press(message, "Agree")
    await bot.until("held")
    await held[1].response.defer()  # type 6
    assert not (await pressed.answered()).deferred
    assert (message.content, message.edits) == ("Consent?", [])
    await held[1].edit_original_response(content="Fetching …")
    assert (message.content, message.buttons) == ("Fetching …", ["Agree"])
    assert len(message.attachments) == 1

    await alice.press(message, "Agree")
    await bot.until("held")
    made = await held[2].response.edit_message(content="Card", attachments=[], view=None)  # type 7
    assert made is not None
    assert made.message_id == message.id
    assert (message.content, message.buttons, message.attachments) == ("Card", [], [])
    assert message.ephemeral
    await held[2].followup.send("More.", ephemeral=True)
    assert message.content == "Card"
    await held[2].delete_original_response()
    assert message.deleted


async def test_answers_may_be_as_large_as_the_interaction_says(
    local: Sandbox, bot: Bot, held: list[discord.Interaction]
) -> None:
    """The larger of what the member and the guild may send; 40005 beyond."""
    guild = local.guilds[0]
    guild.boost(2)
    interaction = await asked(local, bot)
    most = held[0].filesize_limit
    assert most == interaction.upload_limit == 50 * 1024 * 1024
    await held[0].response.defer(ephemeral=True, thinking=True)
    with pytest.raises(discord.HTTPException) as refused:
        await held[0].followup.send(file=sound(data=bytes(most + 1)))
    assert refused.value.code == 40005
    assert interaction.deferred


async def test_answers_are_not_counted_in_the_limit_over_all(
    local: Sandbox, bot: Bot, held: list[discord.Interaction]
) -> None:
    """When the fifty requests of the bot's own token are used up, an interaction is still answered
    and followed up."""
    await asked(local, bot)

    def spend() -> None:
        for _ in range(51):
            local.limits.take_global()

    with pytest.raises(ApiError) as refused:
        spend()
    assert refused.value.status == 429
    await held[0].response.send_message("x", ephemeral=True)
    await held[0].followup.send("y", ephemeral=True)
    statuses = [each.status for each in local.rest.requests[-2:]]
    assert statuses == [200, 200]
