"""Engines: each turns a text into sound.

base.py            what every engine is
catalog.py         which engines there are, what they need, how they are made
espeak.py          the embedded engine
espeak_library.py  calls its C library
chatterbox/        an engine that clones voices, on a GPU; it brings torch
tone.py            an engine for tests
threads.py         between an engine's threads and the event loop
"""
