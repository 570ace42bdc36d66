"""The Discord front end: commands and buttons in, frames and messages out. Alone sees discord.py.

app.py           the client: start-up, shutdown. furnishing.py makes the parts, house.py names them
commands/        one file a group of slash commands: parse, one call, reply
buttons.py       presses of our buttons, and forms. voice_presses.py: those of `/voice`
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
choices.py       voices as one types them; pure. voices.py: as the library knows them; owners.py:
                 what their owners are called
uploads.py       from a recording to a voice that is kept. pending.py: what waits for consent;
                 fetching.py: from Discord to a file
voice_card.py    what members read about voices; pure. voice_style.py: how one speaks
voices_here.py   voices as a server's admins see them. oversight.py: in words; reports.py: what is
                 reported
erasing.py       blanks the messages of who had their data deleted. blanking.py: one of them;
                 erasure_news.py tells the member, erasure_report.py has the words, keeping.py what
                 is kept, sent_files.py the files
status/          the status messages
voice/           one task a server: connect, speak, leave
registration.py  makes the commands known to Discord; the invite link
discord_api.py   where Discord is
"""
