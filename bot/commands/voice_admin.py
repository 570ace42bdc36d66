"""/voice-admin list, remove, freeze, release, audit: what the admins of a server do about voices on
it. What they decide about all of them: `voice_rules`; about members: `voice_bars`.

Knows: which voices each command is about, and the sentences of the answers. Does not know: who is
an admin (`library/admins`), the words of the lists (`library/oversight`), what a decision
means (`engine/voices`).
"""

from collections.abc import Collection
from typing import Final

import discord
from discord import app_commands

from bot.commands import voice_blocks, voice_rules
from bot.commands.kind import Command
from bot.parts import Parts
from bot.voices.completion import completed_by
from bot.voices.heard import lane_of, typed_number
from bot.voices.moderation import admin, default_name, ended_by, find, label_for, offer
from bot.voices.moderation_text import label, open_reports, render_list, render_trail
from engine.model.errors import Refused
from engine.model.voices import Requester, Scope, Voice
from engine.voices.permissions import open_to_all

#: Of the trail, what is looked through for one answer.
MOST_ENTRIES: Final = 2000
NOT_SHARED: Final = (
    "It is not shared with this server, so there is nothing to remove. "
    "`/voice-admin freeze` keeps it from being spoken here."
)


def commands(house: Parts) -> list[Command | app_commands.Group]:
    group = app_commands.Group(
        name="voice-admin",
        description="Decide about the voices on this server",
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
    )
    for command in (
        _list(house),
        _remove(house),
        _freeze(house),
        _release(house),
        *voice_rules.commands(house),
        *voice_blocks.commands(house),
        _audit(house),
    ):
        group.add_command(command)
    return [group]


def _list(house: Parts) -> Command:
    @app_commands.command(name="list", description="Voices that are shared, spoken or frozen here")
    @app_commands.describe(page="Which page; the first without it")
    async def list_(
        interaction: discord.Interaction, page: app_commands.Range[int, 1, 1000] = 1
    ) -> None:
        _, requester = await admin(interaction, house)
        lane = lane_of(requester)
        voices = await house.registry.seen(lane)
        trail = await house.registry.audit(lane, limit=MOST_ENTRIES)
        rules = await house.registry.rules(lane)
        text = render_list(
            voices,
            await house.registry.frozen(lane),
            rules,
            barred=await house.registry.barred(lane),
            lane=lane,
            default=await default_name(house, rules.default_voice, lane),
            reports=len(open_reports(trail, [each.id for each in voices])),
            page=page,
        )
        await house.reply(interaction, text)

    return list_


def _remove(house: Parts) -> Command:
    @app_commands.command(name="remove", description="End the sharing of a voice with this server")
    @app_commands.describe(voice="Which; completes as you type")
    async def remove(interaction: discord.Interaction, voice: str) -> None:
        ask, requester = await admin(interaction, house)
        found = await find(house, requester, voice)
        if found.scope is not Scope.SERVER or not open_to_all(found, lane_of(requester)):
            raise Refused(NOT_SHARED)
        ended = await ended_by(house, ask, house.registry.remove(requester, found.key))
        words = f"Only its owner may use {label(found, named=True)} from now on."
        await house.reply(interaction, words + ended)

    remove.autocomplete("voice")(completed_by(offer(_shared), house))
    return remove


def _freeze(house: Parts) -> Command:
    @app_commands.command(
        name="freeze", description="Keep a voice from being spoken on this server"
    )
    @app_commands.describe(voice="Which; completes as you type")
    async def freeze(interaction: discord.Interaction, voice: str) -> None:
        ask, requester = await admin(interaction, house)
        found = await find(house, requester, voice)
        before = await house.registry.frozen(lane_of(requester))
        ended = await ended_by(house, ask, house.registry.freeze(requester, found.key))
        others = await _frozen_beside(house, requester, found, before)
        words = f"Frozen: {label_for(found, requester)} is not spoken on this server until "
        await house.reply(interaction, f"{words}`/voice-admin release`.{others}{ended}")

    freeze.autocomplete("voice")(completed_by(offer(_thawed), house))
    return freeze


def _release(house: Parts) -> Command:
    @app_commands.command(
        name="release", description="Let a frozen voice be spoken again, or a report be"
    )
    @app_commands.describe(voice="Which; completes as you type")
    async def release(interaction: discord.Interaction, voice: str) -> None:
        _, requester = await admin(interaction, house)
        found = await find(house, requester, voice)
        was_frozen = found.id in await house.registry.frozen(lane_of(requester))
        await house.registry.release(requester, found.key)
        words = "may be spoken here again" if was_frozen else "was not frozen; reports of it close"
        await house.reply(interaction, f"Released: {label_for(found, requester)} {words}.")

    release.autocomplete("voice")(completed_by(offer(_releasable), house))
    return release


def _audit(house: Parts) -> Command:
    @app_commands.command(name="audit", description="Who did what to the voices here, and when")
    @app_commands.describe(
        member="Only what this member did",
        voice="Only what was done to this voice; completes as you type",
        page="Which page; the first without it",
    )
    async def audit(
        interaction: discord.Interaction,
        member: discord.User | None = None,
        voice: str | None = None,
        page: app_commands.Range[int, 1, 1000] = 1,
    ) -> None:
        _, requester = await admin(interaction, house)
        lane, actor = lane_of(requester), None if member is None else str(member.id)
        trail = await house.registry.audit(lane, actor=actor, limit=MOST_ENTRIES)
        if voice is not None:
            # By its number also a voice that is gone: the trail outlives it.
            number = typed_number(voice) or (await find(house, requester, voice)).id
            trail = [each for each in trail if each.voice_id == number]
        there = await _present(house, {each.voice_id for each in trail if each.voice_id})
        await house.reply(interaction, render_trail(trail, there, lane=lane, page=page))

    audit.autocomplete("voice")(completed_by(offer(_seen), house))
    return audit


async def _frozen_beside(
    house: Parts, requester: Requester, voice: Voice, before: Collection[int]
) -> str:
    """How many other voices the freeze has found to be the same recording, as a sentence to be
    appended."""
    frozen = await house.registry.frozen(lane_of(requester))
    count = len(frozen - {*before, voice.id})
    if not count:
        return ""
    others = "1 other voice is" if count == 1 else f"{count} other voices are"
    return f" {others} the same recording, and frozen too."


# What completes.


async def _seen(house: Parts, requester: Requester) -> list[Voice]:
    return await house.registry.seen(lane_of(requester))


async def _shared(house: Parts, requester: Requester) -> list[Voice]:
    voices = await _seen(house, requester)
    return [each for each in voices if each.scope is Scope.SERVER and each.place == requester.place]


async def _thawed(house: Parts, requester: Requester) -> list[Voice]:
    frozen = await house.registry.frozen(lane_of(requester))
    return [each for each in await _seen(house, requester) if each.id not in frozen]


async def _releasable(house: Parts, requester: Requester) -> list[Voice]:
    lane, voices = lane_of(requester), await _seen(house, requester)
    trail = await house.registry.audit(lane, limit=MOST_ENTRIES)
    reported = {each.voice_id for each in open_reports(trail, [each.id for each in voices])}
    frozen = await house.registry.frozen(lane)
    return [each for each in voices if each.id in frozen | reported]


async def _present(house: Parts, ids: Collection[int]) -> dict[int, Voice]:
    """Those of these voices that are still there."""
    found = [await house.registry.get(f"@{each}") for each in sorted(ids)]
    return {each.id: each for each in found if each is not None}
