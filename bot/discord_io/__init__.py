"""Calls to Discord, and what comes from its gateway.

rest.py             the few REST calls on which a job depends
replies.py          private answers
dm.py               a direct message
ephemeral_files.py  the private files that were sent in the last minutes
gateway.py          what Discord sends and nobody can read
endpoint.py         where Discord is
registration.py     makes the commands known to Discord; the invite link
"""
