"""/voice report: a voice that was heard here is reported to who can act on it.

Knows: which voices can be reported, the words of the answer. Does not know: who is told
(`reports`).

It need not be one that the member may use: what one hears, one may report.
"""

from typing import Final

import discord
from discord import app_commands

from bot.asker import asker_of
from bot.house import House
from bot.oversight import label
from bot.reports import MOST_REASON
from bot.voices_here import find_here, lane_of, offered_here
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
        usable, reportable = await _reportable(house, asker)
        found = find_here(voice, reportable, readable=usable)
        await house.reports.report(asker, guild, found, reason)
        about = label(found, named=found in usable)
        await house.reply(
            interaction, f"Reported: {about}. The admins of this server and the operator are told."
        )

    @report.autocomplete("voice")
    async def complete(
        interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        if interaction.guild is None:
            return []
        usable, reportable = await _reportable(house, asker_of(interaction))
        offered = await offered_here(interaction, house, reportable, typed, readable=usable)
        return [app_commands.Choice(name=each.label, value=each.value) for each in offered]


async def _reportable(house: House, asker: Asker) -> tuple[list[Voice], list[Voice]]:
    """The voices that who asks may use here; and with them all that were heard here."""
    usable = await house.library.usable(asker)
    heard = await house.library.seen(lane_of(asker))
    return usable, list({each.id: each for each in (*usable, *heard)}.values())
