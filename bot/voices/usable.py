"""Registered voices as members name them: what completes, which one a typed word means.

Knows: where the library and the engine's own voices meet. Does not know: who may use which voice
(the library judges, at every use), any command.
"""

from collections.abc import Sequence
from typing import Final

import discord

from bot.messages.payload import builtin_name
from bot.parts import Parts
from bot.requester import requester_of
from bot.voices import choices
from bot.voices.choices import Offered, Registered
from bot.voices.upload_text import bold
from engine.model.errors import UnknownVoice
from engine.model.voices import OPERATOR, Requester, Voice, voice_number
from engine.voices.selection import AmbiguousVoice, VoiceSelection

#: What takes back a choice of a voice.
NONE: Final = ("none", "reset")


# What completes.


async def offer_usable(interaction: discord.Interaction, house: Parts, typed: str) -> list[Offered]:
    """The registered voices that the member may use here, the best first."""
    usable = await house.registry.usable(requester_of(interaction))
    return await _registered(interaction, house, usable, typed)


async def offer_own(interaction: discord.Interaction, house: Parts, typed: str) -> list[Offered]:
    """The member's own voices, the best first."""
    own = await house.registry.own(str(interaction.user.id))
    return await _registered(interaction, house, own, typed)


async def offer_all(interaction: discord.Interaction, house: Parts, typed: str) -> list[Offered]:
    """What may be used here: registered voices first, then the engine's own."""
    usable = await house.registry.usable(requester_of(interaction))
    first = await _registered(interaction, house, usable, typed)
    return choices.together(first, choices.builtin(house.speech.info, typed))


async def _registered(
    interaction: discord.Interaction, house: Parts, voices: Sequence[Voice], typed: str
) -> list[Offered]:
    member = str(interaction.user.id)
    others = {each.owner for each in voices} - {member, OPERATOR}
    known = await house.owners.names(interaction.guild, others)
    named = {**known, member: "yours", OPERATOR: "public"}
    offered = (Registered(each.key, each.name, named[each.owner]) for each in voices)
    return choices.registered(offered, typed)


# What a typed word means.


async def chosen(house: Parts, requester: Requester, typed: str | None) -> VoiceSelection:
    """What a text of this member's is spoken in here: as typed, or as chosen before.

    Raises UnknownVoice.
    """
    typed = (typed or "").strip()
    try:
        return await house.registry.chosen(requester, typed or None)
    except AmbiguousVoice as error:
        raise _which(error) from error
    except UnknownVoice as error:
        if voice_number(typed) is not None:
            raise
        raise choices.unknown(house.speech.info, typed) from error


async def find(house: Parts, requester: Requester, typed: str) -> Voice:
    """The registered voice that is meant, of those that the member may use here. Raises
    UnknownVoice."""
    try:
        return await house.registry.find(requester, typed.strip())
    except AmbiguousVoice as error:
        raise _which(error) from error


def _which(error: AmbiguousVoice) -> UnknownVoice:
    """Names of owners say more than numbers do; Discord shows those of today."""
    listed = [
        f"- `{each.key}` {bold(each.name)} · {whose(each)}"
        for each in error.candidates[: choices.MOST_CHOICES]
    ]
    words = "Several voices are called so. Choose one as you type, or type its number:"
    return UnknownVoice(str(error), user_message="\n".join([words, *listed]))


def whose(voice: Voice) -> str:
    return "public" if voice.owner == OPERATOR else f"<@{voice.owner}>"


async def name_of(house: Parts, spoken: VoiceSelection) -> str | None:
    """What a voice that the asker may use is called; None for the engine's own choice."""
    if not spoken.voice:
        return None
    if spoken.reference is None:
        return builtin_name(house.speech, spoken.voice) or spoken.voice
    voice = await house.registry.get(spoken.voice)
    return voice.name if voice is not None else None
