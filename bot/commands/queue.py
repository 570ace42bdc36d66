"""/queue view and /help: what waits, and what members can ask for."""

import discord
from discord import app_commands

from bot import policy
from bot.commands.tree import Entry
from bot.context import Contexts, check
from bot.discord_io.registration import localized
from bot.discord_io.replies import Reply
from bot.locales.catalog import text
from bot.messages.render import render_queue
from bot.voice.guild_voices import GuildVoices
from engine.base.clock import Clock


class Queue(app_commands.Group):
    def __init__(
        self,
        contexts: Contexts,
        guild_voices: GuildVoices,
        reply: Reply,
        clock: Clock,
        *,
        hide_text: bool,
    ) -> None:
        super().__init__(name="queue", description=localized("command-queue"))
        self._contexts = contexts
        self._guild_voices = guild_voices
        self._reply = reply
        self._clock = clock
        self._hide_text = hide_text

    @app_commands.command(name="view", description=localized("command-queue-view"))
    async def view(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.read(interaction)
        check(policy.may_view(context.member_facts))
        listed = render_queue(
            context.queue,
            now=self._clock.time(),
            hide_text=self._hide_text,
            note=self._guild_voices.note(context.guild.id),
        )
        await self._reply(interaction, listed)


class Help:
    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.commands: list[Entry] = [
            app_commands.Command(
                name="help",
                description=localized("command-help"),
                callback=self.help,
            )
        ]

    async def help(self, interaction: discord.Interaction) -> None:
        await self._reply(interaction, text("help"))
