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

from bot.commands import voice_bars, voice_rules
from bot.commands.kind import Command
from bot.house import House
from bot.library.admins import admin, default_name, ended_by, find, label_for, offer
from bot.library.completion import completed_by
from bot.library.oversight import label, open_reports, render_list, render_trail
from bot.library.seen import lane_of, typed_number
from engine.errors import Refused
from engine.voices.access import open_to_all
from engine.voices.voice import Asker, Scope, Voice

#: Of the trail, what is looked through for one answer.
MOST_ENTRIES: Final = 2000
NOT_SHARED: Final = (
    "It is not shared with this server, so there is nothing to remove. "
    "`/voice-admin freeze` keeps it from being spoken here."
)


def commands(house: House) -> list[Command | app_commands.Group]:
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
        *voice_bars.commands(house),
        _audit(house),
    ):
        group.add_command(command)
    return [group]


def _list(house: House) -> Command:
    @app_commands.command(name="list", description="Voices that are shared, spoken or frozen here")
    @app_commands.describe(page="Which page; the first without it")
    async def list_(
        interaction: discord.Interaction, page: app_commands.Range[int, 1, 1000] = 1
    ) -> None:
        _, asker = await admin(interaction, house)
        lane = lane_of(asker)
        voices = await house.library.seen(lane)
        trail = await house.library.audit(lane, limit=MOST_ENTRIES)
        rules = await house.library.rules(lane)
        text = render_list(
            voices,
            await house.library.frozen(lane),
            rules,
            barred=await house.library.barred(lane),
            lane=lane,
            default=await default_name(house, rules.default_voice, lane),
            reports=len(open_reports(trail, [each.id for each in voices])),
            page=page,
        )
        await house.reply(interaction, text)

    return list_


def _remove(house: House) -> Command:
    @app_commands.command(name="remove", description="End the sharing of a voice with this server")
    @app_commands.describe(voice="Which; completes as you type")
    async def remove(interaction: discord.Interaction, voice: str) -> None:
        ask, asker = await admin(interaction, house)
        found = await find(house, asker, voice)
        if found.scope is not Scope.SERVER or not open_to_all(found, lane_of(asker)):
            raise Refused(NOT_SHARED)
        ended = await ended_by(house, ask, house.library.remove(asker, found.key))
        words = f"Only its owner may use {label(found, named=True)} from now on."
        await house.reply(interaction, words + ended)

    remove.autocomplete("voice")(completed_by(offer(_shared), house))
    return remove


def _freeze(house: House) -> Command:
    @app_commands.command(
        name="freeze", description="Keep a voice from being spoken on this server"
    )
    @app_commands.describe(voice="Which; completes as you type")
    async def freeze(interaction: discord.Interaction, voice: str) -> None:
        ask, asker = await admin(interaction, house)
        found = await find(house, asker, voice)
        before = await house.library.frozen(lane_of(asker))
        ended = await ended_by(house, ask, house.library.freeze(asker, found.key))
        others = await _frozen_beside(house, asker, found, before)
        words = f"Frozen: {label_for(found, asker)} is not spoken on this server until "
        await house.reply(interaction, f"{words}`/voice-admin release`.{others}{ended}")

    freeze.autocomplete("voice")(completed_by(offer(_thawed), house))
    return freeze


def _release(house: House) -> Command:
    @app_commands.command(
        name="release", description="Let a frozen voice be spoken again, or a report be"
    )
    @app_commands.describe(voice="Which; completes as you type")
    async def release(interaction: discord.Interaction, voice: str) -> None:
        _, asker = await admin(interaction, house)
        found = await find(house, asker, voice)
        was_frozen = found.id in await house.library.frozen(lane_of(asker))
        await house.library.release(asker, found.key)
        words = "may be spoken here again" if was_frozen else "was not frozen; reports of it close"
        await house.reply(interaction, f"Released: {label_for(found, asker)} {words}.")

    release.autocomplete("voice")(completed_by(offer(_releasable), house))
    return release


def _audit(house: House) -> Command:
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
        _, asker = await admin(interaction, house)
        lane, actor = lane_of(asker), None if member is None else str(member.id)
        trail = await house.library.audit(lane, actor=actor, limit=MOST_ENTRIES)
        if voice is not None:
            # By its number also a voice that is gone: the trail outlives it.
            number = typed_number(voice) or (await find(house, asker, voice)).id
            trail = [each for each in trail if each.voice_id == number]
        there = await _present(house, {each.voice_id for each in trail if each.voice_id})
        await house.reply(interaction, render_trail(trail, there, lane=lane, page=page))

    audit.autocomplete("voice")(completed_by(offer(_seen), house))
    return audit


async def _frozen_beside(house: House, asker: Asker, voice: Voice, before: Collection[int]) -> str:
    """How many other voices the freeze has found to be the same recording, as a sentence to be
    appended."""
    frozen = await house.library.frozen(lane_of(asker))
    count = len(frozen - {*before, voice.id})
    if not count:
        return ""
    others = "1 other voice is" if count == 1 else f"{count} other voices are"
    return f" {others} the same recording, and frozen too."


# What completes.


async def _seen(house: House, asker: Asker) -> list[Voice]:
    return await house.library.seen(lane_of(asker))


async def _shared(house: House, asker: Asker) -> list[Voice]:
    voices = await _seen(house, asker)
    return [each for each in voices if each.scope is Scope.SERVER and each.lane == asker.lane]


async def _thawed(house: House, asker: Asker) -> list[Voice]:
    frozen = await house.library.frozen(lane_of(asker))
    return [each for each in await _seen(house, asker) if each.id not in frozen]


async def _releasable(house: House, asker: Asker) -> list[Voice]:
    lane, voices = lane_of(asker), await _seen(house, asker)
    trail = await house.library.audit(lane, limit=MOST_ENTRIES)
    reported = {each.voice_id for each in open_reports(trail, [each.id for each in voices])}
    frozen = await house.library.frozen(lane)
    return [each for each in voices if each.id in frozen | reported]


async def _present(house: House, ids: Collection[int]) -> dict[int, Voice]:
    """Those of these voices that are still there."""
    found = [await house.library.get(f"@{each}") for each in sorted(ids)]
    return {each.id: each for each in found if each is not None}
