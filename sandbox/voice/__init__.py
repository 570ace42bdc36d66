"""The voice half of a Discord on your desk: gateway version 8, UDP and end-to-end encryption.

Knows: the protocol's server side, and what a member in the channel hears. Does not know: mynah.
See README.md beside this file.
"""

from sandbox.voice.connection import VoiceConnection
from sandbox.voice.recording import HeardFrame, Recording
from sandbox.voice.server import VoiceServer

__all__ = ["HeardFrame", "Recording", "VoiceConnection", "VoiceServer"]
