"""The examination of one recording, in a process of its own that may fail: `child.py`.

child.py       limits on itself, one recording in, one answer out
container.py   what a file's own bytes say, before anything decodes it
  sizes.py     sizes that were never filled in
  wav.py       WAV, RF64, W64: the sound behind a plain head
  chunks.py    AIFF, AU, CAF, AVI, ASF
  boxes.py     MP4, Matroska
  frames.py    MP3, AAC, Ogg
hearing.py     which track and channel speaks
decode.py      ffmpeg: any common format to mono sound
said.py        what ffmpeg says of a file
analysis.py    speech, noise, level; the best stretch
prints.py      the acoustic fingerprint, by which a recording is recognized
keep.py        the stretch levelled, as WAV and as a preview
unfit.py       the one error: a sentence for people
"""
