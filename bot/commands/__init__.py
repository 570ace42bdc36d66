"""The slash commands, and the buttons and forms below our messages.

A class of commands names in `__init__` what it needs, and `bot/bootstrap.py` builds it. A command
asks the policy, makes one call, and replies. Its arguments convert and complete by themselves.

tree.py         the edge: who is let in, which method handles what, and what becomes of an error
arguments.py    voices and settings as arguments: convert what is typed, and complete
jobs.py         /say, /skip, /stop, /pause, /resume, /join, /leave, /queue, /help
voice.py        /voice upload, list, use, preview, report; Use as my voice
voice_owner.py  /voice rename, share, style, delete
voice_admin.py  /voice-admin
mydata.py       /mydata
"""
