"""What every process of the product stands on.

clock.py          time as a parameter
settings.py       every setting
data_dir.py       the data directory and its lock
logging.py        how the log looks, and which loggers are heard
error_text.py     what the log may say of an error
output.py         standard output and standard error, with secrets hidden
redaction.py      hides secrets in a text
events.py         what changed, published to subscribers
aio.py            work that runs to its end when its caller is cancelled
child_process.py  the bounded process that decodes recordings
"""
