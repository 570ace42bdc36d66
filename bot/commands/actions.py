"""What a command and a button do alike: say again, skip, stop, take the sound as a file.

Knows: which rule is asked before which call. Does not know: slash commands, custom ids.
"""

from typing import Final

import discord

from bot import policy, policy_facts
from bot.context import CommandContext, check, command_context, owner_of, place_to_speak
from bot.delivery import Delivery
from bot.discord_io.replies import Attached
from bot.parts import Parts
from bot.requester import requester_of
from engine.model.errors import Refused, UnknownJob
from engine.model.jobs import EndReason, Job, JobView, Substitution
from engine.model.voices import Requester
from engine.voices.selection import VoiceSelection

NOTHING: Final = "Nothing is being spoken, and nothing waits."
OVER: Final = "That is over already."
FORGOTTEN: Final = "That job is no longer kept. Say it again with `/say`."
VOICE_GONE: Final = "Its voice was deleted, frozen, or is no longer shared."


async def say(
    interaction: discord.Interaction,
    house: Parts,
    ask: CommandContext,
    *,
    text: str,
    spoken: VoiceSelection,
) -> None:
    """Queue `text` (plain words) for the channel where the member is. Raises Refused."""
    check(policy.may_say(ask.standing, ask.scene))
    channel = place_to_speak(ask)
    await house.saying.say(interaction, text=text, spoken=spoken, channel_id=channel.id)


async def replay(interaction: discord.Interaction, house: Parts, job_id: int) -> None:
    """The same text in the same voice, as a new job of who asks: they must be allowed to use it,
    and so must still whoever asked first."""
    ask = await command_context(interaction, house)
    view = await _view(house, ask, job_id)
    check(policy.may_replay(ask.standing, ask.scene))
    job = view.job
    # What the engine spoke in its own voice, it speaks so again.
    voice = "" if job.substitution is Substitution.LACKING else job.voice
    spoken = VoiceSelection(voice=voice, style=job.style, typed=job.typed)
    if view.job.reference is not None:
        await _check_kept(house, view.job)
        spoken = await house.registry.chosen(requester_of(interaction), view.job.voice)
    await say(interaction, house, ask, text=view.job.text, spoken=spoken)


async def skip(interaction: discord.Interaction, house: Parts, job_id: int | None) -> None:
    """End one job: this one, or without an id the one being spoken."""
    ask = await command_context(interaction, house)
    if job_id is not None:
        view = await _view(house, ask, job_id)
    elif ask.queue:
        view = ask.queue[0]
    else:
        raise Refused(NOTHING)
    if view.job.state.final:
        raise Refused(OVER)
    check(policy.may_skip(ask.standing, ask.scene, owner_of(view, ask, house)))
    ended = await house.speech.cancel(view.job.id, by=EndReason.SKIPPED, actor=ask.actor)
    await house.reply(interaction, "Skipped." if ended is not None else OVER)


async def stop(interaction: discord.Interaction, house: Parts) -> None:
    """End the job being spoken and those that wait, as far as the member may."""
    ask = await command_context(interaction, house)
    owners = [owner_of(view, ask, house) for view in ask.queue]
    check(policy.may_stop(ask.standing, ask.scene, owners))
    ended = 0
    # From the last to the first, so that none begins while its turn to be ended comes.
    for view, owner in reversed(list(zip(ask.queue, owners, strict=True))):
        if policy.may_skip(ask.standing, ask.scene, owner) is None:
            job = await house.speech.cancel(view.job.id, by=EndReason.STOPPED, actor=ask.actor)
            ended += job is not None
    left = len(ask.queue) - ended
    kept = f" {_jobs(left)} of others stay." if left else ""
    await house.reply(interaction, f"Stopped: {_jobs(ended)} ended.{kept}")


async def download(interaction: discord.Interaction, house: Parts, job_id: int) -> None:
    """The job's sound as an Ogg file, privately."""
    ask = await command_context(interaction, house)
    view = await _view(house, ask, job_id)
    heard_in = Delivery.from_json(view.job.note).voice_channel_id
    check(policy.may_view(policy_facts.viewing(ask.standing, ask.member, heard_in)))
    if view.job.reference is not None:
        await _check_kept(house, view.job)
    await interaction.response.defer(ephemeral=True, thinking=True)
    sound = await house.speech.audio(job_id)
    if sound is None:
        await house.reply(interaction, "Its sound is no longer kept. Press Replay to make it anew.")
        return
    if len(sound) > ask.guild.filesize_limit:
        await house.reply(interaction, "Its sound is larger than this server lets me send.")
        return
    file = Attached(f"mynah-{job_id}.ogg", sound)
    sent = await house.reply(interaction, "", files=[file])
    if sent is not None:
        voice = await house.registry.get(view.job.voice)
        about = {view.job.requester, *([voice.owner] if voice is not None else [])}
        house.sent_files.sent(interaction, sent, about)


async def _check_kept(house: Parts, job: Job) -> None:
    """Raise Refused where whoever asked for a job may no longer use its registered voice there:
    then nobody gets its sound, or it said anew."""
    first = Requester(member=job.requester, place=job.place)
    if not await house.registry.may_use(first, job.voice):
        raise Refused(VOICE_GONE)


async def _view(house: Parts, ask: CommandContext, job_id: int) -> JobView:
    """The job, if it is of this server. Raises Refused."""
    try:
        view = await house.speech.view(job_id)
    except UnknownJob as error:
        raise Refused(FORGOTTEN) from error
    if view.job.place != ask.lane:
        raise Refused(FORGOTTEN)
    return view


def _jobs(count: int) -> str:
    return f"{count} job" if count == 1 else f"{count} jobs"
