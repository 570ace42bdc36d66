"""The slash commands, and the buttons and forms below our messages.

A class of commands names in `__init__` what it needs, and `bot/bootstrap.py` builds it. A command
asks the policy, makes one call, and replies. Its arguments convert and complete by themselves.

tree.py         the edge: who is let in, and what becomes of an error
components.py   which method handles which button or form
arguments.py    voices and settings as arguments: convert what is typed, and complete
actions.py      what a command and a button both do with jobs
say.py          /say
playback.py     /skip, /stop, /pause, /resume, /join, /leave
queue.py        /queue, /help
voice.py        /voice upload, list, use, preview, report; Use as my voice
voice_owner.py  /voice rename, share, style, delete
voice_admin.py  /voice-admin
mydata.py       /mydata
"""
