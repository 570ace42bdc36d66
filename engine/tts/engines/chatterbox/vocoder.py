"""From speech tokens to sound: "S3Gen", in two calls; then speed, loudness, and the watermark that
says that a machine spoke.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from engine.tts.audio.pcm import Pcm, Samples, amplitude, gain_to_speech
from engine.tts.audio.tempo import at_speed
from engine.tts.engines.chatterbox.device import RequestRng
from engine.tts.engines.chatterbox.embedding import Conditionals
from engine.tts.engines.chatterbox.models import RATE

_SILENT_TOKEN: Final = 4299
_SILENT_END: Final = 3  # such tokens, which upstream puts after what Turbo says
_TURBO_STEPS: Final = 2  # of its flow, which was distilled to two
_MOST_GAIN: Final = amplitude(18.0)  # more would raise noise, not a voice
_LEVEL_SECONDS: Final = 0.4  # the shortest sound that has a loudness


def mels(upstream: Any, tokens: Sequence[int], voice: Conditionals, rng: RequestRng) -> Any:
    """The flow: what n tokens sound like in this voice. (1, 80, 2 n)."""
    turbo = upstream.s3gen.meanflow
    spoken = [*tokens, *([_SILENT_TOKEN] * _SILENT_END if turbo else ())]
    with rng.in_place():
        return upstream.s3gen.flow_inference(
            torch.tensor(spoken, device=voice.tokens.device),
            ref_dict=voice.for_sound(),
            n_cfm_timesteps=_TURBO_STEPS if turbo else None,
            finalize=True,
        )


def waveform(upstream: Any, mels: Any, rng: RequestRng) -> Samples:
    """The vocoder."""
    s3gen = upstream.s3gen
    with rng.in_place():
        sound, _ = s3gen.hift_inference(mels.to(dtype=s3gen.dtype), None)
    # As upstream: the start may hold a remnant of the reference, so 20 ms of silence and a fade.
    fade = s3gen.trim_fade
    sound[:, : len(fade)] *= fade[: sound.shape[1]]
    samples: Samples = sound.squeeze(0).float().cpu().numpy()
    return samples


def postprocess(watermarker: Any, sound: Pcm, speed: float) -> Pcm:
    """`sound` at that speed and the standard loudness, with the watermark."""
    paced = measured = at_speed(sound, speed)
    least = round(_LEVEL_SECONDS * sound.rate)
    if 0 < len(paced.samples) < least:  # measured as if it was repeated
        measured = Pcm(np.resize(paced.samples, least), sound.rate)
    gain = min(_MOST_GAIN, max(1 / _MOST_GAIN, gain_to_speech(measured)))
    # The watermark comes last, so that nothing changes it here.
    return mark(watermarker, Pcm(paced.samples * np.float32(gain), RATE))


def mark(watermarker: Any, sound: Pcm) -> Pcm:
    """`sound` with Perth's watermark, which is inaudible and survives Opus. The length stays."""
    with torch.inference_mode():
        marked = watermarker.apply_watermark(sound.samples, sample_rate=RATE)
    marked = np.asarray(marked, np.float32)
    missing = max(0, len(sound.samples) - len(marked))
    return Pcm(np.pad(marked[: len(sound.samples)], (0, missing)), sound.rate)


def bears_mark(watermarker: Any, sound: Pcm) -> bool:
    """Whether `sound` holds the watermark."""
    with torch.inference_mode():
        return bool(watermarker.get_watermark(sound.samples, sample_rate=sound.rate).mean() > 0.5)
