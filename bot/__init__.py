"""The Discord front end: commands and buttons in, frames and messages out. Alone sees discord.py.

app.py           the client: start-up, shutdown. furnishing.py makes the parts, house.py names them
gateway.py       what Discord sends and nobody can read
commands/        one file a group of slash commands: parse, one call, reply
buttons.py       presses of our buttons, and forms
door.py          which uses of commands and buttons are under way
asking.py        what every command and button needs to know first. asker.py: what voices need
rights.py        who may do what, where; pure
standing.py      Discord's objects as the plain values that the rules judge
acts.py          what a command and a button do alike
saying.py        commit, answer, and only then be heard
rest.py          the few REST calls on which a job hangs
origin.py        the front end's note on a job
reply.py         private answers. direct.py: a direct message
markup.py        Discord's markup to plain words; pure. timestamps.py, names.py help it
library/         voices that members give: uploads, names, choices, reports
erasing/         what an erasure does on Discord
status/          the status messages
voice/           the connection: one task a server; connect, speak, leave
registration.py  makes the commands known to Discord; the invite link
discord_api.py   where Discord is
"""
