"""Reference voices: recordings that members and the operator give, and who may use which.

voice.py       what a voice is, who asks, what a server has decided; pure
library.py     the front door: all acts, start and stop
desk.py        what acts have in common: one transaction each, and its consequences
choosing.py    which voice a member speaks in
owning.py      what an owner does: register, rename, share, style, delete
counting.py    what a member may try only so often an hour
attempt_keys.py  the keys under which that is counted
governing.py   what a server's admins decide; reports, the trail
publishing.py  the operator's voices
erasing.py     all that is kept of a member: handed over, or gone for good
holding.py     what is kept of a member, in numbers
exporting.py   a member's data as files
purging.py     what is deleted goes from the disk
barring.py     recordings that the operator has barred everywhere
recognizing.py which voices fall under which freeze: recordings are recognized by their sound
likeness.py    fingerprints, computed and compared in the bounded process
access.py      who may use which voice, and where; pure
names.py       what a voice may be called; pure
builtin.py     the engine's own voices, as people type them; pure
styles.py      a style's settings, checked by what the engine can; pure
recordings.py  what may come in, how many at once, what to advise
bounded.py     the process in which a recording is decoded: limited, killed
examine/       runs in that process only: ffmpeg, speech detection, level
shelf.py       files by content hash; the operator's by name
dropped.py     the operator's files become public voices, and follow changes
"""
