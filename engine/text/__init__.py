"""Text before it is sound: made safe for any engine, and cut into chunks. Pure.

normalize.py    plain words to what any engine can speak
emoji_words.py  emoji to words
split.py        into the pieces that an engine speaks in one go
boundaries.py   where a text may be cut
wide.py         characters of scripts without spaces
"""

from engine.text.normalize import normalize, speakable
from engine.text.split import Piece, split

__all__ = ["Piece", "normalize", "speakable", "split"]
