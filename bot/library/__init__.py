"""Registered voices on Discord: how one is given, named, chosen, reported. The library itself, and
who may use what, is `engine/voices`.

uploads.py    from a recording to a voice that is kept
pending.py    uploads that wait for their member's consent
fetching.py   from Discord to a file
addresses.py  which addresses are Discord's; pure
places.py     places for examinations and the like: one a member
previews.py   recordings to listen to: kept, or made once
card.py       what members read: the question, the card, the list; pure
style.py      how a voice speaks, in words; pure
presses.py    the buttons and forms of `/voice`
choices.py    voices as one types them; pure
usable.py     which one a member means: of those they may use
completion.py what completes, as Discord takes it
seen.py       which one an admin means: of those that are heard on their server
owners.py     what their owners are called
oversight.py  what admins read; pure
admins.py     what the commands of admins have in common
reports.py    told to those who can act upon them
"""
