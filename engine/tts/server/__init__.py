"""The engine's process: an HTTP server around one engine.

__main__.py     the process: command line, signals, lifeline
listener.py     where it listens
access.py       who may use it, and how
connections.py  how many connections there may be, and how long a client may stall one
admission.py    what clients may take: requests, slots, memory, lines of the log
app.py          the ASGI application
runner.py       the engine at work: loading, commands, running out of memory
voice_cache.py  the embeddings of registered voices, in memory
voice_files.py  … and on disk
"""
