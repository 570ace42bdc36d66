"""Voice: where the bot is, and how frames leave.

guild_voices.py     all servers: which event concerns which
guild_voice.py      one server: in which channel the bot should be, and whether it speaks there
channel_session.py  enters and leaves a channel, within the budget that all servers share
requests.py         one server's voice requests: which are pending, when the next may begin; pure
connection.py       one voice connection, used once; the signs that its path is alive
frame_sender.py     sends a lane's sound over one connection, and knows what was surely heard
frame_source.py     turns packets into 20 ms frames; never waits; pure
frame_clock.py      one thread that sends the frames of all connections
listeners.py        who can hear the bot, and what keeps it from being heard; speaking on a stage
"""
