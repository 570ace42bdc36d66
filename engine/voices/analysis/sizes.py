"""What a size in a file's head is worth. Knows: what writers put there. Does not know: formats.

A program that writes into a pipe cannot go back and fill in the size. It leaves 0, or a size that
no file reaches, such as 0xFFFFFFFF (ffmpeg), 0x7FFFF000 (SoX, eSpeak) or 0x7F000000 (SoX, AIFF),
with or without the bytes of the head. Such a size is unknown, not a lie.
"""

from typing import Final

from engine.voices.analysis.rejection import incomplete

#: Writers were seen to count a padding byte or a header too many; a lie is larger.
SLACK: Final = 64  # bytes
#: From here on 32 bits hold no size of a file that an upload could be: they say "unknown".
_UNFILLED: Final = 0x7F000000
#: The same of 64 bits: -1, or the largest number, less a header.
_UNFILLED_LARGE: Final = 0x7FFF_FFFF_FFFF_0000


def is_unknown(size: int, *, bits: int = 32) -> bool:
    return size == 0 or size >= (_UNFILLED if bits == 32 else _UNFILLED_LARGE)


def within(size: int, there: int, *, bits: int = 32) -> int:
    """How many of the bytes `there` belong to a part of this size: all, where it is unknown.

    Raises Unfit where a size that was filled in reaches beyond the file: it was cut off.
    """
    if is_unknown(size, bits=bits):
        return there
    if size > there + SLACK:
        raise incomplete()
    return min(size, there)
