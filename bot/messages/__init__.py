"""Status messages: what one shows, and when it is edited.

status.py   keeps every status message true to its job
editor.py   when an edit is made, and which goes first: status messages and redactions
render.py   what a message shows; pure
payload.py  a rendered message as Discord's payload
"""
