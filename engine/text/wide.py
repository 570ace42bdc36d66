"""Characters of scripts that are written without spaces: kana and ideographs.

Knows: their ranges, for use inside a pattern's brackets. Does not know: why anyone asks.
"""

from typing import Final

IDEOGRAPHIC: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
HANGUL: Final = "\uac00-\ud7ff"  # has spaces, but a syllable a character
