"""The bot's side of an engine: it starts the engine's process, watches it, asks it for sound.

engine.py      the engine as the queue needs it
factory.py     the engine that the settings ask for
supervisor.py  brings an engine's process up, watches it, asks it for sound
host.py        the host that it has at the time
process.py     the local process: started, ended
http.py        one connection to one host
fallback.py    another engine speaks while the main one is down
"""
