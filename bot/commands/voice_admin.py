"""/voice-admin: what the admins of a server decide about the voices on it.

Knows: which rule is asked before which call, which voices each command is about. Does not know: the
words of the lists (`library/oversight`), what a decision means (`engine/voices`).

Manage Server is asked for at every use: Discord's own check can be changed for a server, and is
absent where the commands stand below another one.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Final

import discord
from discord import app_commands

from bot import rights
from bot.asker import asker_of, is_admin
from bot.asking import Asking, asking, check
from bot.commands.kind import Command
from bot.house import House
from bot.library import choices
from bot.library.choices import Offered
from bot.library.completion import Offer, completed_by
from bot.library.oversight import label, open_reports, render_list, render_trail
from bot.library.seen import find_here, lane_of, offered_here, typed_number
from bot.status.escape import escape
from engine.errors import Refused, UnknownJob
from engine.speech.jobs import EndedBy
from engine.voices.access import open_to_all
from engine.voices.voice import Asker, Cloned, Scope, Voice

#: Of the trail, what is looked through for one answer.
MOST_ENTRIES: Final = 2000
NONE: Final = "none"
NOT_SHARED: Final = (
    "It is not shared with this server, so there is nothing to remove. "
    "`/voice-admin freeze` keeps it from being spoken here."
)


def commands(house: House) -> list[Command | app_commands.Group]:
    group = app_commands.Group(
        name="voice-admin",
        description="Decide about the voices on this server",
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
    )

    @group.command(name="list", description="Voices that are shared, spoken or frozen here")
    @app_commands.describe(page="Which page; the first without it")
    async def list_(
        interaction: discord.Interaction, page: app_commands.Range[int, 1, 1000] = 1
    ) -> None:
        _, asker = await admin(interaction, house)
        lane = lane_of(asker)
        voices = await house.library.seen(lane)
        trail = await house.library.audit(lane, limit=MOST_ENTRIES)
        rules = await house.library.rules(lane)
        text = render_list(
            voices,
            await house.library.frozen(lane),
            rules,
            lane=lane,
            default=await _called(house, rules.default_voice, lane),
            reports=len(open_reports(trail, [each.id for each in voices])),
            page=page,
        )
        await house.reply(interaction, text)

    @group.command(name="remove", description="End the sharing of a voice with this server")
    @app_commands.describe(voice="Which; completes as you type")
    async def remove(interaction: discord.Interaction, voice: str) -> None:
        ask, asker = await admin(interaction, house)
        found = await _find(house, asker, voice)
        if found.scope is not Scope.SERVER or not open_to_all(found, lane_of(asker)):
            raise Refused(NOT_SHARED)
        ended = await _ended(house, ask, house.library.remove(asker, found.key))
        words = f"Only its owner may use {label(found, named=True)} from now on."
        await house.reply(interaction, words + ended)

    @group.command(name="freeze", description="Keep a voice from being spoken on this server")
    @app_commands.describe(voice="Which; completes as you type")
    async def freeze(interaction: discord.Interaction, voice: str) -> None:
        ask, asker = await admin(interaction, house)
        found = await _find(house, asker, voice)
        ended = await _ended(house, ask, house.library.freeze(asker, found.key))
        words = f"Frozen: {_label(found, asker)} is not spoken on this server until "
        await house.reply(interaction, f"{words}`/voice-admin release`.{ended}")

    @group.command(name="release", description="Let a frozen voice be spoken again, or a report be")
    @app_commands.describe(voice="Which; completes as you type")
    async def release(interaction: discord.Interaction, voice: str) -> None:
        _, asker = await admin(interaction, house)
        found = await _find(house, asker, voice)
        was_frozen = found.id in await house.library.frozen(lane_of(asker))
        await house.library.release(asker, found.key)
        words = "may be spoken here again" if was_frozen else "was not frozen; reports of it close"
        await house.reply(interaction, f"Released: {_label(found, asker)} {words}.")

    @group.command(name="default", description="The voice of members who have chosen none")
    @app_commands.describe(voice='Which; completes as you type. "none": the engine\'s own')
    async def default(interaction: discord.Interaction, voice: str) -> None:
        ask, asker = await admin(interaction, house)
        key = await _default(house, asker, voice)
        ended = await _ended(house, ask, house.library.set_default(asker, key))
        called = await _called(house, key, lane_of(asker))
        await house.reply(interaction, f"Who has chosen no voice speaks in {called}.{ended}")

    @group.command(name="uploads", description="Limit who may upload voices here")
    @app_commands.describe(role="Who has it may; without it everyone may")
    async def uploads(interaction: discord.Interaction, role: discord.Role | None = None) -> None:
        ask, asker = await admin(interaction, house)
        only = None if role is None or role == ask.guild.default_role else role
        await house.library.set_uploaders(asker, None if only is None else str(only.id))
        whom = "Everyone" if only is None else f"Who has {only.mention}"
        await house.reply(interaction, f"{whom} may upload voices here.")

    @group.command(name="allow", description="Which cloned voices may be spoken here")
    @app_commands.describe(voices="None, those that everyone here may use, or all")
    async def allow(interaction: discord.Interaction, voices: Cloned) -> None:
        ask, asker = await admin(interaction, house)
        ended = await _ended(house, ask, house.library.allow(asker, voices))
        await house.reply(interaction, f"{ALLOWED[voices]}{ended}")

    @group.command(name="audit", description="Who did what to the voices here, and when")
    @app_commands.describe(
        member="Only what this member did",
        voice="Only what was done to this voice; completes as you type",
        page="Which page; the first without it",
    )
    async def audit(
        interaction: discord.Interaction,
        member: discord.User | None = None,
        voice: str | None = None,
        page: app_commands.Range[int, 1, 1000] = 1,
    ) -> None:
        _, asker = await admin(interaction, house)
        lane, actor = lane_of(asker), None if member is None else str(member.id)
        trail = await house.library.audit(lane, actor=actor, limit=MOST_ENTRIES)
        if voice is not None:
            # By its number also a voice that is gone: the trail outlives it.
            number = typed_number(voice) or (await _find(house, asker, voice)).id
            trail = [each for each in trail if each.voice_id == number]
        there = await _present(house, {each.voice_id for each in trail if each.voice_id})
        await house.reply(interaction, render_trail(trail, there, lane=lane, page=page))

    async def _seen(asker: Asker) -> list[Voice]:
        return await house.library.seen(lane_of(asker))

    async def _shared(asker: Asker) -> list[Voice]:
        voices = await _seen(asker)
        return [each for each in voices if each.scope is Scope.SERVER and each.lane == asker.lane]

    async def _thawed(asker: Asker) -> list[Voice]:
        frozen = await house.library.frozen(lane_of(asker))
        return [each for each in await _seen(asker) if each.id not in frozen]

    async def _releasable(asker: Asker) -> list[Voice]:
        lane, voices = lane_of(asker), await _seen(asker)
        trail = await house.library.audit(lane, limit=MOST_ENTRIES)
        reported = {each.voice_id for each in open_reports(trail, [each.id for each in voices])}
        frozen = await house.library.frozen(lane)
        return [each for each in voices if each.id in frozen | reported]

    offers: list[tuple[Command, Callable[[Asker], Awaitable[list[Voice]]]]] = [
        (remove, _shared),
        (freeze, _thawed),
        (release, _releasable),
        (audit, _seen),
    ]
    for command, voices_of in offers:
        command.autocomplete("voice")(completed_by(_offer(voices_of), house))

    default.autocomplete("voice")(completed_by(_offer_default, house))
    return [group]


ALLOWED: Final = {
    Cloned.NONE: "No cloned voice may be spoken here.",
    Cloned.SHARED: "Only cloned voices that everyone here may use may be spoken here.",
    Cloned.ALL: "All cloned voices may be spoken here, each by who may use it.",
}


async def admin(interaction: discord.Interaction, house: House) -> tuple[Asking, Asker]:
    """Who asks, if they manage the server. Raises Refused."""
    ask = await asking(interaction, house)
    check(rights.may_administer(ask.standing))
    return ask, Asker(member=ask.actor, lane=ask.lane)


def _label(voice: Voice, asker: Asker) -> str:
    return label(voice, named=open_to_all(voice, asker.lane))


async def _find(house: House, asker: Asker, typed: str) -> Voice:
    """The voice of this server that is meant. Raises Refused."""
    voices = await house.library.seen(lane_of(asker))
    return find_here(typed, voices, readable=_readable(voices, asker))


def _readable(voices: list[Voice], asker: Asker) -> list[Voice]:
    """Those whose names an admin may read: everyone there may."""
    return [each for each in voices if open_to_all(each, asker.lane)]


def _offer(voices_of: Callable[[Asker], Awaitable[list[Voice]]]) -> Offer:
    async def offer(interaction: discord.Interaction, house: House, typed: str) -> list[Offered]:
        if not is_admin(interaction):
            return []
        asker = asker_of(interaction)
        voices = await voices_of(asker)
        readable = _readable(voices, asker)
        return await offered_here(interaction, house, voices, typed, readable=readable)

    return offer


async def _offer_default(
    interaction: discord.Interaction, house: House, typed: str
) -> list[Offered]:
    if not is_admin(interaction):
        return []
    asker = asker_of(interaction)
    shared = _readable(await house.library.seen(lane_of(asker)), asker)
    offered = await offered_here(interaction, house, shared, typed, readable=shared)
    none = [Offered("none · the engine's own", NONE)] if NONE.startswith(typed) else []
    return choices.together([*none, *offered], choices.builtin(house.speech.card, typed))


async def _default(house: House, asker: Asker, typed: str) -> str | None:
    """The key of the voice that is to be the default; None for the engine's own choice."""
    if typed.strip().casefold() == NONE:
        return None
    builtin = choices.builtin_id(house.speech.card, typed)
    return builtin if builtin is not None else (await _find(house, asker, typed)).key


async def _called(house: House, key: str | None, lane: str) -> str:
    """A voice's name, where it is a default."""
    if key is None:
        return "the engine's own voice"
    voice = await house.library.get(key)
    if voice is not None:
        return label(voice, named=open_to_all(voice, lane))
    card = house.speech.card
    named = next((each.name for each in card.voices if each.id == key), None) if card else None
    return f"**{escape(named or key, 80)}**"


async def _present(house: House, ids: Collection[int]) -> dict[int, Voice]:
    """Those of these voices that are still there."""
    found = [await house.library.get(f"@{each}") for each in sorted(ids)]
    return {each.id: each for each in found if each is not None}


async def _ended(house: House, ask: Asking, decision: Awaitable[object]) -> str:
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
