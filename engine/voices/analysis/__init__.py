"""The analysis of one recording, in a process of its own that may fail.

__main__.py     limits itself, reads one recording, writes one answer
container.py    what a file's own bytes say, before anything decodes it; WAV
  chunks.py     formats made of parts that name their size: AIFF, AU, CAF, AVI, ASF, MP4, Matroska
  frames.py     formats made of frames: MP3, AAC, Ogg
decode.py       ffmpeg: any common format to mono sound
ffmpeg_log.py   what ffmpeg logs about a file
tracks.py       which track and channel holds the voice
stretches.py    speech, noise, level; the best stretch
fingerprint.py  the acoustic fingerprint that recognizes a recording
output.py       the stretch at the usual loudness, as WAV and as a preview
rejection.py    the one error: why a recording cannot be used, as a code
"""
