"""The slash commands and the buttons: a file per group; each parses, makes one call, replies.

catalog.py       all commands, added to the tree
tree.py          which servers are served, and what becomes of an error
kind.py          the type of a slash command
say.py           /say
playback.py      /skip, /stop, /pause, /resume
channel.py       /join, /leave
queue.py         /queue, /help
voice.py         /voice upload, list, use, preview
voice_owner.py   /voice rename, share, style, delete
report.py        /voice report
voice_admin.py   /voice-admin list, remove, freeze, release, audit
voice_rules.py   /voice-admin default, uploads, allow
voice_blocks.py  /voice-admin bar, unbar
mydata.py        /mydata
components.py    presses of buttons, and forms
actions.py       what a command and a button have in common
"""
