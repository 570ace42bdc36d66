"""Calls to Discord, and what comes from its gateway.

rest.py          the few REST calls on which a job depends
errors.py        Discord's error codes, and what they mean
replies.py       private answers with their buttons and files, and direct messages
gateway.py       where Discord is; keeps events that discord.py cannot parse from ending the client
registration.py  registers the commands with Discord; the invite link
"""
