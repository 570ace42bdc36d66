"""What an erasure does on Discord: redacts messages, deletes files, and tells the member.

texts.py       what a member reads before, meanwhile and afterwards; pure
redactions.py  redacts the messages that are left, also after a restart
notifier.py    tells the member how far the redactions are

`engine/voices` deletes what is on disk.
"""
