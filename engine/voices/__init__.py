"""Registered voices: recordings from members and the operator, and who may use them.

registry.py            builds the services, starts and stops them
transactions.py        what actions have in common: one transaction each, and its consequences
permissions.py         who may use which voice, and where; pure
selection.py           which voices a member may use, and in which one they speak
directory.py           which voice is meant by what a member types; pure
owners.py              what an owner does: register, rename, share, style, delete
styles.py              a style's values, checked by what the engine can; pure
moderation.py          decisions of a server's admins, reports, the audit log
freezes.py             which voices fall under which freeze
blocklist.py           recordings that the operator has blocked everywhere
operator_voices.py     the operator's voices
operator_folder.py     makes public voices of the operator's files, and follows changes
erasure.py             counts a member's data, exports it, or deletes it permanently
data_export.py         a member's data as files
pending_deletions.py   removes deleted data from the disk
rate_limits.py         limits how often a member may try an action in an hour
uploads.py             uploads that wait for their member's consent
recording_analyzer.py  which recordings are accepted, how many at once, what to advise
analysis_process.py    starts, asks and ends the bounded process that decodes recordings
analysis/              runs in that process only: ffmpeg, speech detection, loudness, fingerprints
recording_files.py     files by content hash; the operator's by name
"""
