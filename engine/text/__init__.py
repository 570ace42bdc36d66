"""Text before it is sound: made safe for any engine, and cut into pieces. Pure.

normalize.py    plain words to text that any engine can speak
emoji_words.py  emoji to words
split.py        a text to the pieces that an engine speaks one by one
boundaries.py   where a text may be cut
"""

from engine.text.normalize import normalize, speakable
from engine.text.split import Piece, split

__all__ = ["Piece", "normalize", "speakable", "split"]
