"""/voice-admin default, uploads, allow: what the admins of a server decide about all voices on it.

Knows: the options, and the sentences of the answers. Does not know: who is an admin
(`library/admins`), what a decision means (`engine/voices`). What is done about single
voices: `voice_admin`.
"""

from typing import Final

import discord
from discord import app_commands

from bot.commands.kind import Command
from bot.parts import Parts
from bot.requester import is_admin, requester_of
from bot.voices import choices
from bot.voices.choices import Offered
from bot.voices.completion import completed_by
from bot.voices.heard import lane_of, offered_here
from bot.voices.moderation import admin, default_name, ended_by, find, readable
from engine.model.voices import ClonePolicy, Requester

NONE: Final = "none"
ALLOWED: Final = {
    ClonePolicy.NONE: "No cloned voice may be spoken here.",
    ClonePolicy.SHARED: "Only cloned voices that everyone here may use may be spoken here.",
    ClonePolicy.ALL: "All cloned voices may be spoken here, each by who may use it.",
}


def commands(house: Parts) -> list[Command]:
    return [_default(house), _uploads(house), _allow(house)]


def _default(house: Parts) -> Command:
    @app_commands.command(name="default", description="The voice of members who have chosen none")
    @app_commands.describe(voice='Which; completes as you type. "none": the engine\'s own')
    async def default(interaction: discord.Interaction, voice: str) -> None:
        ask, requester = await admin(interaction, house)
        key = await _meant(house, requester, voice)
        ended = await ended_by(house, ask, house.registry.set_default(requester, key))
        name = await default_name(house, key, lane_of(requester))
        await house.reply(interaction, f"Who has chosen no voice speaks in {name}.{ended}")

    default.autocomplete("voice")(completed_by(_offer_default, house))
    return default


def _uploads(house: Parts) -> Command:
    @app_commands.command(name="uploads", description="Limit who may upload voices here")
    @app_commands.describe(role="Who has it may; without it everyone may")
    async def uploads(interaction: discord.Interaction, role: discord.Role | None = None) -> None:
        ask, requester = await admin(interaction, house)
        only = None if role is None or role == ask.guild.default_role else role
        await house.registry.set_uploaders(requester, None if only is None else str(only.id))
        whom = "Everyone" if only is None else f"Who has {only.mention}"
        await house.reply(interaction, f"{whom} may upload voices here.")

    return uploads


def _allow(house: Parts) -> Command:
    @app_commands.command(name="allow", description="Which cloned voices may be spoken here")
    @app_commands.describe(voices="None, those that everyone here may use, or all")
    async def allow(interaction: discord.Interaction, voices: ClonePolicy) -> None:
        ask, requester = await admin(interaction, house)
        ended = await ended_by(house, ask, house.registry.allow(requester, voices))
        await house.reply(interaction, f"{ALLOWED[voices]}{ended}")

    return allow


async def _offer_default(
    interaction: discord.Interaction, house: Parts, typed: str
) -> list[Offered]:
    if not is_admin(interaction):
        return []
    requester = requester_of(interaction)
    shared = readable(await house.registry.seen(lane_of(requester)), requester)
    offered = await offered_here(interaction, house, shared, typed, readable=shared)
    none = [Offered("none · the engine's own", NONE)] if NONE.startswith(typed) else []
    return choices.together([*none, *offered], choices.builtin(house.speech.info, typed))


async def _meant(house: Parts, requester: Requester, typed: str) -> str | None:
    """The key of the voice that is to be the default; None for the engine's own choice."""
    if typed.strip().casefold() == NONE:
        return None
    builtin = choices.builtin_id(house.speech.info, typed)
    return builtin if builtin is not None else (await find(house, requester, typed)).key
