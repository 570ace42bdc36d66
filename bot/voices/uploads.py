"""Uploads: from a recording that a member points at to a registered voice.

This file knows the order of the steps: ask, fetch, analyze, register. It does not know sound, the
sentences, what a member may upload (the registry judges, before the question and after it), nor
whose turn it is (`work_slots`).

    /voice upload ──▶ question ──▶ "I agree" ──▶ fetched, analyzed, registered ──▶ card
    Use as my voice ──▶ a form for the name ──┘        └──▶ refused: nothing is kept

A recording is in a folder of its own while it is analyzed. The folder is deleted whatever happens.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import discord
import structlog

from bot.context import is_admin, requester_of, roles_of
from bot.discord_io.replies import Attached, Choice, Reply
from bot.locales.catalog import error_text, label, text
from bot.locales.escape import Markup
from bot.voices.download import Fetcher, Recording, within
from bot.voices.upload_text import render_card, render_consent
from bot.voices.work_slots import WorkSlot, WorkSlots
from engine.base.clock import Clock
from engine.model.errors import Busy, NotAllowed, Refused
from engine.model.voices import Scope, Voice
from engine.queue import FrontEndQueue
from engine.voices.moderation import Moderation
from engine.voices.owners import VoiceOwners
from engine.voices.rate_limits import LimitedAction, RateLimits
from engine.voices.recording_analyzer import Analyzed, RecordingAnalyzer
from engine.voices.uploads import LAPSE_SECONDS, PendingUpload, PendingUploads

log = structlog.get_logger(__name__)

#: For everything from the press to the answer, which Discord and people expect within ten.
WORK_SECONDS: Final = 9.0

PREVIEW: Final = "voice-preview.ogg"


@dataclass(frozen=True, slots=True)
class Asked:
    """`question` is the interaction whose answer has the button, if there is one to rewrite."""

    recording: Recording
    question: discord.Interaction | None


Pending = PendingUpload[Asked]


@dataclass(slots=True, eq=False)
class _Work:
    member: str
    until: float  # when it is given up, in the clock's monotonic seconds
    forgotten: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Uploads:
    """`_folder` is for recordings while they are analyzed; `start` deletes what it finds there."""

    _owners: VoiceOwners
    _moderation: Moderation
    _rate_limits: RateLimits
    _analyzer: RecordingAnalyzer
    _fetcher: Fetcher
    _speech: FrontEndQueue
    _reply: Reply
    _slots: WorkSlots
    _clock: Clock
    _folder: Path
    _pending: PendingUploads[Asked] = field(init=False)
    _works: dict[str, _Work] = field(init=False, default_factory=dict)  # by token

    def __post_init__(self) -> None:
        self._pending = PendingUploads[Asked](self._clock, self._lapsed)

    async def start(self) -> None:
        """Before the first use."""
        await asyncio.to_thread(_sweep, self._folder)

    async def ask(
        self, interaction: discord.Interaction, recording: Recording, name: str, scope: Scope
    ) -> None:
        """Ask for consent. Raises Refused for everything that is wrong without the recording."""
        self._fetcher.check(recording)
        await self._check(interaction, name, scope)
        pending, replaced = self._pending.add(
            member=str(interaction.user.id),
            name=name,
            scope=scope,
            source=Asked(recording, interaction),
        )
        words = render_consent(name, scope, self._clock.time() + LAPSE_SECONDS)
        agree = Choice(label("upload-agree"), f"mynah:voice:agree:{pending.token}")
        await self._reply(interaction, words, choices=[agree])
        if replaced is not None:
            await self._rewrite(replaced, text("upload-replaced"))

    async def ask_name(
        self,
        interaction: discord.Interaction,
        recording: Recording,
        show: Callable[[str], discord.ui.Modal],
    ) -> None:
        """Remember a recording while a form asks for its name; `show` makes the form, which has the
        token."""
        self._fetcher.check(recording)
        pending, replaced = self._pending.add(
            member=str(interaction.user.id),
            name="",
            scope=Scope.PRIVATE,
            source=Asked(recording, None),
        )
        form = show(pending.token)
        form.stop()  # discord.py forgets a stopped form: it comes back by its custom id
        await interaction.response.send_modal(form)
        if replaced is not None:
            await self._rewrite(replaced, text("upload-replaced"))

    async def named(self, interaction: discord.Interaction, token: str, name: str) -> None:
        """The form came back: ask for consent."""
        pending = self._find(interaction, token)
        self._pending.take(token)
        await self.ask(interaction, pending.source.recording, name, pending.scope)

    async def agreed(self, interaction: discord.Interaction, token: str) -> None:
        """The member pressed the button. Raises Refused, and then nothing is kept."""
        pending = self._find(interaction, token)
        if token in self._works:
            raise Busy("pressed twice", code="already-analyzing")
        with self._slots.claim(pending.member) as claim:
            await self._work(interaction, pending, claim)

    async def _work(
        self, interaction: discord.Interaction, pending: Pending, claim: WorkSlot
    ) -> None:
        token = pending.token
        work = self._works[token] = _Work(pending.member, self._clock.monotonic() + WORK_SECONDS)
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._check(interaction, pending.name, pending.scope)
            await claim.wait()
            if work.forgotten:
                raise NotAllowed("forgotten meanwhile", code="upload-lapsed")
            await self._rate_limits.attempt(pending.member, LimitedAction.UPLOAD)
            await self._register(interaction, pending, work)
        except Refused as refused:
            if not refused.retryable:
                await self._end(pending, error_text(refused))
            raise
        except BaseException:
            self._pending.take(token)
            raise
        finally:
            del self._works[token]
            work.over.set()

    async def forget(self, member: str) -> None:
        """Stop all uploads of this member: when this returns, no upload that began before it can
        still become a voice."""
        waiting = self._pending.of(member)
        if waiting is not None:
            self._pending.take(waiting.token)
        works = [each for each in self._works.values() if each.member == member]
        for work in works:
            work.forgotten = True
        await asyncio.gather(*(work.over.wait() for work in works))
        if waiting is not None:
            await self._rewrite(waiting, text("error-upload-lapsed"))

    async def close(self) -> None:
        """Forget uploads that wait for consent: their buttons answer that they have lapsed."""
        await self._pending.close()

    # Steps.

    async def _check(self, interaction: discord.Interaction, name: str, scope: Scope) -> None:
        requester, roles = requester_of(interaction), roles_of(interaction)
        admin = is_admin(interaction)
        await self._owners.check_upload(requester, name, scope=scope, roles=roles, admin=admin)

    async def _register(
        self, interaction: discord.Interaction, pending: Pending, work: _Work
    ) -> None:
        async with self._new_folder() as folder:
            try:
                analyzing = self._analyze(pending.source.recording, folder)
                left = work.until - self._clock.monotonic()
                analyzed = await within(self._clock, left, analyzing)
            except TimeoutError as error:
                raise Busy("an upload took too long", code="upload-slow") from error
            if work.forgotten:
                raise NotAllowed("forgotten meanwhile", code="upload-lapsed")
            voice = await self._owners.register(
                requester=requester_of(interaction),
                name=pending.name,
                scope=pending.scope,
                analyzed=analyzed,
                consent=text("upload-consent"),
            )
            preview = await asyncio.to_thread(analyzed.preview.read_bytes)
        await self._answer(interaction, voice, analyzed, preview)
        await self._end(pending, text("upload-agreed"))

    async def _analyze(self, recording: Recording, folder: Path) -> Analyzed:
        source = folder / "recording"
        await self._fetcher.fetch(recording, source)
        return await self._analyzer.analyze(source, folder / "voice.wav")

    async def _answer(
        self, interaction: discord.Interaction, voice: Voice, analyzed: Analyzed, preview: bytes
    ) -> None:
        log.info("a voice was uploaded", voice=voice.key, source=voice.analysis.source)
        place = requester_of(interaction).place
        advice = [label(each.code, **each.fields) for each in analyzed.advice]
        frozen = place is not None and voice.id in await self._moderation.frozen(place)
        await self._reply(
            interaction,
            render_card(voice, advice, self._speech.info, frozen=frozen),
            choices=[Choice(label("upload-use"), f"mynah:voice:use:{voice.key}")],
            file=Attached(PREVIEW, preview, frozenset({voice.owner})),
        )

    @contextlib.asynccontextmanager
    async def _new_folder(self) -> AsyncIterator[Path]:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._folder))
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    # What waits.

    def _find(self, interaction: discord.Interaction, token: str) -> Pending:
        pending = self._pending.get(token, str(interaction.user.id))
        if pending is None:
            raise NotAllowed("a consent has lapsed", code="upload-lapsed")
        return pending

    async def _lapsed(self, pending: Pending) -> None:
        if pending.token not in self._works:
            await self._end(pending, text("error-upload-lapsed"))

    async def _end(self, pending: Pending, words: Markup) -> None:
        """The upload is over, and the message of its question says so."""
        self._pending.take(pending.token)
        await self._rewrite(pending, words)

    async def _rewrite(self, pending: Pending, words: Markup) -> None:
        if pending.source.question is not None:
            await self._reply.rewrite(pending.source.question, words)


def _sweep(folder: Path) -> None:
    """Begin with an empty folder: a bot that was killed leaves what it was analyzing."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
