"""What an erasure does on Discord: messages are redacted, files removed, and the member is told.

    question.py    what a member reads before; pure
    redactions.py  redacts messages until none is left, also after a restart
    redactor.py    redacts one
    notifier.py    tells the member how it goes
    progress.py    how far it is, in words; pure

What is deleted on disk is the business of `engine/voices`.
"""
