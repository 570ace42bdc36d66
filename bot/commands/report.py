"""/voice report: a voice that was heard here is reported to who can act on it.

Knows: which voices can be reported, the words of the answer. Does not know: who is told
(`library/reports`).

It need not be one that the member may use: what one hears, one may report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands

from bot.parts import Parts
from bot.requester import requester_of
from bot.voices.abuse_reports import MOST_REASON
from bot.voices.choices import Offered
from bot.voices.completion import completed_by
from bot.voices.heard import find_here, lane_of, offered_here
from bot.voices.moderation_text import label, private
from engine.model.errors import Refused
from engine.model.voices import Requester, Voice

SERVERS_ONLY: Final = "A voice is reported on the server where it was spoken: use this there."


def add_report(group: app_commands.Group, house: Parts) -> None:
    """Add `/voice report`."""

    @group.command(name="report", description="Tell the admins and the operator what is wrong")
    @app_commands.describe(
        voice="A voice that was spoken here; completes as you type",
        reason="What is wrong with it; the admins and the operator read it",
    )
    async def report(
        interaction: discord.Interaction,
        voice: str,
        reason: app_commands.Range[str, 1, MOST_REASON],
    ) -> None:
        guild, requester = interaction.guild, requester_of(interaction)
        if guild is None:
            raise Refused(SERVERS_ONLY)
        can = await _reportable(house, requester)
        found = find_here(voice, can.voices, readable=can.usable)
        await house.reports.report(requester, guild, found, reason)
        about = label(found, named=True) if found in can.usable else private(found)
        await house.reply(
            interaction, f"Reported: {about}. The admins of this server and the operator are told."
        )

    report.autocomplete("voice")(completed_by(_offer, house))


async def _offer(interaction: discord.Interaction, house: Parts, typed: str) -> list[Offered]:
    if interaction.guild is None:
        return []
    can = await _reportable(house, requester_of(interaction))
    return await offered_here(
        interaction, house, can.voices, typed, readable=can.usable, speakers=can.speakers
    )


@dataclass(frozen=True, slots=True)
class _Reportable:
    """The voices that who asks may use here; and with them all that were heard here, of which they
    know who spoke in them: its owner may have lent one to a few."""

    usable: list[Voice]
    voices: list[Voice]
    speakers: Mapping[str, str]


async def _reportable(house: Parts, requester: Requester) -> _Reportable:
    usable = await house.registry.usable(requester)
    speakers = await house.registry.speakers(lane_of(requester))
    heard = [each for each in await house.registry.seen(lane_of(requester)) if each.key in speakers]
    both = {each.id: each for each in (*usable, *heard)}
    return _Reportable(usable, list(both.values()), speakers)
