"""The Discord front end: commands and buttons in, frames and messages out. Alone sees discord.py.

app.py           the client: start-up, wiring, shutdown
commands/        one file a group of slash commands: parse, one call, reply
buttons.py       the buttons below status messages
door.py          which uses of commands and buttons are under way
asking.py        what every command and button needs to know first
rights.py        who may do what, where; pure
standing.py      Discord's objects as the plain values that the rules judge
acts.py          what a command and a button do alike
saying.py        commit, answer, and only then be heard
rest.py          the few REST calls on which a job hangs
origin.py        the front end's note on a job
reply.py         private answers
markup.py        Discord's markup to plain words; pure. timestamps.py, names.py help it
choices.py       voices as one types them; pure
status/          the status messages
voice/           one task a server: connect, speak, leave
registration.py  makes the commands known to Discord; the invite link
discord_api.py   where Discord is
house.py         the parts, by name
"""
