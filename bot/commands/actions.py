"""What a command and a button both do with jobs: say, say again, skip, stop, download the sound.

This file knows which rule is asked before which call. It does not know slash commands.
"""

import discord

from bot import policy, policy_facts
from bot.commands.components import Handlers
from bot.context import CommandContext, Contexts, check, requester_of
from bot.delivery import Delivery
from bot.discord_io.ephemeral_files import EphemeralFiles
from bot.discord_io.replies import Attached, Reply
from bot.locales.catalog import text
from bot.messages.render import ButtonAction
from bot.submission import Submission
from engine.model.errors import NotAllowed, Refused, UnknownJob
from engine.model.ids import parse_id
from engine.model.jobs import EndReason, Job, JobView, Substitution
from engine.model.voices import Requester
from engine.queue import FrontEndQueue
from engine.voices.selection import Selection, VoiceSelection


class JobNotKept(UnknownJob):
    """There is no such job in this server, or no longer."""

    code = "job-not-kept"


class JobOver(Refused):
    """The job has ended, so that it cannot be ended again."""

    code = "job-over"


class JobActions:
    def __init__(
        self,
        contexts: Contexts,
        speech: FrontEndQueue,
        selection: Selection,
        submission: Submission,
        reply: Reply,
        ephemeral_files: EphemeralFiles,
    ) -> None:
        self._contexts = contexts
        self._speech = speech
        self._selection = selection
        self._submission = submission
        self._reply = reply
        self._ephemeral_files = ephemeral_files
        #: Of the buttons below status messages.
        self.handlers: Handlers = {
            ButtonAction.SKIP: lambda interaction, job: self.skip(interaction, _number(job)),
            ButtonAction.STOP: lambda interaction, job: self.stop(interaction, _number(job)),
            ButtonAction.REPLAY: lambda interaction, job: self.replay(interaction, _number(job)),
            ButtonAction.DOWNLOAD: lambda interaction, job: self.download(
                interaction, _number(job)
            ),
        }

    async def say(
        self,
        interaction: discord.Interaction,
        context: CommandContext,
        *,
        text: str,
        selection: VoiceSelection,
    ) -> None:
        """Queue `text` (plain words) for the member's voice channel. Raises Refused."""
        check(policy.may_say(context.member_facts, context.channel_facts))
        channel = context.channel_to_speak_in()
        await self._submission.say(interaction, text=text, spoken=selection, channel_id=channel.id)

    async def replay(self, interaction: discord.Interaction, job_id: int) -> None:
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
            selection = await self._selection.chosen(requester_of(interaction), job.voice)
        await self.say(interaction, context, text=job.text, selection=selection)

    async def skip(self, interaction: discord.Interaction, job_id: int | None) -> None:
        """End one job: this one, or without an id the one that is spoken."""
        context = await self._contexts.read(interaction)
        if job_id is not None:
            view = await self._view(context, job_id)
        elif context.queue:
            view = context.queue[0]
        else:
            raise Refused("no job is spoken or waits", code="nothing-to-end")
        if view.job.state.final:
            raise JobOver("ended before the command")
        owner = context.owner_of(view)
        check(policy.may_skip(context.member_facts, context.channel_facts, owner))
        if not await self._end(context, view, EndReason.SKIPPED):
            raise JobOver("ended during the command")
        await self._reply(interaction, text("jobs-skipped"))

    async def stop(self, interaction: discord.Interaction, job_id: int | None) -> None:
        """End all jobs that are spoken or wait, as far as the member may, whatever `job_id` is."""
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

    async def download(self, interaction: discord.Interaction, job_id: int) -> None:
        """The job's sound as an Ogg file, privately."""
        context = await self._contexts.read(interaction)
        job = (await self._view(context, job_id)).job
        heard_in = Delivery.from_json(job.note).voice_channel_id
        viewer = policy_facts.viewing(context.member_facts, context.member, heard_in)
        check(policy.may_view(viewer))
        if job.reference is not None:
            await self._check_voice(job)
        await interaction.response.defer(ephemeral=True, thinking=True)
        sound = await self._speech.audio(job_id)
        if sound is None:
            raise Refused("the sound is not kept", code="job-sound-gone")
        if len(sound) > context.guild.filesize_limit:
            raise Refused("the sound is too large", code="job-sound-too-large")
        file = Attached(f"mynah-{job_id}.ogg", sound)
        sent = await self._reply(interaction, "", files=[file])
        if sent is not None:
            voice = await self._selection.get(job.voice)
            about = {job.requester, *([voice.owner] if voice is not None else [])}
            self._ephemeral_files.sent(interaction, sent, about)

    async def _end(self, context: CommandContext, view: JobView, reason: EndReason) -> bool:
        actor = str(context.member.id)
        return await self._speech.cancel(view.job.id, by=reason, actor=actor) is not None

    async def _check_voice(self, job: Job) -> None:
        """Raise Refused where the member who requested the job may no longer use its registered
        voice there: then nobody gets its sound, or hears it again."""
        first = Requester(member=job.requester, place=job.lane)
        if not await self._selection.may_use(first, job.voice):
            raise NotAllowed("its requester may not use the voice", code="job-voice-gone")

    async def _view(self, context: CommandContext, job_id: int) -> JobView:
        """The job, if it is of this server. Raises Refused."""
        try:
            view = await self._speech.view(job_id)
        except UnknownJob as error:
            raise JobNotKept("no such job") from error
        if view.job.lane != context.lane:
            raise JobNotKept("a job of another server")
        return view


def _number(typed: str) -> int:
    """The id of a job, from a custom id. Raises Refused for one that no job can have."""
    job_id = parse_id(typed)
    if job_id is None:
        raise JobNotKept("not an id")
    return job_id
