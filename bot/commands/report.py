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

from bot.asker import asker_of
from bot.house import House
from bot.library.choices import Offered
from bot.library.completion import completed_by
from bot.library.oversight import label, private
from bot.library.reports import MOST_REASON
from bot.library.seen import find_here, lane_of, offered_here
from engine.errors import Refused
from engine.voices.voice import Asker, Voice

SERVERS_ONLY: Final = "A voice is reported on the server where it was spoken: use this there."


def add_report(group: app_commands.Group, house: House) -> None:
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
        guild, asker = interaction.guild, asker_of(interaction)
        if guild is None:
            raise Refused(SERVERS_ONLY)
        can = await _reportable(house, asker)
        found = find_here(voice, can.voices, readable=can.usable)
        await house.reports.report(asker, guild, found, reason)
        about = label(found, named=True) if found in can.usable else private(found)
        await house.reply(
            interaction, f"Reported: {about}. The admins of this server and the operator are told."
        )

    report.autocomplete("voice")(completed_by(_offer, house))


async def _offer(interaction: discord.Interaction, house: House, typed: str) -> list[Offered]:
    if interaction.guild is None:
        return []
    can = await _reportable(house, asker_of(interaction))
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


async def _reportable(house: House, asker: Asker) -> _Reportable:
    usable = await house.library.usable(asker)
    speakers = await house.library.speakers(lane_of(asker))
    heard = [each for each in await house.library.seen(lane_of(asker)) if each.key in speakers]
    both = {each.id: each for each in (*usable, *heard)}
    return _Reportable(usable, list(both.values()), speakers)
