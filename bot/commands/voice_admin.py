"""/voice-admin: what the admins of a server decide about its voices, and about members who give
them.

This file has the options and the sentences of the answers. It does not know the words of the lists
(`voices/moderation_text`), nor what a decision means (`engine/voices`).
"""

from collections.abc import Awaitable, Collection
from typing import Final

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
from bot.discord_io.replies import Reply
from bot.voices.directory import VoiceDirectory, label_for
from bot.voices.moderation_text import (
    label,
    render_audit_log,
    render_list,
)
from engine.model.errors import Refused, UnknownJob
from engine.model.jobs import EndReason
from engine.model.voices import ClonePolicy, Requester, Scope, Voice
from engine.queue import FrontEndQueue
from engine.voices.moderation import Moderation
from engine.voices.permissions import open_to_all
from engine.voices.selection import Selection

NOT_SHARED: Final = (
    "It is not shared with this server, so there is nothing to remove. "
    "`/voice-admin freeze` keeps it from being spoken here."
)
ALLOWED: Final = {
    ClonePolicy.NONE: "Cloned voices may not be spoken here.",
    ClonePolicy.SHARED: "Only cloned voices that everyone here may use may be spoken here.",
    ClonePolicy.ALL: "All cloned voices may be spoken here, each by the members who may use it.",
}
COMPLETES: Final = "Which; completes as you type"
WHICH_PAGE: Final = "Which page; the first without it"
ALSO_BY_ID: Final = "Who; also by id, if they have left"
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
            description="Decide about the voices on this server",
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

    @app_commands.command(name="list", description="Voices that are shared, spoken or frozen here")
    @app_commands.describe(page=WHICH_PAGE)
    async def list_(self, interaction: discord.Interaction, page: Page = 1) -> None:
        lane = _lane(requester_of(interaction))
        voices = await self._moderation.seen(lane)
        rules = await self._moderation.rules(lane)
        text = render_list(
            voices,
            await self._moderation.frozen(lane),
            rules,
            barred=await self._moderation.blocked_members(lane),
            lane=lane,
            default=await self._directory.default_name(rules.default_voice, lane),
            reports=len(await self._moderation.open_reports(lane)),
            page=page,
        )
        await self._reply(interaction, text)

    # ---- single voices

    @app_commands.command(name="remove", description="End the sharing of a voice with this server")
    @app_commands.describe(voice=COMPLETES)
    async def remove(self, interaction: discord.Interaction, voice: SharedVoice) -> None:
        requester = requester_of(interaction)
        if voice.scope is not Scope.SERVER or not open_to_all(voice, requester.place):
            raise Refused(NOT_SHARED)
        ended = await self._decide(requester, self._moderation.remove(requester, voice.key))
        words = f"From now on only its owner may use {label(voice, named=True)}."
        await self._reply(interaction, words + ended)

    @app_commands.command(
        name="freeze", description="Keep a voice from being spoken on this server"
    )
    @app_commands.describe(voice=COMPLETES)
    async def freeze(self, interaction: discord.Interaction, voice: VoiceToFreeze) -> None:
        requester = requester_of(interaction)
        lane = _lane(requester)
        before = await self._moderation.frozen(lane)
        ended = await self._decide(requester, self._moderation.freeze(requester, voice.key))
        others = len(await self._moderation.frozen(lane) - before - {voice.id})
        words = f"Frozen: {label_for(voice, lane)} is not spoken on this server until "
        await self._reply(
            interaction, f"{words}`/voice-admin release`.{_frozen_too(others)}{ended}"
        )

    @app_commands.command(
        name="release", description="Let a frozen voice be spoken again, or a report be"
    )
    @app_commands.describe(voice=COMPLETES)
    async def release(self, interaction: discord.Interaction, voice: VoiceToRelease) -> None:
        requester = requester_of(interaction)
        lane = _lane(requester)
        was_frozen = voice.id in await self._moderation.frozen(lane)
        await self._moderation.release(requester, voice.key)
        words = "may be spoken here again" if was_frozen else "was not frozen; reports of it close"
        await self._reply(interaction, f"Released: {label_for(voice, lane)} {words}.")

    # ---- all voices

    @app_commands.command(name="default", description="The voice of members who have chosen none")
    @app_commands.describe(voice='Which; completes as you type. "none": the engine\'s own')
    async def default(self, interaction: discord.Interaction, voice: DefaultVoice) -> None:
        requester = requester_of(interaction)
        ended = await self._decide(requester, self._moderation.set_default(requester, voice))
        name = await self._directory.default_name(voice, _lane(requester))
        await self._reply(
            interaction, f"Members who have not chosen a voice now speak in {name}.{ended}"
        )

    @app_commands.command(name="uploads", description="Limit who may upload voices here")
    @app_commands.describe(role="Members with this role may; without a role everyone may")
    async def uploads(
        self, interaction: discord.Interaction, role: discord.Role | None = None
    ) -> None:
        only = None if role is None or role.is_default() else role
        await self._moderation.set_uploaders(
            requester_of(interaction), None if only is None else str(only.id)
        )
        members = "Everyone" if only is None else f"Members with {only.mention}"
        await self._reply(interaction, f"{members} may upload voices here.")

    @app_commands.command(name="allow", description="Which cloned voices may be spoken here")
    @app_commands.describe(voices="None, those that everyone here may use, or all")
    async def allow(self, interaction: discord.Interaction, voices: ClonePolicy) -> None:
        requester = requester_of(interaction)
        ended = await self._decide(requester, self._moderation.allow(requester, voices))
        await self._reply(interaction, f"{ALLOWED[voices]}{ended}")

    # ---- members

    @app_commands.command(name="bar", description="Keep a member from giving voices to this server")
    @app_commands.describe(member=ALSO_BY_ID)
    async def bar(self, interaction: discord.Interaction, member: discord.User) -> None:
        requester = requester_of(interaction)
        ended = await self._decide(
            requester, self._moderation.block_member(requester, str(member.id))
        )
        words = (
            f"Barred: {member.mention} cannot upload voices here or share any with this server, "
            "and none of theirs is spoken here, until `/voice-admin unbar`."
        )
        await self._reply(interaction, words + ended)

    @app_commands.command(name="unbar", description="Let a barred member give voices again")
    @app_commands.describe(member=ALSO_BY_ID)
    async def unbar(self, interaction: discord.Interaction, member: discord.User) -> None:
        await self._moderation.unblock_member(requester_of(interaction), str(member.id))
        await self._reply(interaction, f"{member.mention} can give voices to this server again.")

    # ---- the audit log

    @app_commands.command(name="audit", description="Who did what to the voices here, and when")
    @app_commands.describe(
        member="Only what this member did",
        voice="Only what was done to this voice; completes as you type",
        page=WHICH_PAGE,
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
        """Those of these voices that still exist."""
        found = [await self._selection.get(f"@{each}") for each in sorted(ids)]
        return {each.id: each for each in found if each is not None}

    async def _decide(self, requester: Requester, decision: Awaitable[object]) -> str:
        """Carry out a decision. Returns how many waiting jobs it ended, as a sentence to append."""
        queue = await self._speech.queue(_lane(requester))
        await decision
        ended = 0
        for view in queue:
            try:
                job = (await self._speech.view(view.job.id)).job
            except UnknownJob:
                continue
            ended += job.ended_by is EndReason.VOICE_GONE
        if not ended:
            return ""
        return " 1 waiting job ended." if ended == 1 else f" {ended} waiting jobs ended."


def _frozen_too(count: int) -> str:
    """How many other voices the freeze found to be the same recording, as a sentence to append."""
    if not count:
        return ""
    others = "1 other voice is" if count == 1 else f"{count} other voices are"
    return f" {others} the same recording, and frozen too."


def _lane(requester: Requester) -> str:
    """The check has seen that the command is used in a server."""
    assert requester.place is not None
    return requester.place
