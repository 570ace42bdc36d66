"""/say: what a member wants spoken, and in which voice."""

import discord
from discord import app_commands

from bot.commands import actions
from bot.commands.kind import Command
from bot.context import command_context
from bot.display_names import names_in
from bot.markup import to_words
from bot.parts import Parts
from bot.requester import requester_of
from bot.voices.completion import completed_by
from bot.voices.usable import chosen, offer_all


def commands(house: Parts) -> list[Command]:
    @app_commands.command(name="say", description="Speak a text in your voice channel")
    @app_commands.describe(text="What to speak", voice="Whose voice; completes as you type")
    async def say(interaction: discord.Interaction, text: str, voice: str | None = None) -> None:
        ask = await command_context(interaction, house)
        spoken = await chosen(house, requester_of(interaction), voice)
        names = await names_in(text, ask.guild)
        words = to_words(text, names, now=house.clock.time())
        await actions.say(interaction, house, ask, text=words, spoken=spoken)

    say.autocomplete("voice")(completed_by(offer_all, house))
    return [say]
