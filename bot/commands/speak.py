"""/say: what a member wants spoken, and in which voice."""

import discord
from discord import app_commands

from bot import acts
from bot.asking import asking
from bot.choices import completions, voice_id
from bot.commands.kind import Command
from bot.house import House
from bot.markup import to_words
from bot.names import names_in


def commands(house: House) -> list[Command]:
    @app_commands.command(name="say", description="Speak a text in your voice channel")
    @app_commands.describe(text="What to speak", voice="Whose voice; completes as you type")
    async def say(interaction: discord.Interaction, text: str, voice: str | None = None) -> None:
        ask = await asking(interaction, house)
        chosen = voice_id(house.speech.card, voice)
        names = await names_in(text, ask.guild)
        words = to_words(text, names, now=house.clock.time())
        await acts.say(interaction, house, ask, text=words, voice=chosen)

    @say.autocomplete("voice")
    async def complete_voice(
        interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=voice.name[:100], value=voice.id)
            for voice in completions(house.speech.card, typed)
        ]

    return [say]
