"""/voice rename, share, style, delete: what members do with voices of their own.

This file has the options and the sentences of the answers. It does not know the rules: the registry
judges.
"""

from typing import Final, Literal

import discord
from discord import app_commands

from bot.commands.arguments import OwnVoice, StyleSetting, StyleValue
from bot.commands.tree import PREFIX, Entry, Handlers
from bot.context import is_admin, requester_of, roles_of
from bot.discord_io.registration import localized
from bot.discord_io.replies import Choice, Reply
from bot.locales.catalog import label, text
from bot.locales.escape import Markup
from bot.voices.style_text import ALL, parse_value, render_style
from bot.voices.upload_text import mentions, voice_name
from engine.model.errors import BadStyle, Refused
from engine.model.voices import Scope
from engine.queue import FrontEndQueue
from engine.voices.moderation import Moderation
from engine.voices.owners import VoiceOwners

DELETE: Final = "voice:delete"
#: Members of a voice's list that an answer names.
MOST_LISTED: Final = 25


class VoiceOwner:
    """`commands` stand in the group `/voice`."""

    def __init__(
        self, owners: VoiceOwners, moderation: Moderation, speech: FrontEndQueue, reply: Reply
    ) -> None:
        self._owners = owners
        self._moderation = moderation
        self._speech = speech
        self._reply = reply
        self.handlers: Handlers = {DELETE: self._delete_pressed}
        self.commands: list[Entry] = [
            app_commands.Command(name=name, description=description, callback=callback)
            for name, description, callback in (
                ("rename", localized("command-voice-rename"), self.rename),
                ("share", localized("command-voice-share"), self.share),
                ("style", localized("command-voice-style"), self.style),
                ("delete", localized("command-voice-delete"), self.delete),
            )
        ]

    @app_commands.describe(
        voice=localized("option-own-voice"), name=localized("option-rename-name")
    )
    async def rename(self, interaction: discord.Interaction, voice: OwnVoice, name: str) -> None:
        renamed = await self._owners.rename(requester_of(interaction), voice.key, name)
        old, new = voice_name(voice.name), voice_name(renamed.name)
        await self._reply(interaction, text("voice-renamed", voice=old, name=new))

    @app_commands.describe(
        voice=localized("option-own-voice"),
        scope=localized("option-share-scope"),
        add=localized("option-share-add"),
        remove=localized("option-share-remove"),
    )
    async def share(
        self,
        interaction: discord.Interaction,
        voice: OwnVoice,
        scope: Literal["private", "server", "members"] | None = None,
        add: discord.User | None = None,
        remove: discord.User | None = None,
    ) -> None:
        requester = requester_of(interaction)
        if scope is None and add is None and remove is None:
            raise Refused("nothing to share", code="share-with-whom")
        if scope in ("private", "server") and (add is not None or remove is not None):
            raise Refused("a member without a list", code="share-without-list")
        if scope == "server":
            await self._owners.check_sharing(
                requester, roles=roles_of(interaction), admin=is_admin(interaction)
            )
        shared = await self._owners.share(
            requester,
            voice.key,
            Scope(scope or "members"),
            add=str(add.id) if add is not None else None,
            remove=str(remove.id) if remove is not None else None,
        )
        words = text(
            "voice-shared",
            voice=voice_name(shared.name),
            scope=shared.scope,
            count=len(shared.members),
            members=mentions(shared.members, MOST_LISTED),
        )
        if requester.place is not None and shared.id in await self._moderation.frozen(
            requester.place
        ):
            words = Markup(f"{words}\n{text('voice-frozen-here')}")
        await self._reply(interaction, words)

    @app_commands.describe(
        voice=localized("option-own-voice"),
        setting=localized("option-style-setting"),
        value=localized("option-style-value"),
    )
    async def style(
        self,
        interaction: discord.Interaction,
        voice: OwnVoice,
        setting: StyleSetting | None = None,
        value: StyleValue | None = None,
    ) -> None:
        if value is not None and setting is None:
            raise BadStyle("a value without a setting", code="setting-needed")
        if setting is not None:
            if value is None:
                raise BadStyle("a setting without a value", code="value-needed", setting=setting)
            parsed = parse_value(value)
            names = list(voice.style) if setting == ALL and parsed is None else [setting]
            values = dict.fromkeys(names, parsed)
            voice = await self._owners.style(requester_of(interaction), voice.key, values)
        await self._reply(interaction, render_style(voice, self._speech.info))

    @app_commands.describe(voice=localized("option-own-voice"))
    async def delete(self, interaction: discord.Interaction, voice: OwnVoice) -> None:
        await self._reply(
            interaction,
            text("voice-delete-question", voice=voice_name(voice.name)),
            choices=[Choice(label("voice-delete"), f"{PREFIX}{DELETE}:{voice.key}", danger=True)],
        )

    async def _delete_pressed(self, interaction: discord.Interaction, key: str) -> None:
        requester = requester_of(interaction)
        voice = await self._owners.find_own(requester.member, key)
        await interaction.response.defer()
        await self._owners.delete(requester, voice.key)
        words = text("voice-deleted", voice=voice_name(voice.name))
        await self._reply.rewrite(interaction, words)
