"""The buttons and forms of `/voice`: agree to an upload, use a voice, delete one, name one.

Knows: their custom ids. Does not know: what an upload takes, who may do what.

    mynah:voice:agree:<token>    mynah:voice:name:<token> (a form)
    mynah:voice:use:@12          mynah:voice:delete:@12
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import discord

from bot.parts import Parts
from bot.requester import requester_of
from bot.voices.upload_text import bold
from engine.model.voice_names import MOST_CHARACTERS

PREFIX: Final = "mynah:voice:"
NAME_INPUT: Final = "name"


def name_form(token: str, suggested: str) -> discord.ui.Modal:
    """The form that asks for the name of a voice."""
    form = discord.ui.Modal(title="Use as my voice", custom_id=f"{PREFIX}name:{token}")
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        label="What is the voice called?",
        custom_id=NAME_INPUT,
        default=suggested,
        max_length=MOST_CHARACTERS,
    )
    form.add_item(field)
    return form


async def pressed(interaction: discord.Interaction, house: Parts, rest: str) -> None:
    """A press, or a form that came back. Raises Refused."""
    what, _, which = rest.partition(":")
    is_form = interaction.type is discord.InteractionType.modal_submit
    if what == "name" and is_form:
        await house.uploads.named(interaction, which, _typed(interaction))
    elif what == "agree":
        await house.uploads.agreed(interaction, which)
    elif what == "use":
        await use(interaction, house, which)
    elif what == "delete":
        await _delete(interaction, house, which)


async def use(interaction: discord.Interaction, house: Parts, key: str) -> None:
    """Choose a registered voice: here, or in a direct message, everywhere."""
    requester = requester_of(interaction)
    voice = await house.registry.find(requester, key)
    await house.registry.choose(requester, voice.key, everywhere=requester.place is None)
    where = "everywhere" if requester.place is None else "on this server"
    await house.reply(interaction, f"`/say` speaks in {bold(voice.name)} {where} from now on.")


async def _delete(interaction: discord.Interaction, house: Parts, key: str) -> None:
    requester = requester_of(interaction)
    voice = await house.registry.find_own(requester.member, key)
    await interaction.response.defer()
    await house.registry.delete(requester, voice.key)
    await house.reply.rewrite(
        interaction,
        f"{bold(voice.name)} is deleted: its recording, what was derived from it, and the sound "
        "that was made in it.",
    )


def _typed(interaction: discord.Interaction) -> str:
    """What stands in the form's only field."""
    data: Mapping[str, Any] = {**(interaction.data or {})}
    for each in _walk(data.get("components", [])):
        if each.get("custom_id") == NAME_INPUT:
            return str(each.get("value", ""))
    return ""


def _walk(components: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for each in components:
        yield each
        yield from _walk(each.get("components", []))
        if "component" in each:
            yield from _walk([each["component"]])
