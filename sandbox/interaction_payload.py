"""How Discord writes an interaction down: to the bot, in messages, and in answer to a callback.

Knows: which fields there are in a guild, and which in direct messages.
Does not know: what an interaction may do (`interactions`).
Source: Discord's documentation, "Receiving and Responding".
"""

from typing import TYPE_CHECKING

from sandbox.direct import OF_THE_APP
from sandbox.errors import Json

if TYPE_CHECKING:
    from sandbox.interactions import Answer, Interaction

GUILD, BOT_DM = 0, 1
_SHOWN = (4, 7)  # the answers that are messages: one with the callback, and an update


def create(interaction: "Interaction") -> Json:
    """INTERACTION_CREATE."""
    world, channel = interaction.world, interaction.channel
    data: Json = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "channel_id": str(channel.id),
        "locale": interaction.member.locale,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": channel.integration_owners,
        "attachment_size_limit": interaction.upload_limit,
        "data": interaction.data,
        **(_in_direct(interaction) if channel.of_guild is None else _in_guild(interaction)),
    }
    if interaction.pressed is not None:
        data["message"] = interaction.pressed.payload()
    return data


def _in_guild(interaction: "Interaction") -> Json:
    member, channel = interaction.member, interaction.channel
    has = channel.permissions_of(member)
    return {
        "context": GUILD,
        "guild_id": str(member.guild.id),
        "guild": {"id": str(member.guild.id), "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "member": member.payload() | {"permissions": str(int(has))},
        "channel": channel.payload() | {"permissions": str(int(has))},
        "app_permissions": str(int(channel.permissions_of(channel.bot))),
    }


def _in_direct(interaction: "Interaction") -> Json:
    return {
        "context": BOT_DM,
        "user": interaction.member.user(),
        "channel": interaction.channel.payload(),
        "app_permissions": str(int(OF_THE_APP)),
    }


def metadata(interaction: "Interaction") -> Json:
    """A message's `interaction_metadata`."""
    about: Json = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "user": interaction.member.user(),
        "authorizing_integration_owners": interaction.channel.integration_owners,
    }
    if interaction.pressed is not None:
        about["interacted_message_id"] = str(interaction.pressed.id)
    return about


def callback(interaction: "Interaction", answer: "Answer") -> Json:
    """What a callback with `with_response` is answered with."""
    about: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
    resource: Json = {"type": int(answer)}
    message = interaction.message
    if message is not None:
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
        if answer in _SHOWN:
            resource["message"] = message.payload()
    return {"interaction": about, "resource": resource}
