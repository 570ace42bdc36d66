"""Registered voices on Discord: how one is given, named, chosen, reported.

    uploads.py          from a recording to a voice that is kept
    pending_uploads.py  uploads that wait for their member's consent
    download.py         from Discord to a file
    addresses.py        which addresses are Discord's; pure
    work_slots.py       places for analyses and exports: one a member
    previews.py         recordings to listen to: kept, or made once
    upload_text.py      what members read: the question, the card, the list; pure
    style_text.py       how a voice speaks, in words; pure
    components.py       the buttons and forms of `/voice`
    choices.py          voices as one types them; pure
    usable.py           which voice a member means
    heard.py            which voice an admin means: of those that are heard on their server
    completion.py       what completes, as Discord takes it
    owners.py           what the owners of voices are called
    moderation.py       what the commands of admins have in common
    moderation_text.py  what admins read; pure
    abuse_reports.py    told to those who can act on them

The registry itself, and who may use what, is `engine/voices`.
"""
