"""The analysis of one recording, in a process of its own that may fail.

__main__.py     limits on itself, one recording in, one answer out
container.py    what a file's own bytes say, before anything decodes it
  sizes.py      sizes that were never filled in
  wav.py        WAV, RF64, W64: the sound behind a plain head
  chunks.py     AIFF, AU, CAF, AVI, ASF
  boxes.py      MP4, Matroska
  frames.py     MP3, AAC, Ogg
decode.py       ffmpeg: any common format to mono sound
ffmpeg_log.py   what ffmpeg says of a file
tracks.py       which track and channel speaks
stretches.py    speech, noise, level; the best stretch
fingerprint.py  the acoustic fingerprint, by which a recording is recognized
output.py       the stretch levelled, as WAV and as a preview
rejection.py    the one error: a sentence for people
"""
