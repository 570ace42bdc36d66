"""What people do on this Discord: members, as a test plays them, and moderators.

member.py    a guild and its members, with all that a test has them do
rules.py     what Discord's own client shows a member, and what it does not let them do
options.py   what a member types, as the data of an interaction

Does not know: what the bot answers.
"""
