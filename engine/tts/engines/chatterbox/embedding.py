"""The embedding of a voice: what the encoders make of a recording, in memory and on disk.

Upstream calls its parts conditionals and keeps them on the model, where two requests at once were
spoken in one voice. Here they go with the request.
"""

import hashlib
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import librosa
import numpy as np
import structlog
import torch

from engine.base.error_text import own_words
from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import Pcm, Samples
from engine.tts.engines.chatterbox.models import RATE, REFERENCE_RATE, SPEECH_TOKENS, Model

log = structlog.get_logger(__name__)

_HEARD_BY_VOCODER: Final = 10  # seconds; upstream's DEC_COND_LEN
_FORM: Final = 1  # of what is serialized
_SEAL: Final = hashlib.sha256
_SEALED: Final = _SEAL().digest_size


@dataclass(frozen=True, slots=True, eq=False)
class Conditionals:
    """Upstream's word. All tensors are on the model's device; numbers are float32, tokens int64."""

    speaker: Any  # (1, 256) who speaks
    prompt: Any  # (1, n) how they speak: speech tokens of the reference, for T3
    tokens: Any  # (1, m) the same for S3Gen
    mels: Any  # (1, 2 m, 80) what these tokens sound like; may be a frame longer
    timbre: Any  # (1, 192)

    def for_sound(self) -> dict[str, Any]:
        """A new `ref_dict` for upstream, which changes the one that it gets."""
        return {
            "prompt_token": self.tokens,
            "prompt_token_len": torch.tensor([self.tokens.shape[1]], device=self.tokens.device),
            "prompt_feat": self.mels,
            "prompt_feat_len": None,
            "embedding": self.timbre,
        }

    @classmethod
    def checked(cls, parts: Mapping[str, Any], device: str, prompt: int) -> Self:
        """Raises ValueError for parts that cannot be conditionals."""
        if not isinstance(parts, dict) or parts.keys() != set(cls.__slots__):
            raise ValueError("these are not the parts of conditionals")
        mels = parts["mels"]
        for name, rows, width in (("speaker", 1, 256), ("timbre", 1, 192)):
            _expect(name, parts[name], torch.float32, (rows, width))
        for name, most in (("prompt", prompt), ("tokens", _HEARD_BY_VOCODER * 25 + 1)):
            part = parts[name]
            _expect(name, part, torch.int64, (1, None))
            if not 0 < part.shape[1] <= most or part.min() < 0 or part.max() >= SPEECH_TOKENS:
                raise ValueError(f"{name} has too many tokens, or some that are no speech tokens")
        _expect("mels", mels, torch.float32, (1, None, 80))
        if not 0 <= mels.shape[1] - 2 * parts["tokens"].shape[1] <= 1:
            raise ValueError("mels and tokens differ in length")
        return cls(**{name: part.to(device) for name, part in parts.items()})


@dataclass(frozen=True, slots=True, eq=False)
class ChatterboxEmbedding:
    """Implements SpeakerEmbedding: conditionals of the recording as it is, and levelled.

    A request to Turbo chooses by its style (`norm_loudness`); both are computed at once, so that no
    request changes what another one finds. The other models have one.
    """

    plain: Conditionals
    levelled: Conditionals | None = None

    def choose(self, *, levelled: bool) -> Conditionals:
        return self.levelled if levelled and self.levelled is not None else self.plain


def embed_voice(upstream: Any, model: Model, reference: Pcm, device: str) -> ChatterboxEmbedding:
    """Call it in the model's thread. Raises SynthesisFailed for a recording that is too short."""
    if reference.rate != RATE:
        raise ValueError(f"a reference of {reference.rate} Hz")
    if reference.seconds <= model.above_seconds:
        raise SynthesisFailed(
            f"a reference of {reference.seconds:.2f} s",
            code="voice-too-short",
            seconds=round(reference.seconds, 1),
            above=model.above_seconds,
            engine=model.title,
        )
    samples = np.ascontiguousarray(reference.samples, np.float32)
    plain = _compute(upstream, model, samples, device)
    if not any(option.name == "norm_loudness" for option in model.styles):
        return ChatterboxEmbedding(plain)
    # numpy 2 makes float64 of it, which the encoders refuse.
    level = np.asarray(upstream.norm_loudness(samples, RATE), np.float32)
    return ChatterboxEmbedding(plain, _compute(upstream, model, level, device))


def _compute(upstream: Any, model: Model, samples: Samples, device: str) -> Conditionals:
    with torch.inference_mode():
        heard = librosa.resample(samples, orig_sr=RATE, target_sr=REFERENCE_RATE)
        sound = upstream.s3gen.embed_ref(samples[: _HEARD_BY_VOCODER * RATE], RATE, device=device)
        prompt, _ = upstream.s3gen.tokenizer.forward(
            [heard[: model.heard_seconds * REFERENCE_RATE]],
            max_len=upstream.t3.hp.speech_cond_prompt_len,
        )
        speaker = upstream.ve.embeds_from_wavs([heard], sample_rate=REFERENCE_RATE)
        return Conditionals(
            speaker=torch.from_numpy(speaker).mean(axis=0, keepdim=True).to(device),
            prompt=torch.atleast_2d(prompt).to(device),
            tokens=sound["prompt_token"].to(device),
            mels=sound["prompt_feat"].to(device),
            timbre=sound["embedding"].to(device),
        )


def take_builtin(upstream: Any, device: str) -> ChatterboxEmbedding | None:
    """The voice that came with the weights, if one did. It is removed from the model."""
    came, upstream.conds = upstream.conds, None
    if came is None:
        return None
    parts = {
        "speaker": _cast(came.t3.speaker_emb, torch.float32),
        "prompt": _cast(came.t3.cond_prompt_speech_tokens, torch.int64),
        "tokens": _cast(came.gen.get("prompt_token"), torch.int64),
        "mels": _cast(came.gen.get("prompt_feat"), torch.float32),
        "timbre": _cast(came.gen.get("embedding"), torch.float32),
    }
    try:
        return ChatterboxEmbedding(
            Conditionals.checked(parts, device, upstream.t3.hp.speech_cond_prompt_len)
        )
    except ValueError as error:
        # The model speaks in every other voice.
        log.warning("the voice that came with the weights cannot be used", reason=own_words(error))
        return None


def _cast(part: Any, dtype: Any) -> Any:
    return part.to(dtype) if isinstance(part, torch.Tensor) else part


def serialize(voice: ChatterboxEmbedding, model: Model) -> bytes:
    file = io.BytesIO()
    parts = {"plain": _parts(voice.plain), "levelled": voice.levelled and _parts(voice.levelled)}
    torch.save({"form": _FORM, "model": model.engine, **parts}, file)
    body = file.getvalue()
    return _SEAL(body).digest() + body


def _parts(conditionals: Conditionals) -> dict[str, Any]:
    # A clone: a view would write all of its storage into the file.
    return {name: getattr(conditionals, name).cpu().clone() for name in Conditionals.__slots__}


def deserialize(serialized: bytes, model: Model, device: str, prompt: int) -> ChatterboxEmbedding:
    """Raises ValueError for anything that `serialize` did not make for this model. Runs no code."""
    seal, body = serialized[:_SEALED], serialized[_SEALED:]
    # For damaged bytes torch raises any error, or none.
    if seal != _SEAL(body).digest():
        raise ValueError("no embedding, or a damaged one")
    try:
        read = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:  # another version of torch wrote it
        raise ValueError(f"an embedding that torch cannot read: {error}") from error
    if not isinstance(read, dict) or read.keys() != {"form", "model", "plain", "levelled"}:
        raise ValueError("these are not the parts of an embedding")
    if read["form"] != _FORM or read["model"] != model.engine:
        raise ValueError(f"made by another version or model: {read['model']!r}")
    plain = Conditionals.checked(read["plain"], device, prompt)
    if read["levelled"] is None:
        return ChatterboxEmbedding(plain)
    return ChatterboxEmbedding(plain, Conditionals.checked(read["levelled"], device, prompt))


def _expect(name: str, part: Any, dtype: Any, shape: tuple[int | None, ...]) -> None:
    if not isinstance(part, torch.Tensor) or part.dtype != dtype or part.ndim != len(shape):
        raise ValueError(f"{name} is not a tensor of its kind")
    if any(want not in (None, found) for want, found in zip(shape, part.shape, strict=True)):
        raise ValueError(f"{name} has the shape {tuple(part.shape)}")
    if dtype.is_floating_point and not torch.isfinite(part).all():
        raise ValueError(f"{name} is not finite")
