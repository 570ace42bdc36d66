"""Prepares text for speech: makes it safe for any engine, and cuts it into pieces. Pure.

normalize.py    turns plain words into text that any engine can speak
emoji_words.py  turns emoji into words
split.py        cuts a text into the pieces that an engine speaks one by one
boundaries.py   finds the places where a text may be cut
"""

from engine.text.normalize import normalize, speakable
from engine.text.split import Piece, split

__all__ = ["Piece", "normalize", "speakable", "split"]
