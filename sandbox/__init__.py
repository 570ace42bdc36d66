"""A Discord on your desk: REST, gateway, voice gateway and UDP on loopback.

An unmodified discord.py connects to it; a test plays the members, breaks things, and listens.
It knows nothing of the bot. `README.md` beside this file shows how to use it.
"""

from sandbox.errors import NotPossible
from sandbox.files import Upload
from sandbox.permissions import Permission
from sandbox.sandbox import Sandbox

__all__ = ["NotPossible", "Permission", "Sandbox", "Upload"]
