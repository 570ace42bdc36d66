"""A call of the model, and what its device says when it has no room.

Knows: torch's ways to say so. Does not know: what is called.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import torch

from engine.model.errors import OutOfMemory

T = TypeVar("T")

#: What torch says where it has no error of its own for it: of MPS, of the CPU.
_SAID: Final = ("out of memory", "not enough memory", "can't allocate memory")


def call(function: Callable[[], T]) -> T:
    """`function`, without gradients. Raises OutOfMemory."""
    try:
        with torch.inference_mode():
            return function()
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        if not isinstance(error, torch.OutOfMemoryError) and not any(
            words in str(error) for words in _SAID
        ):
            raise
        said = str(error)
    # Not within the block above: the error would stay attached, and hold what its frames held.
    raise OutOfMemory(
        f"the device has no memory left: {said}",
        user_message="The engine ran out of memory. Try a shorter text, or try again in a while.",
    )


def give_back(device: str) -> None:
    """Hand what torch keeps in reserve back to the device."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device.startswith("mps"):
        torch.mps.empty_cache()
