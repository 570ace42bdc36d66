"""A Discord voice server: gateway version 8, UDP and end-to-end encryption. See README.md.

server.py        the front door, and faults
sessions.py      who may connect
gateway.py       the websocket
connection.py    one client's session
channels.py      voice channels, and who is in them
group.py         the encrypted group of a channel
listener.py      a simulated member
recording.py     what a member hears
udp.py           datagrams
certificate.py   for TLS
wire.py          opcodes and close codes

Does not know: guilds, permissions, or the main gateway.
"""

from sandbox.protocol.voice.connection import VoiceConnection
from sandbox.protocol.voice.recording import HeardFrame, Recording
from sandbox.protocol.voice.server import VoiceServer

__all__ = ["HeardFrame", "Recording", "VoiceConnection", "VoiceServer"]
