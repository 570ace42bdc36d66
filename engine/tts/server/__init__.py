"""The engine's process: an HTTP server around one engine.

__main__.py     the process: signals, lifeline
listening.py    where it listens
access.py       who may ask, and how
connections.py  how many clients there may be, and how long one may stall
app.py          the ASGI application
admission.py    how many requests there may be, and how much memory they may hold
unread.py       what was made and not read yet
log_limit.py    how often the log repeats a line
runner.py       the engine at work: loading, requests, memory
slots.py        which request is worked on next
voice_cache.py  the embeddings of registered voices that are held in memory
voice_files.py  … and on disk
threads.py      blocking work, awaited
"""
