"""From a wish to speak to a job that Discord knows of: commit, answer, and only then be heard.

Knows: the order of these, and what to do when Discord refuses the answer or says nothing.
Does not know: rights, texts, sound.

    submit (committed, held) ──▶ answer ──▶ accepted: note the message, go there, accept
                                       ├──▶ refused (late, double): withdraw
                                       └──▶ unclear: ask for the original response until it is
                                            known; after a restart, likewise for each job held
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import discord
import structlog

from bot.delivery import Delivery
from bot.discord_io.rest import Answer, AnswerResult, InteractionApi
from bot.messages.render import StatusMessage
from bot.messages.status import StatusUpdater
from bot.voice.guild_voices import GuildVoices
from engine.base.clock import Clock
from engine.model.errors import UnknownJob
from engine.model.jobs import Job, JobRequest, JobView
from engine.queue import FrontEndQueue
from engine.voices.selection import VoiceSelection

log = structlog.get_logger(__name__)

#: Discord takes an answer for 3 s; a second try must arrive before.
ANSWER_WITHIN: Final = 2.7
#: Between questions for an original response; the last one repeats until the token is dead.
ASK_AGAIN_SECONDS: Final = (0.1, 0.3, 1.0, 2.0, 5.0, 15.0)
#: Unknown Webhook, Unknown Message: the interaction has no original response.
NOT_ANSWERED: Final = {10015, 10008}
#: Interaction has already been acknowledged.
ALREADY_ANSWERED: Final = 40060


class Submission:
    """`render` and `payload` make the answer, which is the job's status message."""

    def __init__(
        self,
        speech: FrontEndQueue,
        rest: InteractionApi,
        status_updater: StatusUpdater,
        guild_voices: GuildVoices,
        clock: Clock,
        *,
        render: Callable[[JobView, str | None], Awaitable[StatusMessage]],
        payload: Callable[[StatusMessage], Mapping[str, Any]],
    ) -> None:
        self._speech = speech
        self._rest = rest
        self._status_updater = status_updater
        self._guild_voices = guild_voices
        self._clock = clock
        self._render = render
        self._payload = payload
        self._answering: set[int] = set()  # jobs
        self._settling: dict[int, asyncio.Task[None]] = {}  # by job

    async def say(
        self,
        interaction: discord.Interaction,
        *,
        text: str,
        spoken: VoiceSelection,
        channel_id: int,
    ) -> None:
        """Answer `interaction` with a job that speaks `text` in the voice channel.

        Raises Refused when the queue does not take it; then nothing was answered.
        """
        assert interaction.guild_id is not None
        assert interaction.channel_id is not None
        origin = Delivery(
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
                note=origin.to_json(),
                key=origin.key,
                pending=True,
            )
        )
        if not job.pending or self._in_hand(job):
            return  # Discord sent the same interaction twice
        self._answering.add(job.id)
        try:
            known = await self._conclude(job, origin, await self._answer(job, origin))
        finally:
            self._answering.discard(job.id)
        if not known:
            self._settle_later(job)

    async def settle(self) -> None:
        """After a start: find out, for every job still held, whether it was answered."""
        for job in await self._speech.pending():
            if not self._in_hand(job):
                self._settle_later(job)

    async def close(self) -> None:
        """What is not settled by now is settled after the next start."""
        settling = list(self._settling.values())
        for task in settling:
            task.cancel()
        await asyncio.gather(*settling, return_exceptions=True)

    def _in_hand(self, job: Job) -> bool:
        """Whether it is being answered or settled already: a second answer would be refused as
        double, and the refusal taken for the job's own."""
        return job.id in self._answering or job.id in self._settling

    async def _answer(self, job: Job, origin: Delivery) -> Answer:
        rendered = await self._render(await self._speech.view(job.id), None)
        self._status_updater.published(job.id, rendered)
        return await self._rest.answer(origin.ticket, self._payload(rendered))

    async def _conclude(
        self, job: Job, origin: Delivery, answer: Answer, *, late: bool = False
    ) -> bool:
        """Act on what is known. Returns whether that was enough. `late`: the bot may have been
        called elsewhere since, and stays with whoever listens to it there."""
        match answer.verdict:
            case AnswerResult.ACCEPTED:
                if answer.message_id is not None:
                    await self._speech.note(job.id, message_id=answer.message_id)
                # The place before the acceptance: killed in between, the job is still held, and
                # comes here again. Accepted without a place it would wait where nobody comes.
                await self._guild_voices.call(int(job.lane), origin.voice_channel_id, late=late)
                await self._speech.confirm(job.id)
                await self._status_updater.wish(job.id)
                return True
            case AnswerResult.REFUSED:
                log.info(
                    "an answer was refused; the job is withdrawn", job=job.id, code=answer.code
                )
                await self._speech.abort(job.id)
                return True
            case AnswerResult.UNCLEAR:
                return False

    def _settle_later(self, job: Job) -> None:
        task = asyncio.create_task(self._settle(job), name=f"settle-{job.id}")
        self._settling[job.id] = task
        task.add_done_callback(lambda _: self._settled(job, task))

    def _settled(self, job: Job, task: asyncio.Task[None]) -> None:
        del self._settling[job.id]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, UnknownJob):
            log.info("a job was deleted before it was settled", job=job.id)
            return
        log.error("a job could not be settled", job=job.id, exc_info=error)

    async def _settle(self, job: Job) -> None:
        origin = Delivery.from_json(job.note)
        for attempt in itertools.count():
            answer = await self._rest.original(origin.ticket)
            late = self._clock.time() - origin.created_at > ANSWER_WITHIN
            if answer.verdict is AnswerResult.REFUSED and answer.code in NOT_ANSWERED and not late:
                answer = await self._answer(job, origin)
                if answer.code == ALREADY_ANSWERED:
                    # By an earlier try of ours, of which we never heard: ask once more.
                    answer = replace(answer, verdict=AnswerResult.UNCLEAR)
            if await self._conclude(job, origin, answer, late=True):
                return
            await self._clock.sleep(ASK_AGAIN_SECONDS[min(attempt, len(ASK_AGAIN_SECONDS) - 1)])
