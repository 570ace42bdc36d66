"""What the commands of /voice-admin have in common.

Knows: that Manage Server is asked for at every use, for Discord's own check can be changed for a
server, and is absent where the commands stand below another one; which voice a typed word means to
an admin; what a decision ended. Does not know: any command, what a decision means
(`engine/voices`).
"""

from collections.abc import Awaitable, Callable

import discord

from bot import rights
from bot.asker import asker_of, is_admin
from bot.asking import Asking, asking, check
from bot.house import House
from bot.library.choices import Offered
from bot.library.completion import Offer
from bot.library.oversight import label
from bot.library.seen import find_here, lane_of, offered_here
from bot.status.escape import escape
from engine.errors import UnknownJob
from engine.speech.jobs import EndedBy
from engine.voices.access import open_to_all
from engine.voices.voice import Asker, Voice


async def admin(interaction: discord.Interaction, house: House) -> tuple[Asking, Asker]:
    """Who asks, if they manage the server. Raises Refused."""
    ask = await asking(interaction, house)
    check(rights.may_administer(ask.standing))
    return ask, Asker(member=ask.actor, lane=ask.lane)


def label_for(voice: Voice, asker: Asker) -> str:
    return label(voice, named=open_to_all(voice, asker.lane))


async def default_name(house: House, key: str | None, lane: str) -> str:
    """A voice's name, where it is a default."""
    if key is None:
        return "the engine's own voice"
    voice = await house.library.get(key)
    if voice is not None:
        return label(voice, named=open_to_all(voice, lane))
    card = house.speech.card
    named = next((each.name for each in card.voices if each.id == key), None) if card else None
    return f"**{escape(named or key, 80)}**"


async def find(house: House, asker: Asker, typed: str) -> Voice:
    """The voice of this server that is meant. Raises Refused."""
    voices = await house.library.seen(lane_of(asker))
    return find_here(typed, voices, readable=readable(voices, asker))


def readable(voices: list[Voice], asker: Asker) -> list[Voice]:
    """Those whose names an admin may read: everyone there may."""
    return [each for each in voices if open_to_all(each, asker.lane)]


def offer(voices_of: Callable[[House, Asker], Awaitable[list[Voice]]]) -> Offer:
    """What completes, of those voices; nothing for who is no admin."""

    async def offered(interaction: discord.Interaction, house: House, typed: str) -> list[Offered]:
        if not is_admin(interaction):
            return []
        asker = asker_of(interaction)
        voices = await voices_of(house, asker)
        known = readable(voices, asker)
        return await offered_here(interaction, house, voices, typed, readable=known)

    return offered


async def ended_by(house: House, ask: Asking, decision: Awaitable[object]) -> str:
    """Carry out a decision. Returns what it ended, as a sentence to be appended."""
    await decision
    ended = 0
    for view in ask.queue:
        try:
            job = (await house.speech.view(view.job.id)).job
        except UnknownJob:
            continue
        ended += job.ended_by is EndedBy.VOICE_GONE
    if not ended:
        return ""
    return " 1 waiting job ended." if ended == 1 else f" {ended} waiting jobs ended."
