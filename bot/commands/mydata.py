"""/mydata: a member gets all data that is stored about them, or deletes it.

    delete ──▶ what will go, and a button ──▶ pressed ──▶ deleted here ──▶ messages redacted, told

This file does not know what belongs to a member (`engine/voices`), nor how messages are redacted
(`bot/erasure`).
"""

from typing import Final

import discord
from discord import app_commands

from bot.commands.tree import PREFIX, Handlers
from bot.context import requester_of
from bot.discord_io.registration import localized
from bot.discord_io.replies import Attached, Choice, Reply
from bot.discord_io.rest import InteractionToken
from bot.erasure.notifier import RedactionNotifier
from bot.erasure.texts import render_question
from bot.locales.catalog import label, text
from bot.voices.uploads import Uploads
from bot.voices.work_slots import WorkSlots
from engine.base.clock import Clock
from engine.base.settings import MEBIBYTE
from engine.model.errors import Refused
from engine.voices.erasure import MemberErasure

ERASE: Final = "mydata:erase"

#: What Discord takes in a direct message, and in a server without boosts; and what is made at once.
USUAL_BYTES: Final = 10 * MEBIBYTE
MOST_BYTES: Final = 25 * MEBIBYTE
#: Of the limit, for what else is in the request.
MARGIN_BYTES: Final = 64 * 1024
#: The question stays valid for this long; then what it says may no longer be true.
LAPSE_SECONDS: Final = 600.0


class MyData(app_commands.Group):
    """Works in servers and in direct messages."""

    def __init__(
        self,
        erasure: MemberErasure,
        uploads: Uploads,
        notifier: RedactionNotifier,
        exports: WorkSlots,
        reply: Reply,
        clock: Clock,
    ) -> None:
        super().__init__(
            name="mydata",
            description=localized("command-mydata"),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        )
        self._erasure = erasure
        self._uploads = uploads
        self._notifier = notifier
        self._exports = exports
        self._reply = reply
        self._clock = clock
        self.handlers: Handlers = {ERASE: self._erase}

    @app_commands.command(name="export", description=localized("command-mydata-export"))
    async def export(self, interaction: discord.Interaction) -> None:
        with self._exports.claim(str(interaction.user.id)) as claim:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await claim.wait()
            await self._export(interaction)

    @app_commands.command(name="delete", description=localized("command-mydata-delete"))
    async def delete(self, interaction: discord.Interaction) -> None:
        kept = await self._erasure.summary(str(interaction.user.id))
        button = Choice(label("mydata-button-delete"), f"{PREFIX}{ERASE}", danger=True)
        await self._reply(interaction, render_question(kept), choices=[button])

    async def _export(self, interaction: discord.Interaction) -> None:
        requester = requester_of(interaction)
        limit = interaction.filesize_limit or USUAL_BYTES
        most = min(limit, MOST_BYTES) - MARGIN_BYTES
        parts = await self._erasure.export(requester.member, most, place=requester.place)
        for number, (filename, data) in enumerate(parts, 1):
            words = text("mydata-export")
            if len(parts) > 1:
                words = text("mydata-export-part", part=number, parts=len(parts))
            file = Attached(filename, data, frozenset({requester.member}))
            await self._reply(interaction, words, file=file)

    async def _erase(self, interaction: discord.Interaction, _: str) -> None:
        question = interaction.message
        if question is None:
            return
        if self._clock.time() - question.created_at.timestamp() > LAPSE_SECONDS:
            raise Refused("the question is too old", code="deletion-expired")
        requester = requester_of(interaction)
        await self._reply.update(interaction, text("mydata-deleting"))
        await self._uploads.forget(requester.member)  # an upload under way would come after it
        await self._erasure.erase(requester.member, place=requester.place)
        since = interaction.created_at.timestamp()
        await self._notifier.follow(requester.member, InteractionToken.of(interaction), since)
