"""What every process of the product uses. Knows nothing of speech.

clock.py       time as a parameter
settings.py    every setting
data_dir.py    the data directory and its lock
logging.py     the format of the log, and which loggers it includes
error_text.py  what the log may say about an error
redaction.py   standard output and standard error with secrets hidden
events.py      changes, published to subscribers
aio.py         the first of several tasks, background tasks, work that runs to its end
"""
