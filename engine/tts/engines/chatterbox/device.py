"""Torch's device: which one there is, calls on it, its memory, and the randomness of one request.

Tokens are drawn from a generator that belongs to the request. The sound's noise is drawn inside the
package, which only knows torch's global generators: for that call they are set to the request's and
afterwards back, one call at a time. So a request draws exactly the numbers that upstream draws
after `torch.manual_seed`, in the same order, whatever other requests draw.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import torch

from engine.model.errors import OutOfMemory, SetupError

T = TypeVar("T")

#: What torch says where it has no error class for it: on MPS, on the CPU.
_OUT_OF_MEMORY: Final = ("out of memory", "not enough memory", "can't allocate memory")


def choose_device(wanted: str) -> str:
    """Raises SetupError for a device that is not there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next((name for name, there in available.items() if there), "cpu")
    if wanted != "cpu" and not available.get(wanted.partition(":")[0], False):
        raise SetupError(
            f"MYNAH_DEVICE is {wanted!r}, and torch sees no such device here. "
            "Choose auto or cpu, or install the build of torch for it."
        )
    return wanted


def call(function: Callable[[], T]) -> T:
    """Call `function` without gradients. Raises OutOfMemory."""
    try:
        with torch.inference_mode():
            return function()
    except RuntimeError as error:  # torch.OutOfMemoryError is one
        if not isinstance(error, torch.OutOfMemoryError) and not any(
            words in str(error) for words in _OUT_OF_MEMORY
        ):
            raise
        message = str(error)
    # Not within the block above: the error would stay attached and keep what its frames held.
    raise OutOfMemory(f"the device has no memory left: {message}")


def free_memory(device: str) -> None:
    """Give the memory that torch keeps in reserve back to the device."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device.startswith("mps"):
        torch.mps.empty_cache()


class RequestRng:
    """Two generators, as torch has them: the CPU's, and the device's if that is another one."""

    def __init__(self, seed: int, device: str) -> None:
        self._cpu = self._own = torch.Generator().manual_seed(seed)
        if device != "cpu":
            self._own = torch.Generator(device=device).manual_seed(seed)
        #: The module with the device's global generator; None: the device is the CPU.
        self._backend = {"cuda": torch.cuda, "mps": torch.mps}.get(device.partition(":")[0])

    def draw(self, probabilities: Any) -> Any:
        """One index by its probability. (1, V) -> (1, 1)."""
        return torch.multinomial(probabilities, num_samples=1, generator=self._own)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Take the place of torch's global generators. Only for the thread that calls the model."""
        backend = self._backend
        before, own_before = torch.get_rng_state(), backend and backend.get_rng_state()
        torch.set_rng_state(self._cpu.get_state())
        if backend:
            backend.set_rng_state(self._own.get_state())
        try:
            yield
        finally:
            self._cpu.set_state(torch.get_rng_state())
            torch.set_rng_state(before)
            if backend:
                self._own.set_state(backend.get_rng_state())
                backend.set_rng_state(own_before)


def nth_seed(seed: int, number: int) -> int:
    """The seed of a request's attempt `number`: the request's own for number 0."""
    if number == 0:
        return seed
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
