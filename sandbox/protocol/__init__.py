"""Discord's side of the wire: what it accepts, what it refuses, and how it breaks on request.

errors.py         refusals, with Discord's codes
commands.py       application commands, checked and kept
components.py     buttons, selects and forms, checked
messages.py       messages, checked, sent and edited; whom they ping
interactions.py   the one answer to an interaction, and what follows it
voice_states.py   who is in which voice channel
sessions.py       sessions at the gateway, and their connections
gateway.py        the gateway's websocket, and its faults
limits.py         rate limits
faults.py         faults of REST, and the log of requests
routes.py         each path of the REST API
rest.py           the way of a REST request
cdn.py            the servers of files, and their faults
voice/            the voice server

Does not know: what a client lets a member do (`client`).
"""
