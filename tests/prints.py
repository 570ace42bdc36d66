"""Fingerprints for tests that are not about sound: the same name is the same recording.

Knows: how many bits a codec changes. Does not know: how a fingerprint is computed.
"""

import hashlib

import numpy as np

from engine.voices.analysis.fingerprint import Fingerprint

FRAMES = 150  # 7.2 s
_BITS = 31
_SPEECH = np.uint32(1 << 31)


def print_named(sound: str, *, changed: float = 0.0) -> bytes:
    """`changed`: the share of bits that differ, as after a codec (0.05) or on a record player that
    runs too fast (0.2). Two names differ in half of them."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(sound.encode()).digest()[:8]))
    words = rng.integers(0, 1 << _BITS, FRAMES, dtype=np.uint32)
    flipped = rng.random((FRAMES, _BITS)) < changed
    words ^= (flipped << np.arange(_BITS, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
    return Fingerprint(words | _SPEECH, 0, FRAMES).to_bytes()
