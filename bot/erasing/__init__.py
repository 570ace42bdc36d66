"""What an erasure does on Discord: messages are blanked, files removed, and the member is told.
What is deleted on disk is `engine/voices`' own.

question.py    what is read before; pure
eraser.py      blanks messages until none is left, also after a restart
blanking.py    blanks one
sent_files.py  the private files that can still be reached
news.py        tells the member how it goes
account.py     how far it is, in words; pure
"""
