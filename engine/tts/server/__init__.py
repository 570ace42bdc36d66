"""The engine's process: an HTTP server around one engine.

__main__.py     the process: command line, signals, lifeline
access.py       who may use it, and how
connections.py  where it listens, how many connections there may be, how long one may stall
admission.py    what clients may take: requests, slots, memory, lines of the log
app.py          the ASGI application
runner.py       the engine at work: loading, commands, running out of memory
voice_cache.py  the embeddings of registered voices, in memory and on disk
"""
