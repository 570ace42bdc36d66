"""Registered voices: recordings that members and the operator give, and who may use which.

registry.py            the front door: all actions, start and stop
transactions.py        what actions have in common: one transaction each, and its consequences
permissions.py         who may use which voice, and where; pure
selection.py           which voice a member speaks in
owners.py              what an owner does: register, rename, share, style, delete
styles.py              a style's values, checked by what the engine can; pure
moderation.py          what a server's admins decide; reports, the audit log
freezes.py             which voices fall under which freeze
blocklist.py           recordings that the operator has blocked everywhere
operator_voices.py     the operator's voices
operator_folder.py     the operator's files become public voices, and follow changes
erasure.py             all that is kept of a member: handed over, or deleted permanently
data_summary.py        what is kept of a member, in numbers
data_export.py         a member's data as files
pending_deletions.py   what is deleted goes from the disk
rate_limits.py         what a member may try only so often an hour
rate_limit_keys.py     the keys under which that is counted
recording_analyzer.py  which recordings are accepted, how many at once, what to advise
analysis_process.py    the bounded process that decodes recordings, started, ended and asked
analysis/              runs in that process only: ffmpeg, speech detection, loudness, fingerprints
recording_files.py     files by content hash; the operator's by name
"""
