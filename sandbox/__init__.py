"""A Discord on your desk: REST, gateway, voice gateway and UDP on loopback.

An unmodified discord.py connects to it. A test plays the members, breaks things, and listens.
It does not know the bot. `README.md` beside this file shows how to use it.
"""

from sandbox.client.member import Guild, Interaction, Member
from sandbox.client.options import NotPossible
from sandbox.model.context import User
from sandbox.model.files import Upload
from sandbox.model.guild import Channel, Role
from sandbox.model.message import Message
from sandbox.model.permissions import Permission
from sandbox.sandbox import Sandbox

__all__ = [
    "Channel",
    "Guild",
    "Interaction",
    "Member",
    "Message",
    "NotPossible",
    "Permission",
    "Role",
    "Sandbox",
    "Upload",
    "User",
]
