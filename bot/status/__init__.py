"""Status messages: what one shows, and how often it may change.

render.py    what a message shows; pure. escape.py: members' text inside it
message.py   as a message of Discord's
budget.py    how often, and which edit goes first; pure. turns.py: one edit at a time in a channel
reach.py     how one is reached: by the bot's token, or by the interaction's
board.py     keeps them true
"""
