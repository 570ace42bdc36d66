"""Interactions, as a bot of plain discord.py meets them."""

import asyncio
import io
from typing import Any

import discord
import pytest
from discord import app_commands

from sandbox import NotPossible, Sandbox, Upload
from tests.sandbox.plain_bot import Bot


class Heard:
    """What the bot's commands received, and what became of its answers."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.errors: list[int] = []
        self.late = asyncio.Event()


@pytest.fixture
async def heard(bot: Bot) -> Heard:
    heard = Heard()

    @bot.tree.command(description="Speak a text.")
    @app_commands.describe(text="What to speak", voice="In which voice")
    async def say(
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, 4000],
        voice: str | None = None,
    ) -> None:
        heard.values.append((interaction.user.name, text, voice))
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="Skip", custom_id="skip:1"))
        view.add_item(discord.ui.Button(label="Replay", custom_id="replay:1", disabled=True))
        await interaction.response.send_message(f"Speaking {text}", view=view)

    @say.autocomplete("voice")
    async def complete(
        interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        heard.values.append(interaction.namespace.text)
        count = 26 if current == "many" else 2
        return [app_commands.Choice(name=f"{current}{i}", value=f"v{i}") for i in range(count)]

    @bot.tree.command(description="Answer privately, after a while.")
    async def later(interaction: discord.Interaction, file: discord.Attachment) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        data = await file.read()
        await interaction.edit_original_response(
            content=f"{len(data)} bytes",
            attachments=[discord.File(io.BytesIO(data[::-1]), "back.bin")],
        )
        await interaction.followup.send("and a word more", ephemeral=True)

    @bot.tree.command(description="Answer twice.")
    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("one")
        again = await interaction.client.http.request(  # past discord.py's own check
            discord.http.Route(
                "POST",
                "/interactions/{id}/{token}/callback",
                id=interaction.id,
                token=interaction.token,
            ),
            json={"type": 4, "data": {"content": "two"}},
        )
        heard.values.append(again)

    @bot.tree.command(description="Answer when told to.")
    async def slow(interaction: discord.Interaction) -> None:
        await heard.late.wait()
        await interaction.response.send_message("too late")

    queue = app_commands.Group(name="queue", description="The queue.")

    @queue.command(description="What waits.")
    async def view(interaction: discord.Interaction, page: int = 1) -> None:
        await interaction.response.send_message(f"page {page}", ephemeral=True)

    bot.tree.add_command(queue)

    @bot.tree.context_menu(name="Speak this")
    async def speak_this(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"Speaking {message.content}")

    @bot.tree.error
    async def failed(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        original = getattr(error, "original", error)
        assert isinstance(original, discord.HTTPException)
        heard.errors.append(original.code)

    @bot.event
    async def on_interaction(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.edit_message(content="Skipped", view=None)

    await bot.tree.sync()
    return heard


async def test_a_command_reaches_the_bot_and_its_answer_the_channel(
    local: Sandbox, bot: Bot, heard: Heard
) -> None:
    """The option's value arrives, and the answer is an ordinary message with its buttons."""
    text = local.guilds[0].text("general")
    alice = local.guilds[0].member("Alice")
    interaction = await (await alice.command("say", {"text": "hello"}, channel=text)).answered()
    assert heard.values == [("alice", "hello", None)]
    assert interaction.content == "Speaking hello"
    assert not interaction.ephemeral
    assert text.messages == [interaction.message]
    assert text.messages[0].buttons == ["Skip"]


async def test_a_button_changes_the_message(local: Sandbox, bot: Bot, heard: Heard) -> None:
    """A press reaches the bot; a disabled button cannot be pressed."""
    text = local.guilds[0].text("general")
    alice, bert = local.guilds[0].member("Alice"), local.guilds[0].member("Bert")
    said = await (await alice.command("say", {"text": "hello"}, channel=text)).original()
    with pytest.raises(NotPossible):
        await bert.press(said, "Replay")
    await (await bert.press(said, "Skip")).answered()
    assert (said.content, said.components) == ("Skipped", [])
    assert [content for _, content in said.edits] == ["Skipped"]


async def test_choices_complete_as_one_types(local: Sandbox, bot: Bot, heard: Heard) -> None:
    """The bot's choices come back; 26 choices are refused with 50035, and none is shown."""
    text = local.guilds[0].text("general")
    alice = local.guilds[0].member("Alice")
    others = {"text": "hi"}
    choices = await alice.complete("say", "voice", "en", channel=text, others=others)
    assert choices == [{"name": "en0", "value": "v0"}, {"name": "en1", "value": "v1"}]
    assert heard.values == ["hi"]
    local.clock.advance(0)
    typing = asyncio.create_task(alice.complete("say", "voice", "many", channel=text))
    await local.rest.until(lambda log: log[-1].code == 50035)
    local.clock.advance(4)
    assert await typing == []


async def test_a_deferred_private_answer_with_a_file(
    local: Sandbox, bot: Bot, heard: Heard
) -> None:
    """Only its viewer sees it; a file travels to the bot and another one back."""
    text = local.guilds[0].text("general")
    alice, bert = local.guilds[0].member("Alice"), local.guilds[0].member("Bert")
    interaction = await alice.command("later", {"file": Upload("a.bin", b"abc")}, channel=text)
    message = await interaction.original()
    assert (message.content, message.ephemeral) == ("3 bytes", True)
    assert await alice.download(message) == [b"cba"]
    assert (await interaction.followup()).content == "and a word more"
    with pytest.raises(NotPossible):
        await bert.download(message)
    assert text.messages == []


async def test_a_second_answer_is_refused(local: Sandbox, bot: Bot, heard: Heard) -> None:
    """40060, and the first answer stands."""
    text = local.guilds[0].text("general")
    interaction = await local.guilds[0].member("Alice").command("twice", channel=text)
    await local.rest.until(lambda log: log[-1].code == 40060)
    assert interaction.content == "one"
    assert interaction.refusals == [40060]


async def test_an_answer_after_three_seconds_is_refused(
    local: Sandbox, bot: Bot, heard: Heard
) -> None:
    """10062; the member was told that the application did not respond."""
    text = local.guilds[0].text("general")
    interaction = await local.guilds[0].member("Alice").command("slow", channel=text)
    local.clock.advance(3.1)
    assert (await interaction.answered()).refused
    heard.late.set()
    await local.rest.until(lambda log: log[-1].code == 10062)
    assert interaction.message is None


async def test_a_token_dies_after_fifteen_minutes(local: Sandbox, bot: Bot, heard: Heard) -> None:
    """401 with code 50027, while the message can still be edited as an ordinary one."""
    text = local.guilds[0].text("general")
    alice = local.guilds[0].member("Alice")
    interaction = await alice.command("say", {"text": "hi"}, channel=text)
    message = await interaction.original()
    local.clock.advance(15 * 60)
    webhook = discord.Webhook.partial(local.world.application_id, interaction.token, client=bot)
    with pytest.raises(discord.HTTPException) as refused:
        await webhook.edit_message(message.id, content="late")
    assert (refused.value.status, refused.value.code) == (401, 50027)
    channel = bot.get_partial_messageable(text.id)
    await channel.get_partial_message(message.id).edit(content="still")
    assert message.content == "still"


async def test_sub_commands_and_context_menus(local: Sandbox, bot: Bot, heard: Heard) -> None:
    """`queue view` is found by its path; a message's menu sends the message."""
    text = local.guilds[0].text("general")
    alice = local.guilds[0].member("Alice")
    viewed = await (await alice.command("queue view", {"page": 3}, channel=text)).answered()
    assert (viewed.content, viewed.ephemeral) == ("page 3", True)
    said = await alice.say("good morning", text)
    spoken = await (await alice.message_command("Speak this", said)).answered()
    assert spoken.content == "Speaking good morning"


async def test_the_client_refuses_what_the_schema_does_not_allow(
    local: Sandbox, bot: Bot, heard: Heard
) -> None:
    """No such command, no such option, a missing one, one too long, one of another type."""
    text = local.guilds[0].text("general")
    alice = local.guilds[0].member("Alice")
    faulty: list[tuple[str, dict[str, Any]]] = [
        ("shout", {}),
        ("say", {}),
        ("say", {"text": "x", "speed": 2}),
        ("say", {"text": "x" * 4001}),
        ("say", {"text": 3}),
        ("queue", {}),
    ]
    for path, values in faulty:
        with pytest.raises(NotPossible):
            await alice.command(path, values, channel=text)
