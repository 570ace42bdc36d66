"""The bot's side of an engine: it starts the engine's process, watches it, asks it for sound.

engine.py      the engine as the queue needs it
supervisor.py  brings a host up, watches it, replaces it
host.py        the host in use: its HTTP client and its process
process.py     the local process: started, ended
http.py        requests to one host
fallback.py    the engine that the settings ask for; another one speaks while it is down
"""
