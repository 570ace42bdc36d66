"""/voice-admin: what the admins of a server decide about its voices, and about members who add
them.

This file has the options and the answers. It does not know the words of the lists
(`voices/moderation_text`), nor what a decision means (`engine/voices`).
"""

from collections.abc import Awaitable, Collection

import discord
from discord import app_commands

from bot import policy
from bot.commands.arguments import (
    AuditedVoice,
    DefaultVoice,
    SharedVoice,
    VoiceToFreeze,
    VoiceToRelease,
)
from bot.context import Contexts, check, requester_of
from bot.discord_io.registration import localized
from bot.discord_io.replies import Reply
from bot.locales.catalog import text
from bot.locales.escape import Markup
from bot.voices.directory import VoiceDirectory, label_for
from bot.voices.moderation_text import render_audit_log, render_list, voice_label
from engine.model.errors import UnknownJob
from engine.model.jobs import EndReason
from engine.model.voices import ClonePolicy, Requester, Voice
from engine.queue import FrontEndQueue
from engine.voices.moderation import Moderation
from engine.voices.selection import Selection

Page = app_commands.Range[int, 1, 1000]


class VoiceAdmin(app_commands.Group):
    def __init__(
        self,
        contexts: Contexts,
        moderation: Moderation,
        selection: Selection,
        directory: VoiceDirectory,
        speech: FrontEndQueue,
        reply: Reply,
    ) -> None:
        super().__init__(
            name="voice-admin",
            description=localized("group-voice-admin"),
            guild_only=True,
            default_permissions=discord.Permissions(manage_guild=True),
        )
        self._contexts = contexts
        self._moderation = moderation
        self._selection = selection
        self._directory = directory
        self._speech = speech
        self._reply = reply

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Ask for Manage Server at every use: a server can change Discord's own check, which is
        also absent where the commands stand below another one. Raises Refused."""
        context = await self._contexts.read(interaction)
        check(policy.may_administer(context.member_facts))
        return True

    @app_commands.command(name="list", description=localized("command-admin-list"))
    @app_commands.describe(page=localized("option-admin-page"))
    async def list_(self, interaction: discord.Interaction, page: Page = 1) -> None:
        lane = _lane(requester_of(interaction))
        voices = await self._moderation.seen(lane)
        rules = await self._moderation.rules(lane)
        listed = render_list(
            voices,
            await self._moderation.frozen(lane),
            rules,
            blocked=await self._moderation.blocked_members(lane),
            lane=lane,
            default=await self._directory.default_name(rules.default_voice, lane),
            reports=len(await self._moderation.open_reports(lane)),
            page=page,
        )
        await self._reply(interaction, listed)

    # ---- single voices

    @app_commands.command(name="remove", description=localized("command-admin-remove"))
    @app_commands.describe(voice=localized("option-admin-voice"))
    async def remove(self, interaction: discord.Interaction, voice: SharedVoice) -> None:
        requester = requester_of(interaction)
        ended = await self._decide(requester, self._moderation.remove(requester, voice.key))
        words = text("voice-admin-removed", voice=voice_label(voice, named=True))
        await self._reply(interaction, words + ended)

    @app_commands.command(name="freeze", description=localized("command-admin-freeze"))
    @app_commands.describe(voice=localized("option-admin-voice"))
    async def freeze(self, interaction: discord.Interaction, voice: VoiceToFreeze) -> None:
        requester = requester_of(interaction)
        lane = _lane(requester)
        before = await self._moderation.frozen(lane)
        ended = await self._decide(requester, self._moderation.freeze(requester, voice.key))
        others = len(await self._moderation.frozen(lane) - before - {voice.id})
        words = text("voice-admin-frozen", voice=label_for(voice, lane))
        too = f" {text('voice-admin-frozen-too', count=others)}" if others else ""
        await self._reply(interaction, words + too + ended)

    @app_commands.command(name="release", description=localized("command-admin-release"))
    @app_commands.describe(voice=localized("option-admin-voice"))
    async def release(self, interaction: discord.Interaction, voice: VoiceToRelease) -> None:
        requester = requester_of(interaction)
        lane = _lane(requester)
        was_frozen = voice.id in await self._moderation.frozen(lane)
        await self._moderation.release(requester, voice.key)
        words = text("voice-admin-released", voice=label_for(voice, lane), frozen=was_frozen)
        await self._reply(interaction, words)

    # ---- all voices

    @app_commands.command(name="default", description=localized("command-admin-default"))
    @app_commands.describe(voice=localized("option-admin-default"))
    async def default(self, interaction: discord.Interaction, voice: DefaultVoice) -> None:
        requester = requester_of(interaction)
        ended = await self._decide(requester, self._moderation.set_default(requester, voice))
        name = await self._directory.default_name(voice, _lane(requester))
        await self._reply(interaction, text("voice-admin-default", voice=name) + ended)

    @app_commands.command(name="uploads", description=localized("command-admin-uploads"))
    @app_commands.describe(role=localized("option-admin-role"))
    async def uploads(
        self, interaction: discord.Interaction, role: discord.Role | None = None
    ) -> None:
        requester = requester_of(interaction)
        if role is None or role.is_default():
            await self._moderation.set_uploaders(requester, None)
            words = text("voice-admin-uploads-all")
        else:
            await self._moderation.set_uploaders(requester, str(role.id))
            words = text("voice-admin-uploads-role", role=Markup(role.mention))
        await self._reply(interaction, words)

    @app_commands.command(name="allow", description=localized("command-admin-allow"))
    @app_commands.describe(voices=localized("option-admin-allow"))
    async def allow(self, interaction: discord.Interaction, voices: ClonePolicy) -> None:
        requester = requester_of(interaction)
        ended = await self._decide(requester, self._moderation.allow(requester, voices))
        await self._reply(interaction, text("voice-admin-allowed", cloned=voices) + ended)

    # ---- members

    @app_commands.command(name="bar", description=localized("command-admin-bar"))
    @app_commands.describe(member=localized("option-admin-member"))
    async def bar(self, interaction: discord.Interaction, member: discord.User) -> None:
        requester = requester_of(interaction)
        blocking = self._moderation.block_member(requester, str(member.id))
        ended = await self._decide(requester, blocking)
        words = text("voice-admin-blocked", member=Markup(member.mention))
        await self._reply(interaction, words + ended)

    @app_commands.command(name="unbar", description=localized("command-admin-unbar"))
    @app_commands.describe(member=localized("option-admin-member"))
    async def unbar(self, interaction: discord.Interaction, member: discord.User) -> None:
        await self._moderation.unblock_member(requester_of(interaction), str(member.id))
        words = text("voice-admin-unblocked", member=Markup(member.mention))
        await self._reply(interaction, words)

    # ---- the audit log

    @app_commands.command(name="audit", description=localized("command-admin-audit"))
    @app_commands.describe(
        member=localized("option-audit-member"),
        voice=localized("option-audit-voice"),
        page=localized("option-admin-page"),
    )
    async def audit(
        self,
        interaction: discord.Interaction,
        member: discord.User | None = None,
        voice: AuditedVoice | None = None,
        page: Page = 1,
    ) -> None:
        lane = _lane(requester_of(interaction))
        actor = None if member is None else str(member.id)
        entries = await self._moderation.audit(lane, actor=actor)
        if voice is not None:
            entries = [each for each in entries if each.voice_id == voice]
        present = await self._present({each.voice_id for each in entries if each.voice_id})
        await self._reply(interaction, render_audit_log(entries, present, lane=lane, page=page))

    async def _present(self, ids: Collection[int]) -> dict[int, Voice]:
        found = [await self._selection.get(f"@{each}") for each in sorted(ids)]
        return {each.id: each for each in found if each is not None}

    async def _decide(self, requester: Requester, decision: Awaitable[object]) -> str:
        """Carry out a decision. Returns what the answer adds if that has ended waiting jobs."""
        queue = await self._speech.queue(_lane(requester))
        await decision
        ended = 0
        for view in queue:
            try:
                job = (await self._speech.view(view.job.id)).job
            except UnknownJob:
                continue
            ended += job.ended_by is EndReason.VOICE_GONE
        return f" {text('voice-admin-ended', count=ended)}" if ended else ""


def _lane(requester: Requester) -> str:
    """The check has seen that the command is used in a server."""
    assert requester.place is not None
    return requester.place
