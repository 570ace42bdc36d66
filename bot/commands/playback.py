"""/skip, /stop, /pause, /resume: what is being spoken. /join, /leave: where the bot is."""

from typing import Final

import discord
from discord import app_commands

from bot import policy
from bot.commands.actions import JobActions
from bot.commands.tree import Entry
from bot.context import Contexts
from bot.discord_io.replies import Reply
from bot.voice.guild_voices import GuildVoices
from bot.voice.listeners import needs_invitation

ASK_MODERATOR: Final = " It is a stage: ask a stage moderator to invite me to speak."


class Playback:
    def __init__(
        self, contexts: Contexts, actions: JobActions, guild_voices: GuildVoices, reply: Reply
    ) -> None:
        self._contexts = contexts
        self._actions = actions
        self._guild_voices = guild_voices
        self._reply = reply
        self.commands: list[Entry] = [
            app_commands.Command(name=name, description=description, callback=callback)
            for name, description, callback in (
                ("skip", "End the job that is being spoken", self.skip),
                ("stop", "End the job being spoken and all that wait", self.stop),
                ("pause", "Stop speaking for a while; nothing is lost", self.pause),
                ("resume", "Go on speaking after a pause", self.resume),
                ("join", "Call the bot to your voice channel", self.join),
                ("leave", "Send the bot out; what waits is kept a while", self.leave),
            )
        ]

    async def skip(self, interaction: discord.Interaction) -> None:
        await self._actions.skip(interaction, None)

    async def stop(self, interaction: discord.Interaction) -> None:
        await self._actions.stop(interaction, None)

    async def pause(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.permitted(interaction, policy.may_pause)
        guild_voice = self._guild_voices.guild_voice(context.guild.id)
        if guild_voice.paused:
            await self._reply(interaction, "It is paused already. `/resume` goes on.")
            return
        await guild_voice.pause(True)
        await self._reply(interaction, "Paused. `/resume` goes on where it stopped.")

    async def resume(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.permitted(interaction, policy.may_resume)
        guild_voice = self._guild_voices.guild_voice(context.guild.id)
        if not guild_voice.paused:
            await self._reply(interaction, "It is not paused.")
            return
        await guild_voice.pause(False)
        await self._reply(interaction, "Going on.")

    async def join(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.permitted(interaction, policy.may_join)
        channel = context.channel_to_speak_in()
        guild_voice = self._guild_voices.guild_voice(context.guild.id)
        is_there = guild_voice.channel_id == channel.id and guild_voice.connected
        await guild_voice.join(channel.id)
        if is_there:
            note = f" {guild_voice.note}" if guild_voice.note is not None else ""
            await self._reply(interaction, f"I am in {channel.mention} already.{note}")
            return
        stage = ASK_MODERATOR if needs_invitation(channel) else ""
        await self._reply(interaction, f"On my way to {channel.mention}.{stage}")

    async def leave(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.permitted(interaction, policy.may_leave)
        await self._guild_voices.guild_voice(context.guild.id).leave()
        kept = " What waits goes on when I am called again in time." if context.queue else ""
        await self._reply(interaction, f"Goodbye.{kept}")
