"""The Discord front end: commands and buttons in, frames and messages out. Only it sees discord.py.

client.py         the client: start, stop, and which of Discord's events goes to which part
bootstrap.py      builds the parts in order; a class of commands is a line here
context.py        what every command and button needs to know first, read from Discord's objects
policy.py         who may do what, where; pure
submission.py     commit, answer, and only then be heard
delivery.py       the front end's note on a job
markup.py         Discord's markup to plain words; pure
timestamps.py     Discord's timestamps to words; pure
display_names.py  what members, roles and channels are called
locales/          every sentence that a person reads, as a translator edits it
commands/         the slash commands, buttons and forms: parse, ask the policy, one call, reply
discord_io/       calls to Discord, and its gateway
messages/         the status messages
erasure/          what an erasure does on Discord
voices/           voices that members give: uploads, look-ups, reports, sentences
voice/            the connection: one task a server; connect, speak, leave
"""
