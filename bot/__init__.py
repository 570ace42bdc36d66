"""The Discord front end: commands and buttons in, frames and messages out. Only it sees discord.py.

client.py         the client: start, stop, which of Discord's events goes where
bootstrap.py      makes the parts and brings them together
parts.py          the parts, by name
in_flight.py      which uses of commands and buttons are under way
context.py        what every command and button needs to know first
requester.py      who asks for a voice
policy.py         who may do what, where; pure
policy_facts.py   Discord's objects as the plain values that the policy judges
submission.py     commit, answer, and only then be heard
delivery.py       the front end's note on a job
markup.py         Discord's markup to plain words; pure
timestamps.py     Discord's timestamps to words
display_names.py  the names that a text mentions
commands/         one file a group of slash commands: parse, one call, reply
discord_io/       calls to Discord, and its gateway
messages/         the status messages
erasure/          what an erasure does on Discord
voices/           voices that members give: uploads, names, choices, reports
voice/            the connection: one task a server; connect, speak, leave
"""
