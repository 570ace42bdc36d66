"""/voice rename, share, style, delete: what members do with voices of their own.

This file has the options and the sentences of the answers. It does not know the rules: the registry
judges.
"""

from typing import Final, Literal

import discord
from discord import app_commands

from bot.commands.arguments import OwnVoice, StyleSetting, StyleValue
from bot.commands.components import PREFIX, Handlers
from bot.commands.tree import Entry
from bot.context import is_admin, requester_of, roles_of
from bot.discord_io.replies import Choice, Reply
from bot.voices.style_text import ALL, NO_SETTING, no_value, parse_value, render_style
from bot.voices.upload_text import FROZEN_HERE, bold, render_reach
from bot.voices.uploads import NO_SERVER
from engine.model.errors import BadStyle, NotAllowed, Refused
from engine.model.voices import Scope
from engine.queue import FrontEndQueue
from engine.voices.moderation import Moderation
from engine.voices.owners import VoiceOwners

WHAT_TO_SHARE: Final = "Say with whom: choose a `scope`, or a member to `add` or to `remove`."
NOT_ON_LISTS: Final = "Only a list has members: choose the scope `members`, or add and remove none."
DELETE: Final = "voice:delete"


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
                ("rename", "Give a voice of yours another name", self.rename),
                ("share", "Say who may use a voice of yours", self.share),
                ("style", "See or set how a voice of yours speaks", self.style),
                ("delete", "Delete a voice of yours permanently", self.delete),
            )
        ]

    @app_commands.describe(voice="A voice of yours; completes as you type", name="Its new name")
    async def rename(self, interaction: discord.Interaction, voice: OwnVoice, name: str) -> None:
        renamed = await self._owners.rename(requester_of(interaction), voice.key, name)
        await self._reply(interaction, f"{bold(voice.name)} is now called {bold(renamed.name)}.")

    @app_commands.describe(
        voice="A voice of yours; completes as you type",
        scope="Nobody else, the members of this server, or those on its list, wherever they are",
        add="Somebody for its list",
        remove="Somebody to take off its list",
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
            raise Refused(WHAT_TO_SHARE)
        if scope in ("private", "server") and (add is not None or remove is not None):
            raise Refused(NOT_ON_LISTS)
        if scope == "server" and requester.place is None:
            raise NotAllowed("no server", user_message=NO_SERVER)
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
        listed = ", ".join(f"<@{each}>" for each in sorted(shared.members)[:25])
        members = f": {listed}" if listed else ""
        words = f"{bold(shared.name)} is {render_reach(shared.scope)}{members}."
        if requester.place is not None and shared.id in await self._moderation.frozen(
            requester.place
        ):
            words += f" {FROZEN_HERE}"
        await self._reply(interaction, words)

    @app_commands.describe(
        voice="A voice of yours; completes as you type",
        setting="What to set; completes as you type. Without it you see all settings",
        value='The new value; "reset" goes back to what the engine does',
    )
    async def style(
        self,
        interaction: discord.Interaction,
        voice: OwnVoice,
        setting: StyleSetting | None = None,
        value: StyleValue | None = None,
    ) -> None:
        if value is not None and setting is None:
            raise BadStyle("a value without a setting", user_message=NO_SETTING)
        if setting is not None:
            if value is None:
                raise BadStyle("a setting without a value", user_message=no_value(setting))
            parsed = parse_value(value)
            names = list(voice.style) if setting == ALL and parsed is None else [setting]
            values = dict.fromkeys(names, parsed)
            voice = await self._owners.style(requester_of(interaction), voice.key, values)
        await self._reply(interaction, render_style(voice, self._speech.info))

    @app_commands.describe(voice="A voice of yours; completes as you type")
    async def delete(self, interaction: discord.Interaction, voice: OwnVoice) -> None:
        await self._reply(
            interaction,
            f"Delete {bold(voice.name)} permanently? I delete its recording, what was derived from "
            "it and the sound that was made in it. Jobs that wait to be spoken in it end.",
            choices=[Choice("Delete", f"{PREFIX}{DELETE}:{voice.key}", danger=True)],
        )

    async def _delete_pressed(self, interaction: discord.Interaction, key: str) -> None:
        requester = requester_of(interaction)
        voice = await self._owners.find_own(requester.member, key)
        await interaction.response.defer()
        await self._owners.delete(requester, voice.key)
        await self._reply.rewrite(
            interaction,
            f"{bold(voice.name)} is deleted, with its recording, what was derived from it, and the "
            "sound that was made in it.",
        )
