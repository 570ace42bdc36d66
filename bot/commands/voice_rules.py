"""/voice-admin default, uploads, allow: what the admins of a server decide about all voices on it.

Knows: the options, and the sentences of the answers. Does not know: who is an admin
(`library/admins`), what a decision means (`engine/voices`). What is done about single
voices: `voice_admin`.
"""

from typing import Final

import discord
from discord import app_commands

from bot.asker import asker_of, is_admin
from bot.commands.kind import Command
from bot.house import House
from bot.library import choices
from bot.library.admins import admin, default_name, ended_by, find, readable
from bot.library.choices import Offered
from bot.library.completion import completed_by
from bot.library.seen import lane_of, offered_here
from engine.voices.voice import Asker, Cloned

NONE: Final = "none"
ALLOWED: Final = {
    Cloned.NONE: "No cloned voice may be spoken here.",
    Cloned.SHARED: "Only cloned voices that everyone here may use may be spoken here.",
    Cloned.ALL: "All cloned voices may be spoken here, each by who may use it.",
}


def commands(house: House) -> list[Command]:
    return [_default(house), _uploads(house), _allow(house)]


def _default(house: House) -> Command:
    @app_commands.command(name="default", description="The voice of members who have chosen none")
    @app_commands.describe(voice='Which; completes as you type. "none": the engine\'s own')
    async def default(interaction: discord.Interaction, voice: str) -> None:
        ask, asker = await admin(interaction, house)
        key = await _meant(house, asker, voice)
        ended = await ended_by(house, ask, house.library.set_default(asker, key))
        name = await default_name(house, key, lane_of(asker))
        await house.reply(interaction, f"Who has chosen no voice speaks in {name}.{ended}")

    default.autocomplete("voice")(completed_by(_offer_default, house))
    return default


def _uploads(house: House) -> Command:
    @app_commands.command(name="uploads", description="Limit who may upload voices here")
    @app_commands.describe(role="Who has it may; without it everyone may")
    async def uploads(interaction: discord.Interaction, role: discord.Role | None = None) -> None:
        ask, asker = await admin(interaction, house)
        only = None if role is None or role == ask.guild.default_role else role
        await house.library.set_uploaders(asker, None if only is None else str(only.id))
        whom = "Everyone" if only is None else f"Who has {only.mention}"
        await house.reply(interaction, f"{whom} may upload voices here.")

    return uploads


def _allow(house: House) -> Command:
    @app_commands.command(name="allow", description="Which cloned voices may be spoken here")
    @app_commands.describe(voices="None, those that everyone here may use, or all")
    async def allow(interaction: discord.Interaction, voices: Cloned) -> None:
        ask, asker = await admin(interaction, house)
        ended = await ended_by(house, ask, house.library.allow(asker, voices))
        await house.reply(interaction, f"{ALLOWED[voices]}{ended}")

    return allow


async def _offer_default(
    interaction: discord.Interaction, house: House, typed: str
) -> list[Offered]:
    if not is_admin(interaction):
        return []
    asker = asker_of(interaction)
    shared = readable(await house.library.seen(lane_of(asker)), asker)
    offered = await offered_here(interaction, house, shared, typed, readable=shared)
    none = [Offered("none · the engine's own", NONE)] if NONE.startswith(typed) else []
    return choices.together([*none, *offered], choices.builtin(house.speech.card, typed))


async def _meant(house: House, asker: Asker, typed: str) -> str | None:
    """The key of the voice that is to be the default; None for the engine's own choice."""
    if typed.strip().casefold() == NONE:
        return None
    builtin = choices.builtin_id(house.speech.card, typed)
    return builtin if builtin is not None else (await find(house, asker, typed)).key
