"""Status messages: what one shows, and how often it may change.

status.py         keeps them true
render.py         what a message shows; pure
escape.py         members' text inside it
payload.py        as a message of Discord
rate_limit.py     how often a channel's messages are edited, and which edit goes first; pure
channel_locks.py  one edit at a time in a channel
access.py         how one is reached: by the bot's token, or by the interaction's
"""
