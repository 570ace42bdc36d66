"""Engines: each turns a text into sound.

base.py            what every engine is
catalog.py         which engines there are, and whether what they need is installed
espeak.py          the embedded engine
espeak_library.py  calls its C library
chatterbox/        an engine that clones voices, on a GPU; it brings torch
tone.py            an engine for tests
thread_channel.py  from an engine's thread to the event loop
"""
