"""Values: jobs, voices, engines, errors. Pure; imports no other package of the project.

jobs.py          jobs, chunks and lanes, and which state may follow which
voices.py        voices, who asks for one, what a server has decided
voice_names.py   the names that voices may have; built-in voices by name
engine.py        what an engine is, and what is asked of it
errors.py        the tree of errors
audio_format.py  the format in which sound travels to Discord
ids.py           ids that come from outside
"""
