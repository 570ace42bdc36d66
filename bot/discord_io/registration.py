"""Makes the commands known to Discord, only when they changed; and the link that invites the bot.

Knows: what was registered last (a small file in the data directory), scopes and permissions.
Does not know: what any command does.
"""

import hashlib
import json
from pathlib import Path
from typing import Final

import discord
import structlog
from discord import app_commands

log = structlog.get_logger(__name__)

#: All that it needs: to see the channel whose message it edits, to enter, and to be heard.
PERMISSIONS: Final = discord.Permissions(view_channel=True, connect=True, speak=True)
SCOPES: Final = ("bot", "applications.commands")


def invite_link(application_id: int) -> str:
    """The address at which somebody who manages a server adds the bot to it."""
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=SCOPES)


async def register(tree: app_commands.CommandTree[discord.Client], data_dir: Path) -> bool:
    """Register the tree's commands globally if they are not there as they are here.

    Returns whether they had to be sent. Raises discord.HTTPException.
    """
    application_id = tree.client.application_id
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
    note = {"application": application_id, "commands": digest}
    file = data_dir / "registered.json"
    if _read(file) == note:
        there = {(each.name, each.type.value) for each in await tree.fetch_commands()}
        if there == {(each["name"], each["type"]) for each in payload}:
            log.info("commands are registered as they are")
            return False
    await tree.sync()
    file.write_text(json.dumps(note), encoding="utf-8")
    log.info("commands registered", count=len(payload))
    return True


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
