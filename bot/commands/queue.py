"""/queue view and /help: what waits, and what members can ask for."""

from typing import Final

import discord
from discord import app_commands

from bot import policy
from bot.commands.tree import Entry
from bot.context import Contexts, check
from bot.discord_io.replies import Reply
from bot.messages.render import render_queue
from bot.voice.guild_voices import GuildVoices
from engine.base.clock import Clock

#: Every command, for somebody who has not seen it.
HELP: Final = "\n".join(
    (
        "I speak text in voice channels. Join one, then:",
        "- `/say` speaks a text; `voice` completes as you type.",
        "- `/skip` ends the job being spoken, `/stop` that and all that wait: your own, or "
        "anyone's if you moderate.",
        "- `/pause` and `/resume` stop for a while and go on.",
        "- `/join` calls me to your channel, `/leave` sends me out.",
        "- `/queue view` shows what waits, to you alone.",
        "- `/voice upload` gives me a voice by a recording; `/voice list`, `/voice use`, "
        "`/voice share` and more go on from there. **Use as my voice**, in the menu of a message "
        "of yours, takes a voice message.",
        "- `/voice report` tells the admins and the operator what is wrong with a voice; "
        "`/voice-admin` is for members who manage the server.",
        "- `/mydata export` and `/mydata delete` hand over, or delete, all that I keep of you.",
        "Below each message are buttons: Skip and Stop while it is spoken, Replay and Download "
        "(the sound as a file) afterwards.",
    )
)


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
        super().__init__(name="queue", description="What waits to be spoken")
        self._contexts = contexts
        self._guild_voices = guild_voices
        self._reply = reply
        self._clock = clock
        self._hide_text = hide_text

    @app_commands.command(name="view", description="Show what is being spoken and what waits")
    async def view(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.read(interaction)
        check(policy.may_view(context.member_facts))
        text = render_queue(
            context.queue,
            now=self._clock.time(),
            hide_text=self._hide_text,
            note=self._guild_voices.note(context.guild.id),
        )
        await self._reply(interaction, text)


class Help:
    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.commands: list[Entry] = [
            app_commands.Command(
                name="help",
                description="What this bot does, and every command",
                callback=self.help,
            )
        ]

    async def help(self, interaction: discord.Interaction) -> None:
        await self._reply(interaction, HELP)
