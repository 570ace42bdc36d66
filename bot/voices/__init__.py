"""Registered voices on Discord: how members give, find, choose and report them.

    uploads.py          from a recording to a registered voice
    download.py         from Discord's addresses, and no others, to a file
    work_slots.py       slots for analyses and exports: one a member
    previews.py         recordings to listen to: kept, or made once
    directory.py        which voice a member means
    choices.py          what fits a typed word, the best first; pure
    upload_text.py      what members read: the question, the card, the list; pure
    style_text.py       how a voice speaks, in words; pure
    moderation_text.py  what admins read; pure
    abuse_reports.py    reports, and who is told of them

The registry itself, and who may use what, is `engine/voices`.
"""
