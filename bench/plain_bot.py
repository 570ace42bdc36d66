"""The baseline: a bot of plain discord.py that plays ready-made sound after `/say`.

It joins each server's voice channel at the start, uses no disk, no engine, no queue and no lead-in
of silence, and answers after it has begun to play. Nothing can be faster with discord.py's own
player.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

import aiohttp
import discord
from discord import app_commands

from bot.discord_io.gateway import locate
from engine.base.logging import set_up_logging
from engine.model.audio_format import FRAMES_PER_SECOND
from engine.tts.audio.ogg import OggReader

#: The environment variable with the path of an Ogg Opus file.
SOUND_FILE: Final = "BENCH_SOUND"
SECONDS: Final = 0.3


class ReadyMade(discord.AudioSource):
    """Opus packets in memory."""

    def __init__(self, packets: list[bytes]) -> None:
        self._packets = iter(packets)

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return next(self._packets, b"")


class PlainBot(discord.Client):
    def __init__(self, packets: list[bytes]) -> None:
        intents = discord.Intents(guilds=True, voice_states=True)
        super().__init__(intents=intents, guild_ready_timeout=0.5)
        self.tree = app_commands.CommandTree(self)

        @self.tree.command(name="say", description="Play a sound")
        async def say(interaction: discord.Interaction, text: str) -> None:
            assert interaction.guild is not None
            voice = interaction.guild.voice_client
            assert isinstance(voice, discord.VoiceClient)
            voice.play(ReadyMade(packets))
            await interaction.response.send_message("A sound.")

    async def on_ready(self) -> None:
        for guild in self.guilds:
            await guild.voice_channels[0].connect(self_deaf=True)
        # `Stage` waits for registered commands, which show that the bot is ready.
        await self.tree.sync()


async def main(packets: list[bytes]) -> None:
    set_up_logging("error", "console")
    token = os.environ["DISCORD_TOKEN"]
    async with aiohttp.ClientSession() as session:
        await locate(session, os.environ["DISCORD_API_URL"], token)
    async with PlainBot(packets) as bot:
        await bot.start(token)


if __name__ == "__main__":
    made = OggReader().feed(Path(os.environ[SOUND_FILE]).read_bytes())
    asyncio.run(main(made[: round(SECONDS * FRAMES_PER_SECOND)]))
