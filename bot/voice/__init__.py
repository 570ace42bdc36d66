"""Voice: where the bot is, and how frames leave.

guild_voices.py      all servers: which event concerns which
guild_voice.py       one server: where to be, whether to speak, until when
channel_session.py   in or out of a channel: entering, leaving, another voice server
retries.py           when the next try to enter may begin; pure
request_budget.py    the budget of voice requests that all servers share
pending_requests.py  which changes of its own voice state the bot asked for; pure
stage.py             from a stage's audience to its speakers
connection.py        one voice connection, used once, and the signs of life of its path
frame_sender.py      a lane's sound over one connection; what of it was surely heard
frame_source.py      from packets to 20 ms frames; never waits
frame_clock.py       the beat: one thread for every connection
listeners.py         who can hear the bot, and what keeps it from being heard
"""
