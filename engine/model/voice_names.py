"""The names that voices may have, and the built-in voices by name. Pure.

A name appears in messages, in completions and in the audit log, and must be there what it looks
like. So it has nothing invisible, nothing that changes the direction of writing, and nothing that a
chat takes for markup, a mention or a path.
"""

import re
import unicodedata
from typing import Final

from engine.model.engine import BuiltinVoice, EngineInfo
from engine.model.errors import BadName

MOST_CHARACTERS: Final = 32
#: Characters of a typed name, or of a file's, that are read. A letter may be typed as a letter and
#: three marks, so 32 are at most 128. Normalization sorts the marks on a letter in quadratic time:
#: 8,000 of them took 0.1 s, and `public_name` of as many signs took 5 s.
MOST_TYPED: Final = 256

#: Letters by their category that are blank: fillers of Hangul, an empty pattern of Braille, and
#: invisible marks (Unicode's Default_Ignorable_Code_Point).
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)))
)
#: Control, format (zero width, direction), halves of surrogates, private, unassigned, line ends.
_INVISIBLE: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_HALVES: Final = re.compile("[\ud800-\udfff]")
_MARKUP: Final = re.compile(r"[*`~|<>\[\]\\/]|(?<!\w)[_@]|_(?!\w)|__|^#|\.\.")


def check_name(name: str) -> str:
    """The name as it is kept. Raises BadName, whose code says what is wrong."""
    if len(name) > MOST_TYPED:
        raise _too_long(len(name))
    # Checked before and after: a character that normalization removes is not allowed either.
    for given in (name, normal := normalized(name)):
        if any(map(_invisible, given)):
            raise BadName("the name has an invisible character", code="name-invisible")
    if not any(unicodedata.category(each)[0] in "LNSP" for each in normal):
        raise BadName("an empty name", code="name-empty")
    if len(normal) > MOST_CHARACTERS:
        raise _too_long(len(normal))
    if _MARKUP.search(normal):
        raise BadName("markup in the name", code="name-markup")
    return normal


def normalized(name: str) -> str:
    """The same form for names that look the same, with single spaces between words only."""
    return re.sub(" +", " ", unicodedata.normalize("NFKC", name)).strip()


def name_key(name: str) -> str:
    """Equal for two names that one owner may not have. Of a long name the beginning counts."""
    # Folding can take a name out of its normal form (Unicode 15, section 3.13, D146).
    folded = unicodedata.normalize("NFKC", normalized(name[:MOST_TYPED]).casefold())
    return _HALVES.sub("\ufffd", folded)  # no name has one, and no database accepts one


def public_name(stem: str) -> str:
    """The name of a voice from the stem of its file's name. Of a long one the beginning counts."""
    # Cut twice: one character may become eighteen.
    plain = unicodedata.normalize("NFKC", stem[:MOST_TYPED])[:MOST_TYPED]
    seen = "".join(" " if _invisible(each) else each for each in plain)
    while (clean := normalized(_MARKUP.sub(" ", seen))) != seen:
        seen = clean
    name = normalized(clean[:MOST_CHARACTERS].rstrip("_"))
    if not any(unicodedata.category(each)[0] in "LNSP" for each in name):
        return "voice"
    return name


def built_in(info: EngineInfo | None, typed: str) -> BuiltinVoice | None:
    """The built-in voice with this id, else with this name; None while no info is known."""
    voices = () if info is None else info.voices
    wanted = name_key(typed)
    by_id = (voice for voice in voices if voice.id == typed)
    by_name = (voice for voice in voices if wanted in (name_key(voice.name), name_key(voice.id)))
    return next(by_id, None) or next(by_name, None)


def _too_long(length: int) -> BadName:
    return BadName(
        f"a name of {length} characters",
        code="name-too-long",
        characters=length,
        most=MOST_CHARACTERS,
    )


def _invisible(character: str) -> bool:
    category = unicodedata.category(character)
    blank = category == "Zs" and unicodedata.normalize("NFKC", character) != " "
    return blank or category in _INVISIBLE or character in _BLANK
