"""Voice: where the bot is, and how frames leave.

rooms.py       all servers: which event concerns which
room.py        one server: where to be, whether to speak, until when
presence.py    in or out of a channel: entering, leaving, being given another voice server
retries.py     when the next try to enter may begin; pure
requests.py    the budget of voice requests that all servers share
stage.py       from a stage's audience to its speakers
connection.py  one voice connection, used once, and the signs of life of its path
speaker.py     a lane's cues over one connection; what of them was surely heard
source.py      from cues to 20 ms frames; never waits
metronome.py   the beat: one thread for every connection
audience.py    who can hear the bot, and what keeps it from being heard
moves.py       which changes of its own voice state the bot asked for; pure
"""
