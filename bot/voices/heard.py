"""The voices of a server as those call them who may not read each name: its admins, and whoever
reports one.

Knows: what completes, which voice a typed word means. Does not know: any command, who may use it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import discord

from bot.parts import Parts
from bot.voices import choices
from bot.voices.choices import Offered, Registered
from bot.voices.moderation_text import private, who
from engine.model.errors import Refused, UnknownVoice
from engine.model.voice_names import name_key
from engine.model.voices import OPERATOR, Requester, Voice, voice_number

UNKNOWN: Final = "There is no such voice here. Choose one of those that are offered as you type."
#: Candidates that are named where a name is ambiguous.
MOST_NAMED: Final = 10


def lane_of(requester: Requester) -> str:
    """The server of who asks there."""
    assert requester.place is not None
    return requester.place


def typed_number(typed: str) -> int | None:
    """The voice's number, typed as "@12" or "#12"."""
    return voice_number(typed.strip().replace("#", "@", 1))


async def offered_here(
    interaction: discord.Interaction,
    house: Parts,
    voices: Sequence[Voice],
    typed: str,
    *,
    readable: Sequence[Voice],
    speakers: Mapping[str, str] | None = None,
) -> list[Offered]:
    """Those that fit what was typed, the best first. `readable`: who asks may read their names. Of
    the others they are told who spoke in them, where `speakers` are given, else whose they are."""
    known = {each.id for each in readable}
    whom = {
        each.id: each.owner if speakers is None or each.id in known else speakers[each.key]
        for each in voices
    }
    people = set(whom.values()) - {OPERATOR}
    names = {**await house.owners.names(interaction.guild, people), OPERATOR: "public"}

    def offered(voice: Voice) -> Registered:
        by = names[whom[voice.id]]
        if voice.id in known:
            return Registered(voice.key, voice.name, by)
        told = by if speakers is None else f"spoken by {by}"
        return Registered(voice.key, private(voice), told)

    return choices.registered(map(offered, voices), typed)


def find_here(typed: str, voices: Sequence[Voice], *, readable: Sequence[Voice]) -> Voice:
    """The one of `voices` that is meant: by its number, or by a name that who asks may read.

    Raises Refused.
    """
    number = typed_number(typed)
    wanted = name_key(typed)
    if number is not None:
        found = [each for each in voices if each.id == number]
    else:
        found = [each for each in readable if name_key(each.name) == wanted]
    if not found:
        raise UnknownVoice("no such voice on this server", user_message=UNKNOWN)
    if len(found) > 1:
        several = ", ".join(f"`@{each.id}` of {who(each.owner)}" for each in found[:MOST_NAMED])
        raise Refused(f"{len(found)} voices here are called so. Type which one: {several}.")
    return found[0]
