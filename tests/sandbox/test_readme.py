"""The examples of `sandbox/README.md` run as they are."""

import asyncio
import re
import textwrap
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

import sandbox
from sandbox import Sandbox
from tests.sandbox.plain_bot import Bot, running
from tests.sandbox.voice_sound import Frames, tone

PAGE = Path(sandbox.__file__).with_name("README.md")


class Example(Bot):
    """The bot of the page."""

    def __init__(self) -> None:
        super().__init__()

        @self.tree.command(description="Speak a text.")
        async def say(
            interaction: discord.Interaction, text: str, voice: str | None = None
        ) -> None:
            view = discord.ui.View(timeout=None)
            view.add_item(discord.ui.Button(label="Skip", custom_id="skip"))
            await interaction.response.send_message(f"Speaking {text}", view=view)

        @say.autocomplete("voice")
        async def voices(
            interaction: discord.Interaction, current: str
        ) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name="english", value="en")]

        @self.tree.command(description="Never answered.")
        async def ignored(interaction: discord.Interaction) -> None: ...

        queue = app_commands.Group(name="queue", description="The queue.")

        @queue.command(description="What waits.")
        async def view(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("Nothing waits.", ephemeral=True)

        self.tree.add_command(queue)

        @self.tree.command(description="Give a recording.")
        async def upload(interaction: discord.Interaction, file: discord.Attachment) -> None:
            try:
                data = await file.read()
            except (aiohttp.ClientError, discord.HTTPException):
                await interaction.response.send_message("cannot be fetched", ephemeral=True)
                return
            text = f"{file.filename}, {len(data)} bytes"
            await interaction.response.send_message(text, ephemeral=True)

        @self.tree.context_menu(name="Use as my voice")
        async def use(interaction: discord.Interaction, message: discord.Message) -> None:
            file = message.attachments[0]
            assert message.flags.voice
            text = f"a voice message of {file.duration} s"
            await interaction.response.send_message(text, ephemeral=True)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.edit_message(content="Skipped", view=None)

    async def join(self, channel_id: int) -> None:
        channel = self.get_channel(channel_id)
        assert isinstance(channel, discord.VoiceChannel)
        self.speaking: discord.VoiceClient = await channel.connect(timeout=5)

    def play_tone(self) -> None:
        self.speaking.play(Frames(tone(1.0)))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_the_page_runs(stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of Python on the page, in its order."""

    async def connect(local: Sandbox) -> Bot:
        monkeypatch.setattr(discord.http.Route, "BASE", local.api_url)
        monkeypatch.setattr(
            discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(local.gateway_url)
        )
        return await stack.enter_async_context(running(local, Example()))

    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    body = textwrap.indent("\n".join(blocks), "    ")
    names: dict[str, Any] = {"stack": stack, "connect": connect}
    exec(compile(f"async def page():\n{body}", str(PAGE), "exec"), names)
    async with asyncio.timeout(30):
        await names["page"]()
