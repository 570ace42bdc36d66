"""Registers the commands with Discord, but only when they have changed; their descriptions, and the
invite link.

A small file in the data directory says what was registered last.
"""

import hashlib
import json
from pathlib import Path
from typing import Final

import discord
import structlog
from discord import app_commands

from bot.locales.catalog import Argument, label

log = structlog.get_logger(__name__)

#: The permissions that the bot needs: to see the channel of a message that it edits, to join a
#: voice channel, and to be heard there.
PERMISSIONS: Final = discord.Permissions(view_channel=True, connect=True, speak=True)
SCOPES: Final = ("bot", "applications.commands")


def invite_link(application_id: int) -> str:
    """The address where the manager of a server adds the bot to it."""
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=SCOPES)


def localized(sentence: str, **arguments: Argument) -> app_commands.locale_str:
    """The description of a command or an option: English, and the id by which a translator for
    discord.py finds it in other languages."""
    return app_commands.locale_str(label(sentence, **arguments), sentence=sentence)


async def register(tree: app_commands.CommandTree[discord.Client], data_dir: Path) -> bool:
    """Register the tree's commands globally, unless they are registered already.

    Returns whether they were sent. Raises discord.HTTPException.
    """
    application_id = tree.client.application_id
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
    registered = {"application": application_id, "commands": digest}
    file = data_dir / "registered.json"
    if _read(file) == registered:
        existing = {(each.name, each.type.value) for each in await tree.fetch_commands()}
        if existing == {(each["name"], each["type"]) for each in payload}:
            log.info("the commands are registered already")
            return False
    await tree.sync()
    file.write_text(json.dumps(registered), encoding="utf-8")
    log.info("registered the commands", count=len(payload))
    return True


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
