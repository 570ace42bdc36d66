"""Text before it is sound: made safe for any engine, and cut into chunks. Pure."""

from engine.text.normalize import normalize, speakable
from engine.text.split import Piece, split

__all__ = ["Piece", "normalize", "speakable", "split"]
