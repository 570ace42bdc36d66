"""What the commands of /voice-admin have in common.

Knows: that Manage Server is asked for at every use, for Discord's own check can be changed for a
server, and is absent where the commands stand below another one; which voice a typed word means to
an admin; what a decision ended. Does not know: any command, what a decision means
(`engine/voices`).
"""

from collections.abc import Awaitable, Callable

import discord

from bot import policy
from bot.context import CommandContext, check, command_context
from bot.messages.escape import escape
from bot.parts import Parts
from bot.requester import is_admin, requester_of
from bot.voices.choices import Offered
from bot.voices.completion import Offer
from bot.voices.heard import find_here, lane_of, offered_here
from bot.voices.moderation_text import label
from engine.model.errors import UnknownJob
from engine.model.jobs import EndReason
from engine.model.voices import Requester, Voice
from engine.voices.permissions import open_to_all


async def admin(interaction: discord.Interaction, house: Parts) -> tuple[CommandContext, Requester]:
    """Who asks, if they manage the server. Raises Refused."""
    ask = await command_context(interaction, house)
    check(policy.may_administer(ask.standing))
    return ask, Requester(member=ask.actor, place=ask.lane)


def label_for(voice: Voice, requester: Requester) -> str:
    return label(voice, named=open_to_all(voice, requester.place))


async def default_name(house: Parts, key: str | None, lane: str) -> str:
    """A voice's name, where it is a default."""
    if key is None:
        return "the engine's own voice"
    voice = await house.registry.get(key)
    if voice is not None:
        return label(voice, named=open_to_all(voice, lane))
    info = house.speech.info
    named = next((each.name for each in info.voices if each.id == key), None) if info else None
    return f"**{escape(named or key, 80)}**"


async def find(house: Parts, requester: Requester, typed: str) -> Voice:
    """The voice of this server that is meant. Raises Refused."""
    voices = await house.registry.seen(lane_of(requester))
    return find_here(typed, voices, readable=readable(voices, requester))


def readable(voices: list[Voice], requester: Requester) -> list[Voice]:
    """Those whose names an admin may read: everyone there may."""
    return [each for each in voices if open_to_all(each, requester.place)]


def offer(voices_of: Callable[[Parts, Requester], Awaitable[list[Voice]]]) -> Offer:
    """What completes, of those voices; nothing for who is no admin."""

    async def offered(interaction: discord.Interaction, house: Parts, typed: str) -> list[Offered]:
        if not is_admin(interaction):
            return []
        requester = requester_of(interaction)
        voices = await voices_of(house, requester)
        known = readable(voices, requester)
        return await offered_here(interaction, house, voices, typed, readable=known)

    return offered


async def ended_by(house: Parts, ask: CommandContext, decision: Awaitable[object]) -> str:
    """Carry out a decision. Returns what it ended, as a sentence to be appended."""
    await decision
    ended = 0
    for view in ask.queue:
        try:
            job = (await house.speech.view(view.job.id)).job
        except UnknownJob:
            continue
        ended += job.ended_by is EndReason.VOICE_GONE
    if not ended:
        return ""
    return " 1 waiting job ended." if ended == 1 else f" {ended} waiting jobs ended."
