"""Synthesis: an engine behind HTTP, in a process of its own, and the bot's way to it.

In both processes:

    base.py            what every engine is, asks for and gives
    wire.py            what travels between the two, as JSON
    ogg.py             Ogg Opus: pages and packets
    installed.py       what an engine needs, and whether it is there

In the bot's:

    engines.py         the engine that the settings ask for
    client.py          brings a host up, watches it, asks it for sound
    running_host.py    the host that it has at the time
    fallback.py        a spare engine speaks while the main one is down
    child.py           the local host's process: started, ended
    link.py            one connection to one host

In the host's:

    host.py            the process: signals, lifeline
    listening.py       where it listens
    door.py            who may ask, and how
    connections.py     how many clients there may be, and how long one may stall
    application.py     the ASGI application: HTTP around one engine
    places.py          how many orders there may be, and what they may hold
    unread.py          what was made and not read yet
    seldom.py          how often the log says the same
    hosting.py         the engine at work: loading, orders, memory
    slots.py           who is worked on next
    conditioned.py     the reference voices that are held; state_files.py keeps them on disk
    threads.py         blocking work, awaited
    espeak.py          the embedded engine; espeak_library.py calls its C library
    chatterbox/        an engine that clones voices, on a GPU; it brings torch
    plausible.py       whether a sound can be its text, and where its voice ends
    tempo.py           faster or slower at the same pitch
    tone.py            an engine for tests
    handover.py        from the engine's thread to the event loop
    audio.py           sound as a value: gain, loudness
    finish.py          trim, resample, fade, limit, while it streams
    opus.py, wav.py    48 kHz Opus in Ogg; WAV
"""
