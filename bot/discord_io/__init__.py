"""Calls to Discord, and what comes from its gateway.

rest.py             the few REST calls on which a job depends
errors.py           Discord's error codes, and what they mean
replies.py          private answers and direct messages
ephemeral_files.py  the private files that were sent in the last minutes
gateway.py          keeps events that discord.py cannot parse from ending the client
endpoint.py         the addresses of Discord's API and gateway
registration.py     registers the commands with Discord; the invite link
"""
