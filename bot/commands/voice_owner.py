"""/voice rename, share, style, delete: what a member does with a voice of their own.

Knows: the options, and the sentences of the answers. Does not know: the rules (the library judges).
"""

from typing import Final, Literal

import discord
from discord import app_commands

from bot.commands.kind import Command
from bot.discord_io.replies import Choice
from bot.parts import Parts
from bot.requester import is_admin, requester_of, roles_of
from bot.voices.completion import completed_by
from bot.voices.style_text import render_style
from bot.voices.upload_text import FROZEN_HERE, bold, render_reach
from bot.voices.uploads import NO_SERVER
from bot.voices.usable import offer_own
from engine.model.errors import NotAllowed, Refused
from engine.model.voices import Scope

WHAT_TO_SHARE: Final = "Say with whom: choose a `scope`, or a member to `add` or to `remove`."
NOT_ON_LISTS: Final = "A list has members: choose the scope `members`, or nobody to add or remove."


def commands(house: Parts) -> list[Command]:
    made = [_rename(house), _share(house), _style(house), _delete(house)]
    for command in made:
        command.autocomplete("voice")(completed_by(offer_own, house))
    return made


def _rename(house: Parts) -> Command:
    @app_commands.command(name="rename", description="Call a voice of yours by another name")
    @app_commands.describe(voice="A voice of yours; completes as you type", name="Its new name")
    async def rename(interaction: discord.Interaction, voice: str, name: str) -> None:
        requester = requester_of(interaction)
        own = await house.registry.find_own(requester.member, voice)
        renamed = await house.registry.rename(requester, own.key, name)
        await house.reply(interaction, f"{bold(own.name)} is called {bold(renamed.name)} now.")

    return rename


def _share(house: Parts) -> Command:
    @app_commands.command(name="share", description="Say who may use a voice of yours")
    @app_commands.describe(
        voice="A voice of yours; completes as you type",
        scope="Nobody else, the members of this server, or those on its list, wherever they are",
        add="Somebody for its list",
        remove="Somebody to take off its list",
    )
    async def share(
        interaction: discord.Interaction,
        voice: str,
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
        own = await house.registry.find_own(requester.member, voice)
        if scope == "server":
            await house.registry.check_sharing(
                requester, roles=roles_of(interaction), admin=is_admin(interaction)
            )
        shared = await house.registry.share(
            requester,
            own.key,
            Scope(scope or "members"),
            add=str(add.id) if add is not None else None,
            remove=str(remove.id) if remove is not None else None,
        )
        listed = ", ".join(f"<@{each}>" for each in sorted(shared.members)[:25])
        who = f": {listed}" if listed else ""
        words = f"{bold(shared.name)} is {render_reach(shared.scope)}{who}."
        if requester.place is not None and shared.id in await house.registry.frozen(
            requester.place
        ):
            words += f" {FROZEN_HERE}"
        await house.reply(interaction, words)

    return share


def _style(house: Parts) -> Command:
    @app_commands.command(name="style", description="See or set how a voice of yours speaks")
    @app_commands.describe(
        voice="A voice of yours; completes as you type",
        temperature="How freely it varies",
        min_p="Leave out what is less likely than this share of the likeliest",
        top_p="Choose among the likeliest that make up this share",
        top_k="Choose among so many of the likeliest",
        repetition_penalty="How much it avoids to repeat itself",
        exaggeration="How lively it speaks",
        cfg_weight="How closely it keeps to the recording's pace",
        norm_loudness="Level the recording before it is imitated",
        speed="How fast it speaks; 1 is as usual",
        pitch="How high it speaks; 1 is as usual",
        seed="The same number gives the same sound every time",
        reset="Forget all settings first",
    )
    async def style(
        interaction: discord.Interaction,
        voice: str,
        temperature: float | None = None,
        min_p: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        repetition_penalty: float | None = None,
        exaggeration: float | None = None,
        cfg_weight: float | None = None,
        norm_loudness: bool | None = None,
        speed: float | None = None,
        pitch: float | None = None,
        seed: int | None = None,
        reset: bool = False,
    ) -> None:
        typed = {
            "temperature": temperature,
            "min_p": min_p,
            "top_p": top_p,
            "top_k": top_k,
            "repetition_penalty": repetition_penalty,
            "exaggeration": exaggeration,
            "cfg_weight": cfg_weight,
            "norm_loudness": norm_loudness,
            "speed": speed,
            "pitch": pitch,
            "seed": seed,
        }
        requester = requester_of(interaction)
        own = await house.registry.find_own(requester.member, voice)
        values: dict[str, object | None] = {}
        if reset:
            values |= dict.fromkeys(own.style)
        values |= {name: value for name, value in typed.items() if value is not None}
        if values:
            own = await house.registry.style(requester, own.key, values)
        await house.reply(interaction, render_style(own, house.speech.info))

    return style


def _delete(house: Parts) -> Command:
    @app_commands.command(name="delete", description="Delete a voice of yours for good")
    @app_commands.describe(voice="A voice of yours; completes as you type")
    async def delete(interaction: discord.Interaction, voice: str) -> None:
        requester = requester_of(interaction)
        own = await house.registry.find_own(requester.member, voice)
        await house.reply(
            interaction,
            f"Delete {bold(own.name)} for good? Its recording, what was derived from it and the "
            "sound that was made in it go from my disk; what waits to be spoken in it ends.",
            choices=[Choice("Delete", f"mynah:voice:delete:{own.key}", danger=True)],
        )

    return delete
