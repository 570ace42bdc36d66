"""Sound as a value: its samples, length, level, and loudness by ITU-R BS.1770."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

#: The standard loudness of every voice, in two equal channels, in LUFS: what podcasts agreed on.
#: Speech then has about 3 dB before the limiter acts.
SPEECH_LOUDNESS: Final = -16.0

_BLOCK_SECONDS: Final = 0.4  # BS.1770-4, annex 1: blocks of 400 ms that overlap by three quarters
_STEP_SECONDS: Final = 0.1
_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0
# The two filters of K-weighting at 48 kHz (BS.1770-4, tables 1 and 2): the head, then low cut.
_K_RATE: Final = 48_000
_HEAD: Final = (1.53512485958697, -2.69169618940638, 1.19839281085285)
_K_FILTERS: Final = (
    (_HEAD, (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Pcm:
    """Mono sound: float32 samples, full scale ±1.0, and their rate in hertz.

    An empty one carries no sound: engines yield it as a sign of life.
    """

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def decibels(amplitude: float) -> float:
    """Decibels to full scale; minus infinity for silence."""
    return float(20 * np.log10(amplitude)) if amplitude > 0 else float("-inf")


def amplitude(level: float) -> float:
    """The amplitude of a level in decibels to full scale; also the factor of a gain."""
    return float(10 ** (level / 20))


def loudness(pcm: Pcm) -> float:
    """Integrated loudness in LUFS of `pcm` played in two equal channels (BS.1770-4, gated).

    The filters act on each block's spectrum instead of its samples: by Parseval's theorem the
    mean square is the same, and no loop runs over samples. Within 0.1 dB of a filter in time.
    Minus infinity for silence and for less than one block.
    """
    block, step = int(_BLOCK_SECONDS * pcm.rate), int(_STEP_SECONDS * pcm.rate)
    if len(pcm.samples) < block:
        return float("-inf")
    blocks = np.lib.stride_tricks.sliding_window_view(pcm.samples, block)[::step]
    spectrum = np.abs(np.fft.rfft(blocks, axis=1)) ** 2
    spectrum[:, 1:] *= 2  # the half of the spectrum that rfft omits
    power = spectrum @ _k_weighting(block, pcm.rate) / block**2 * 2  # two channels
    loud = power[power > 10 ** ((_ABSOLUTE_GATE + 0.691) / 10)]
    if not len(loud):
        return float("-inf")
    loud = loud[loud > 10 ** (_RELATIVE_GATE / 10) * loud.mean()]
    return float(-0.691 + 10 * np.log10(loud.mean()))


def _k_weighting(block: int, rate: int) -> NDArray[np.float64]:
    """The gain in power of the two filters at each frequency of a block's spectrum."""
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(block, 1 / rate) / _K_RATE)
    gain = np.ones(len(turn))
    for above, below in _K_FILTERS:
        gain *= np.abs(np.polyval(above[::-1], turn) / np.polyval(below[::-1], turn)) ** 2
    return gain


def gain_to_speech(sample: Pcm) -> float:
    """The factor that brings the voice in `sample` to the standard loudness; 1.0 for silence."""
    heard = loudness(sample)
    return amplitude(SPEECH_LOUDNESS - heard) if np.isfinite(heard) else 1.0
