"""The randomness of one request: whatever it draws, nobody else's drawing changes it.

Knows: torch's generators. Does not know: what is drawn.

Tokens are drawn from a generator of the request's own. The sound's noise is drawn inside the
package, which only knows torch's global generators: they are set to the request's for that call
and back after it, one call at a time. So a request draws the very numbers that upstream draws
after `torch.manual_seed`, in the same order.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class RequestRng:
    """Two generators, as torch has them: the CPU's, and the device's if that is another one."""

    def __init__(self, seed: int, device: str) -> None:
        self._cpu = torch.Generator().manual_seed(seed)
        self._device = device
        self._own = (
            self._cpu if device == "cpu" else torch.Generator(device=device).manual_seed(seed)
        )

    def draw(self, probabilities: Any) -> Any:
        """One index by its probability. (1, V) -> (1, 1)."""
        return torch.multinomial(probabilities, num_samples=1, generator=self._own)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Stand in for torch's global generators. Only for the thread that calls the model."""
        backend = _backend(self._device)
        before = torch.get_rng_state(), backend and backend.get_rng_state()
        torch.set_rng_state(self._cpu.get_state())
        if backend:
            backend.set_rng_state(self._own.get_state())
        try:
            yield
        finally:
            self._cpu.set_state(torch.get_rng_state())
            torch.set_rng_state(before[0])
            if backend:
                self._own.set_state(backend.get_rng_state())
                backend.set_rng_state(before[1])


def nth_seed(seed: int, number: int) -> int:
    """The seed of a request's n-th try: its own for the first."""
    if number == 0:
        return seed
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _backend(device: str) -> Any:
    """The module with the device's global generator; None: the device is the CPU."""
    return {"cuda": torch.cuda, "mps": torch.mps}.get(device.partition(":")[0])
