"""Turns a command into a job: commit it, answer the interaction, and only then speak it.

submit (committed, pending) ──▶ answer ──▶ accepted: note the message, join the channel, confirm
                                      ├──▶ refused (too late, or a second one): abort
                                      └──▶ unclear: ask for the original response until it is
                                           known; after a restart, the same for each pending job
"""

import itertools
from dataclasses import dataclass, field, replace
from typing import Final

import discord
import structlog

from bot.delivery import Delivery
from bot.discord_io.errors import NOT_ANSWERED, ErrorCode
from bot.discord_io.rest import Answer, AnswerResult, InteractionApi
from bot.messages.payload import Render, message_payload
from bot.messages.status import StatusUpdater
from bot.voice.guild_voices import GuildVoices
from engine.base.aio import TaskSet
from engine.base.clock import Clock
from engine.model.errors import UnknownJob
from engine.model.jobs import Job, JobRequest
from engine.queue import FrontEndQueue
from engine.voices.selection import VoiceSelection

log = structlog.get_logger(__name__)

#: Discord takes an answer for 3 s, in seconds: a second try must arrive before that.
ANSWER_WITHIN: Final = 2.7
#: Seconds between questions for the original response; the last one repeats.
ASK_AGAIN_SECONDS: Final = (0.1, 0.3, 1.0, 2.0, 5.0, 15.0)


@dataclass(frozen=True, slots=True)
class Submission:
    _speech: FrontEndQueue
    _api: InteractionApi
    _status_updater: StatusUpdater
    _guild_voices: GuildVoices
    _clock: Clock
    _render: Render
    #: Ids of jobs that are being answered or settled. Discord would refuse a second answer, and the
    #: job would be aborted for that.
    _in_progress: set[int] = field(init=False, default_factory=set)
    _tasks: TaskSet = field(init=False, default_factory=TaskSet)

    async def say(
        self,
        interaction: discord.Interaction,
        *,
        text: str,
        spoken: VoiceSelection,
        channel_id: int,
    ) -> None:
        """Answer `interaction` with a job that speaks `text` in the voice channel.

        Raises Refused if the queue does not take the job; then the interaction is not answered.
        """
        assert interaction.guild_id is not None
        assert interaction.channel_id is not None
        delivery = Delivery(
            interaction_id=interaction.id,
            application_id=interaction.application_id,
            token=interaction.token,
            channel_id=interaction.channel_id,
            voice_channel_id=channel_id,
            created_at=interaction.created_at.timestamp(),
            guild_id=interaction.guild_id,
        )
        job = await self._speech.submit(
            JobRequest(
                lane=str(interaction.guild_id),
                place=str(interaction.guild_id),
                requester=str(interaction.user.id),
                text=text,
                voice=spoken.voice,
                reference=spoken.reference,
                typed=spoken.typed,
                style=spoken.style,
                note=delivery.to_json(),
                key=delivery.key,
                pending=True,
            )
        )
        if not job.pending or job.id in self._in_progress:
            return  # Discord sent the same interaction twice
        self._in_progress.add(job.id)
        try:
            is_known = await self._conclude(job, delivery, await self._answer(job, delivery))
        finally:
            self._in_progress.discard(job.id)
        if not is_known:
            self._settle_later(job)

    async def settle(self) -> None:
        """After a start: find out for each pending job whether its interaction was answered."""
        for job in await self._speech.pending():
            if job.id not in self._in_progress:
                self._settle_later(job)

    async def close(self) -> None:
        """Jobs that are not settled yet are settled after the next start."""
        await self._tasks.cancel()

    async def _answer(self, job: Job, delivery: Delivery) -> Answer:
        rendered = await self._render(await self._speech.view(job.id), None)
        self._status_updater.published(job.id, rendered)
        return await self._api.answer(delivery.interaction_token, message_payload(rendered))

    async def _conclude(
        self, job: Job, delivery: Delivery, answer: Answer, *, late: bool = False
    ) -> bool:
        """Act on the answer's result. Returns whether the result is known. `late`: the bot may have
        been called to another channel since, and stays there if anybody listens."""
        match answer.result:
            case AnswerResult.ACCEPTED:
                if answer.message_id is not None:
                    await self._speech.note(job.id, message_id=answer.message_id)
                # Commit the channel before the job is confirmed: if the bot is killed in between,
                # the job is still pending and comes here again. A confirmed job without a channel
                # would wait for ever.
                await self._guild_voices.join(int(job.lane), delivery.voice_channel_id, late=late)
                await self._speech.confirm(job.id)
                await self._status_updater.update(job.id)
                return True
            case AnswerResult.REFUSED:
                log.info(
                    "Discord refused an answer; aborting the job", job=job.id, code=answer.code
                )
                await self._speech.abort(job.id)
                return True
            case AnswerResult.UNCLEAR:
                return False

    def _settle_later(self, job: Job) -> None:
        self._in_progress.add(job.id)
        task = self._tasks.start(self._settle(job), name=f"settle-{job.id}")
        task.add_done_callback(lambda _: self._in_progress.discard(job.id))

    async def _settle(self, job: Job) -> None:
        try:
            await self._find_out(job)
        except UnknownJob:
            log.info("a job was deleted before it was settled", job=job.id)

    async def _find_out(self, job: Job) -> None:
        delivery = Delivery.from_json(job.note)
        for attempt in itertools.count():
            answer = await self._api.original(delivery.interaction_token)
            late = self._clock.time() - delivery.created_at > ANSWER_WITHIN
            is_refused = answer.result is AnswerResult.REFUSED
            if is_refused and answer.code in NOT_ANSWERED and not late:
                answer = await self._answer(job, delivery)
                if answer.code == ErrorCode.ALREADY_ANSWERED:
                    # Our earlier try arrived after all: ask for its message again.
                    answer = replace(answer, result=AnswerResult.UNCLEAR)
            if await self._conclude(job, delivery, answer, late=True):
                return
            await self._clock.sleep(ASK_AGAIN_SECONDS[min(attempt, len(ASK_AGAIN_SECONDS) - 1)])
