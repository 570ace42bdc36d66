"""/say: what a member wants spoken, and in which voice."""

import discord
from discord import app_commands

from bot.commands.actions import JobActions
from bot.commands.arguments import AnyVoice
from bot.commands.tree import Entry
from bot.context import Contexts, requester_of
from bot.discord_io.registration import localized
from bot.display_names import names_in
from bot.markup import to_words
from bot.voices.directory import VoiceDirectory
from engine.base.clock import Clock


class Say:
    def __init__(
        self, contexts: Contexts, actions: JobActions, directory: VoiceDirectory, clock: Clock
    ) -> None:
        self._contexts = contexts
        self._directory = directory
        self._actions = actions
        self._clock = clock
        self.commands: list[Entry] = [
            app_commands.Command(
                name="say", description=localized("command-say"), callback=self.say
            )
        ]

    @app_commands.describe(text=localized("option-say-text"), voice=localized("option-say-voice"))
    async def say(
        self, interaction: discord.Interaction, text: str, voice: AnyVoice | None = None
    ) -> None:
        context = await self._contexts.read(interaction)
        requester = requester_of(interaction)
        selection = voice or await self._directory.select(requester, None)
        names = await names_in(text, context.guild)
        words = to_words(text, names, now=self._clock.time())
        await self._actions.say(interaction, context, text=words, selection=selection)
