"""From speech tokens to sound: "S3Gen", in two calls; its pace and level; and the mark that says a
machine spoke.

Knows: upstream's flow, vocoder and watermarker, the house's loudness. Does not know: texts, tries,
when it is called.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from engine.tts.audio.pcm import Pcm, Samples, amplitude, gain_to_speech
from engine.tts.audio.tempo import at_speed
from engine.tts.engines.chatterbox.conditionals import Conditionals
from engine.tts.engines.chatterbox.models import RATE
from engine.tts.engines.chatterbox.rng import RequestRng

_SILENT_TOKEN: Final = 4299
_SILENT_END: Final = 3  # such tokens that upstream puts after what Turbo says
_TURBO_STEPS: Final = 2  # of its flow, which was distilled to as many
_MOST_GAIN: Final = amplitude(18.0)
_LEVEL_SECONDS: Final = 0.4  # the shortest sound that has a loudness


def mels(upstream: Any, tokens: Sequence[int], voice: Conditionals, rng: RequestRng) -> Any:
    """The flow: what the tokens sound like in this voice. (1, 80, 2 n), with n tokens."""
    turbo = upstream.s3gen.meanflow
    spoken = [*tokens, *([_SILENT_TOKEN] * _SILENT_END if turbo else ())]
    with rng.in_place():
        return upstream.s3gen.flow_inference(
            torch.tensor(spoken, device=voice.tokens.device),
            ref_dict=voice.for_sound(),
            n_cfm_timesteps=_TURBO_STEPS if turbo else None,
            finalize=True,
        )


def wave(upstream: Any, mels: Any, rng: RequestRng) -> Samples:
    """The vocoder."""
    s3gen = upstream.s3gen
    with rng.in_place():
        sound, _ = s3gen.hift_inference(mels.to(dtype=s3gen.dtype), None)
    # Upstream's remedy for a rest of the reference at the beginning: 20 ms of silence, a fade.
    fade = s3gen.trim_fade
    sound[:, : len(fade)] *= fade[: sound.shape[1]]
    samples: Samples = sound.squeeze(0).float().cpu().numpy()
    return samples


def finish(watermarker: Any, sound: Pcm, speed: float) -> Pcm:
    """`sound` at its speed and the house's loudness, marked."""
    paced = at_speed(sound, speed)
    # The mark comes last: no other change is made to it before it leaves.
    return mark(watermarker, Pcm(paced.samples * np.float32(_gain(paced)), RATE))


def _gain(sound: Pcm) -> float:
    """What brings one chunk to the house's loudness, within 18 dB: beyond that it is no voice that
    is raised, but noise. A sound too short to have a loudness is measured as if it went on."""
    least = round(_LEVEL_SECONDS * sound.rate)
    if 0 < len(sound.samples) < least:
        sound = Pcm(np.resize(sound.samples, least), sound.rate)
    return min(_MOST_GAIN, max(1 / _MOST_GAIN, gain_to_speech(sound)))


def mark(watermarker: Any, sound: Pcm) -> Pcm:
    """`sound` with Perth's watermark, which is not heard and outlives Opus. As long as before."""
    with torch.inference_mode():
        marked = np.asarray(
            watermarker.apply_watermark(sound.samples, sample_rate=RATE), np.float32
        )
    missing = max(0, len(sound.samples) - len(marked))
    return Pcm(np.pad(marked[: len(sound.samples)], (0, missing)), sound.rate)


def bears_mark(watermarker: Any, sound: Pcm) -> bool:
    """Whether the watermark is found in `sound`."""
    with torch.inference_mode():
        return bool(watermarker.get_watermark(sound.samples, sample_rate=sound.rate).mean() > 0.5)
