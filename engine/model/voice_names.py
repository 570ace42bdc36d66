"""What a voice may be called. Pure.

Knows: characters that are seen, markup, what makes two names the same.
Does not know: who has which voice.

A name stands in messages, in completions and in the trail: it must be what it looks like there, so
nothing invisible, nothing that turns the direction of writing, and nothing that a chat would take
for markup, a mention or a path.
"""

import re
import unicodedata
from typing import Final

from engine.model.errors import BadName

MOST_CHARACTERS: Final = 32
#: Characters of a typed name, or of a file's, that are looked at. One letter may be typed as a
#: letter and three marks, so 32 are at most 128. Normalization sorts the marks on a letter, which
#: is quadratic: 8,000 of them took 0.1 s, and `public_name` of as many signs 5 s.
MOST_TYPED: Final = 256

#: Letters by their category, and still blank: fillers of Hangul, an empty pattern of Braille, and
#: marks that show nothing (Unicode's Default_Ignorable_Code_Point).
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)))
)
#: Control, format (zero width, direction), halves of surrogates, private, unassigned, line ends.
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_HALVES: Final = re.compile("[\ud800-\udfff]")
_MARKUP: Final = re.compile(r"[*`~|<>\[\]\\/]|(?<!\w)[_@]|_(?!\w)|__|^#|\.\.")


def check_name(name: str) -> str:
    """The name as it is kept. Raises BadName, which says what is wrong with it."""
    if len(name) > MOST_TYPED:
        raise _too_long(len(name))
    # Looked at before and after: what is normalized away is not to slip through either.
    for given in (name, normal := normalized(name)):
        if any(map(_unseen, given)):
            raise BadName(
                "a character of the name is not seen",
                user_message="This name has characters that cannot be seen. "
                "Type it anew, with letters, digits and spaces.",
            )
    if not any(unicodedata.category(each)[0] in "LNSP" for each in normal):
        raise BadName("an empty name", user_message="Give the voice a name that can be read.")
    if len(normal) > MOST_CHARACTERS:
        raise _too_long(len(normal))
    if _MARKUP.search(normal):
        raise BadName(
            "markup in the name",
            user_message="This name has signs that Discord would take for markup, a mention or a "
            "path. Choose one of letters, digits and spaces.",
        )
    return normal


def normalized(name: str) -> str:
    """Of one form for what looks the same, without spaces around and more than one between."""
    return re.sub(" +", " ", unicodedata.normalize("NFKC", name)).strip()


def name_key(name: str) -> str:
    """Equal for names that an owner may not have both. Of a longer name, its beginning counts."""
    # Folding can take a name out of its normal form (Unicode 15, section 3.13, D146).
    folded = unicodedata.normalize("NFKC", normalized(name[:MOST_TYPED]).casefold())
    return _HALVES.sub("\ufffd", folded)  # no name has one, and no database takes one


def public_name(stem: str) -> str:
    """The name of a voice by its file's stem, of which the beginning counts."""
    # Cut twice: one character may become eighteen.
    plain = unicodedata.normalize("NFKC", stem[:MOST_TYPED])[:MOST_TYPED]
    seen = "".join(" " if _unseen(each) else each for each in plain)
    while (clean := normalized(_MARKUP.sub(" ", seen))) != seen:
        seen = clean
    name = normalized(clean[:MOST_CHARACTERS].rstrip("_"))
    if not any(unicodedata.category(each)[0] in "LNSP" for each in name):
        return "voice"
    return name


def _too_long(length: int) -> BadName:
    return BadName(
        f"a name of {length} characters",
        user_message=f"This name has {length} characters; "
        f"at most {MOST_CHARACTERS} are kept. Choose a shorter one.",
    )


def _unseen(character: str) -> bool:
    category = unicodedata.category(character)
    blank = category == "Zs" and unicodedata.normalize("NFKC", character) != " "
    return blank or category in _UNSEEN or character in _BLANK
