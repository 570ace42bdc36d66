"""/mydata: all that is kept of a member, handed over to them or deleted.

Knows: the steps of both, and the question before the second. Does not know: what is a member's
(`engine/voices`), how messages are blanked (`bot/erasure`).

    delete ──▶ what will go, and a button ──▶ pressed ──▶ gone here ──▶ messages blanked, and told
"""

from typing import Final

import discord
from discord import app_commands

from bot.commands.kind import Command
from bot.discord_io.replies import Attached, Choice
from bot.discord_io.rest import InteractionToken
from bot.erasure.question import GONE_HERE, LAPSED, render_question
from bot.parts import Parts
from bot.requester import requester_of
from engine.base.settings import MEBIBYTE
from engine.model.errors import Refused
from engine.voices.data_summary import data_summary

PREFIX: Final = "mynah:mydata:"
ERASE: Final = "erase"

#: What Discord takes in a direct message, and in a server without boosts; and what is made at once.
USUAL_BYTES: Final = 10 * MEBIBYTE
MOST_BYTES: Final = 25 * MEBIBYTE
#: Left of the limit for what else is in the request.
MARGIN_BYTES: Final = 64 * 1024
#: The question stands so long; then what it says may no longer be so.
LAPSE_SECONDS: Final = 600.0


def commands(house: Parts) -> list[Command | app_commands.Group]:
    """/mydata, as it works in servers and in direct messages."""
    mydata = app_commands.Group(
        name="mydata",
        description="What I keep of you: take it away, or have it deleted",
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
    )

    @mydata.command(name="export", description="All that I keep of you, as files")
    async def export(interaction: discord.Interaction) -> None:
        with house.exports.claim(str(interaction.user.id)) as claim:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await claim.place()
            await _export(interaction, house)

    @mydata.command(name="delete", description="Have all that I keep of you deleted, for good")
    async def delete(interaction: discord.Interaction) -> None:
        kept = await data_summary(house.speech, str(interaction.user.id))
        button = Choice("Delete all of it", f"{PREFIX}{ERASE}", danger=True)
        await house.reply(interaction, render_question(kept), choices=[button])

    return [mydata]


async def _export(interaction: discord.Interaction, house: Parts) -> None:
    requester = requester_of(interaction)
    limit = interaction.filesize_limit or USUAL_BYTES
    most = min(limit, MOST_BYTES) - MARGIN_BYTES
    parts = await house.registry.export(requester.member, most, place=requester.place)
    for number, (filename, data) in enumerate(parts, 1):
        count = f" Part {number} of {len(parts)}." if len(parts) > 1 else ""
        words = f"This is what I keep of you.{count}"
        file = Attached(filename, data)
        sent = await house.reply(interaction, words, files=[file])
        if sent is not None:
            house.sent_files.sent(interaction, sent, {requester.member})


async def pressed(interaction: discord.Interaction, house: Parts, rest: str) -> None:
    """A press of the button below the question. Raises Refused."""
    question = interaction.message
    if rest != ERASE or question is None:
        return
    if house.clock.time() - question.created_at.timestamp() > LAPSE_SECONDS:
        raise Refused(LAPSED)
    requester = requester_of(interaction)
    await house.reply.update(interaction, GONE_HERE)
    await house.uploads.forget(requester.member)  # else one that is under way would come after it
    await house.registry.erase(requester.member, place=requester.place)
    since = interaction.created_at.timestamp()
    await house.erasure_news.follow(requester.member, InteractionToken.of(interaction), since)
