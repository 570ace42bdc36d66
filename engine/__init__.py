"""Text to sound, durably. No Discord in here.

speech/       the queue, in the bot's process
voices/       reference voices, and who may use which
store/        the database; all SQL
text/         plain words made safe for any engine, and cut into chunks; pure
synthesis/    engines, in a process of their own, and the way to it
errors.py     the tree of errors
settings.py   every setting
clock.py      time as a parameter
feed.py       what changed, told to followers
frames.py     the format in which sound travels
ids.py        ids that come from outside
logs.py       how the log looks, and which loggers are heard
describing.py what may be written of an error
output.py     the edge of a process: standard output and standard error
redaction.py  hides secrets in a text
"""
