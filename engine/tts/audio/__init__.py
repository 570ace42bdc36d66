"""Sound as a value.

pcm.py          samples: gain, loudness
postprocess.py  trim, resample, fade, limit, while it streams
sanity.py       whether a sound can be the speech of its text, and where its voice ends
tempo.py        faster or slower at the same pitch
opus.py         48 kHz Opus
ogg.py          Ogg pages around packets
wav.py          WAV
"""
