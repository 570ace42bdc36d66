"""/say, and all commands about what is spoken and waits; the buttons below status messages.

This file knows which rule is asked before which call, and how members are answered. It does not
know the rules.
"""

from collections.abc import Awaitable, Callable
from functools import partial

import discord
from discord import app_commands

from bot import policy
from bot.commands.arguments import AnyVoice
from bot.commands.tree import Entry, Handlers
from bot.context import CommandContext, Contexts, check, requester_of
from bot.delivery import Delivery
from bot.discord_io.registration import localized
from bot.discord_io.replies import Attached, Reply
from bot.display_names import names_in
from bot.locales.catalog import text
from bot.locales.escape import Markup
from bot.markup import to_words
from bot.messages.render import ButtonAction, render_queue
from bot.submission import Submission
from bot.voice.guild_voices import GuildVoices
from bot.voice.listeners import needs_invitation
from bot.voices.directory import VoiceDirectory
from engine.base.clock import Clock
from engine.model.errors import NotAllowed, Refused, UnknownJob
from engine.model.ids import parse_id
from engine.model.jobs import EndReason, Job, JobView, Substitution
from engine.model.voices import Requester
from engine.queue import FrontEndQueue
from engine.voices.selection import VoiceSelection


class JobCommands:
    """`hide_text`: the list of the queue does not show what the jobs say."""

    def __init__(
        self,
        contexts: Contexts,
        speech: FrontEndQueue,
        directory: VoiceDirectory,
        submission: Submission,
        guild_voices: GuildVoices,
        reply: Reply,
        clock: Clock,
        *,
        hide_text: bool,
    ) -> None:
        self._contexts = contexts
        self._speech = speech
        self._directory = directory
        self._submission = submission
        self._guild_voices = guild_voices
        self._reply = reply
        self._clock = clock
        self._hide_text = hide_text
        queue = app_commands.Group(name="queue", description=localized("command-queue"))
        queue.add_command(
            app_commands.Command(
                name="view", description=localized("command-queue-view"), callback=self.view
            )
        )
        self.commands: list[Entry] = [
            *(
                app_commands.Command(name=name, description=description, callback=callback)
                for name, description, callback in (
                    ("say", localized("command-say"), self.say),
                    ("skip", localized("command-skip"), self.skip),
                    ("stop", localized("command-stop"), self.stop),
                    ("pause", localized("command-pause"), self.pause),
                    ("resume", localized("command-resume"), self.resume),
                    ("join", localized("command-join"), self.join),
                    ("leave", localized("command-leave"), self.leave),
                    ("help", localized("command-help"), self.help),
                )
            ),
            queue,
        ]
        self.handlers: Handlers = {
            action: partial(self._pressed, handle)
            for action, handle in (
                (ButtonAction.SKIP, self._skip),
                (ButtonAction.STOP, self._stop),
                (ButtonAction.REPLAY, self._replay),
                (ButtonAction.DOWNLOAD, self._download),
            )
        }

    # ---- commands

    @app_commands.describe(text=localized("option-say-text"), voice=localized("option-say-voice"))
    async def say(
        self, interaction: discord.Interaction, text: str, voice: AnyVoice | None = None
    ) -> None:
        context = await self._contexts.read(interaction)
        selection = voice or await self._directory.select(requester_of(interaction), None)
        names = await names_in(text, context.guild)
        words = to_words(text, names, now=self._clock.time())
        await self._say(interaction, context, words, selection)

    async def skip(self, interaction: discord.Interaction) -> None:
        await self._skip(interaction, None)

    async def stop(self, interaction: discord.Interaction) -> None:
        await self._stop(interaction, None)

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

    async def view(self, interaction: discord.Interaction) -> None:
        context = await self._contexts.read(interaction)
        check(policy.may_view(context.member_facts))
        note = self._guild_voices.note(context.guild.id)
        now, hide_text = self._clock.time(), self._hide_text
        await self._reply(
            interaction, render_queue(context.queue, now=now, hide_text=hide_text, note=note)
        )

    async def help(self, interaction: discord.Interaction) -> None:
        await self._reply(interaction, text("help"))

    # ---- what commands and buttons both do

    async def _pressed(
        self,
        handle: Callable[[discord.Interaction, int], Awaitable[None]],
        interaction: discord.Interaction,
        typed: str,
    ) -> None:
        job_id = parse_id(typed)
        if job_id is None:
            raise UnknownJob("not an id", code="job-not-kept")
        await handle(interaction, job_id)

    async def _say(
        self,
        interaction: discord.Interaction,
        context: CommandContext,
        words: str,
        selection: VoiceSelection,
    ) -> None:
        check(policy.may_say(context.member_facts, context.channel_facts))
        channel = context.channel_to_speak_in()
        await self._submission.say(interaction, text=words, spoken=selection, channel_id=channel.id)

    async def _replay(self, interaction: discord.Interaction, job_id: int) -> None:
        """The same text in the same voice, as a new job of the requester. They must be allowed to
        use the voice, and the member who asked first must still be."""
        context = await self._contexts.read(interaction)
        job = (await self._view(context, job_id)).job
        check(policy.may_replay(context.member_facts, context.channel_facts))
        # What the engine spoke in its own voice, it speaks so again.
        voice = "" if job.substitution is Substitution.LACKING else job.voice
        selection = VoiceSelection(voice=voice, style=job.style, typed=job.typed)
        if job.reference is not None:
            await self._check_voice(job)
            requester = requester_of(interaction)
            selection = await self._directory.selection.chosen(requester, job.voice)
        await self._say(interaction, context, job.text, selection)

    async def _skip(self, interaction: discord.Interaction, job_id: int | None) -> None:
        """End one job: this one, or without an id the one that is spoken."""
        context = await self._contexts.read(interaction)
        if job_id is not None:
            view = await self._view(context, job_id)
        elif context.queue:
            view = context.queue[0]
        else:
            raise Refused("no job is spoken or waits", code="nothing-to-end")
        if view.job.state.final:
            raise Refused("ended before the command", code="job-over")
        owner = context.owner_of(view)
        check(policy.may_skip(context.member_facts, context.channel_facts, owner))
        if not await self._end(context, view, EndReason.SKIPPED):
            raise Refused("ended during the command", code="job-over")
        await self._reply(interaction, text("jobs-skipped"))

    async def _stop(self, interaction: discord.Interaction, _: int | None) -> None:
        """End all jobs that are spoken or wait, as far as the member may."""
        context = await self._contexts.read(interaction)
        owners = [context.owner_of(view) for view in context.queue]
        check(policy.may_stop(context.member_facts, context.channel_facts, owners))
        ended = 0
        # From the last to the first, so that none begins just before its turn to be ended.
        for view, owner in reversed(list(zip(context.queue, owners, strict=True))):
            if policy.may_skip(context.member_facts, context.channel_facts, owner) is None:
                ended += await self._end(context, view, EndReason.STOPPED)
        left = len(context.queue) - ended
        await self._reply(interaction, text("jobs-stopped", ended=ended, left=left))

    async def _download(self, interaction: discord.Interaction, job_id: int) -> None:
        """The job's sound as an Ogg file, privately."""
        context = await self._contexts.read(interaction)
        job = (await self._view(context, job_id)).job
        check(policy.may_view(context.viewing(Delivery.from_json(job.note).voice_channel_id)))
        if job.reference is not None:
            await self._check_voice(job)
        await interaction.response.defer(ephemeral=True, thinking=True)
        sound = await self._speech.audio(job_id)
        if sound is None:
            raise Refused("the sound is not kept", code="job-sound-gone")
        if len(sound) > context.guild.filesize_limit:
            raise Refused("the sound is too large", code="job-sound-too-large")
        voice = await self._directory.selection.get(job.voice)
        about = frozenset({job.requester, *([voice.owner] if voice is not None else [])})
        await self._reply(interaction, "", file=Attached(f"mynah-{job_id}.ogg", sound, about))

    async def _end(self, context: CommandContext, view: JobView, reason: EndReason) -> bool:
        actor = str(context.member.id)
        return await self._speech.cancel(view.job.id, by=reason, actor=actor) is not None

    async def _check_voice(self, job: Job) -> None:
        """Raise Refused where the member who requested the job may no longer use its registered
        voice there: then nobody gets its sound, or hears it again."""
        first = Requester(member=job.requester, place=job.lane)
        if not await self._directory.selection.may_use(first, job.voice):
            raise NotAllowed("its requester may not use the voice", code="job-voice-gone")

    async def _view(self, context: CommandContext, job_id: int) -> JobView:
        """The job, if it is of this server. Raises Refused."""
        try:
            view = await self._speech.view(job_id)
        except UnknownJob as error:
            raise UnknownJob("no such job", code="job-not-kept") from error
        if view.job.lane != context.lane:
            raise UnknownJob("a job of another server", code="job-not-kept")
        return view
