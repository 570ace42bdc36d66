"""/skip, /stop, /pause, /resume: what is being spoken. /join, /leave: where the bot is."""

import discord
from discord import app_commands

from bot import policy
from bot.commands.actions import JobActions
from bot.commands.tree import Entry
from bot.context import Contexts
from bot.discord_io.registration import localized
from bot.discord_io.replies import Reply
from bot.locales.catalog import text
from bot.locales.escape import Markup
from bot.voice.guild_voices import GuildVoices
from bot.voice.listeners import needs_invitation


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
                ("skip", localized("command-skip"), self.skip),
                ("stop", localized("command-stop"), self.stop),
                ("pause", localized("command-pause"), self.pause),
                ("resume", localized("command-resume"), self.resume),
                ("join", localized("command-join"), self.join),
                ("leave", localized("command-leave"), self.leave),
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
            await self._reply(interaction, text("playback-paused-already"))
            return
        await guild_voice.pause(True)
        await self._reply(interaction, text("playback-paused"))

    async def resume(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.permitted(interaction, policy.may_resume)
        guild_voice = self._guild_voices.guild_voice(context.guild.id)
        if not guild_voice.paused:
            await self._reply(interaction, text("playback-not-paused"))
            return
        await guild_voice.pause(False)
        await self._reply(interaction, text("playback-resumed"))

    async def join(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.permitted(interaction, policy.may_join)
        channel = context.channel_to_speak_in()
        guild_voice = self._guild_voices.guild_voice(context.guild.id)
        is_there = guild_voice.channel_id == channel.id and guild_voice.connected
        await guild_voice.join(channel.id)
        mention = Markup(channel.mention)
        if is_there:
            lines = (text("join-there-already", channel=mention), guild_voice.note)
            await self._reply(interaction, "\n".join(line for line in lines if line is not None))
            return
        stage = needs_invitation(channel)
        await self._reply(interaction, text("join-on-my-way", channel=mention, stage=stage))

    async def leave(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.permitted(interaction, policy.may_leave)
        await self._guild_voices.guild_voice(context.guild.id).leave()
        await self._reply(interaction, text("leave-goodbye", waiting=bool(context.queue)))
