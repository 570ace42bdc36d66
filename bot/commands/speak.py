"""/say: what a member wants spoken, and in which voice."""

import discord
from discord import app_commands

from bot import acts
from bot.asker import asker_of
from bot.asking import asking
from bot.commands.kind import Command
from bot.house import House
from bot.library.completion import completed_by
from bot.library.usable import chosen, offer_all
from bot.markup import to_words
from bot.names import names_in


def commands(house: House) -> list[Command]:
    @app_commands.command(name="say", description="Speak a text in your voice channel")
    @app_commands.describe(text="What to speak", voice="Whose voice; completes as you type")
    async def say(interaction: discord.Interaction, text: str, voice: str | None = None) -> None:
        ask = await asking(interaction, house)
        spoken = await chosen(house, asker_of(interaction), voice)
        names = await names_in(text, ask.guild)
        words = to_words(text, names, now=house.clock.time())
        await acts.say(interaction, house, ask, text=words, spoken=spoken)

    say.autocomplete("voice")(completed_by(offer_all, house))
    return [say]
