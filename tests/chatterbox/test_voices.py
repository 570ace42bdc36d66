"""A request brings its voice along: computed once, stored anywhere, never left on the model."""

import asyncio
import gc
import hashlib
import io
import os
import random
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import Pcm
from engine.tts.engines.chatterbox.embedding import ChatterboxEmbedding
from tests.chatterbox.speech import Speaker, recording


async def test_two_members_at_once_each_speak_in_their_own_voice(speaker: Speaker) -> None:
    low, high = await speaker.say(seed=1), await speaker.say(voice=speaker.high, seed=1)
    assert not np.array_equal(low, high)
    both = await asyncio.gather(
        *(speaker.say(voice=voice, seed=1) for voice in (speaker.low, speaker.high) * 2)
    )
    for sound, alone in zip(both, (low, high) * 2, strict=True):
        np.testing.assert_array_equal(sound, alone)


async def test_nothing_of_a_voice_stays_on_the_model(speaker: Speaker) -> None:
    await speaker.say(seed=1)
    assert speaker.upstream.conds is None


def test_voices_are_computed_without_gradients(speaker: Speaker) -> None:
    for tensor in tensors_of(speaker.low):
        assert not tensor.requires_grad
        assert tensor.grad_fn is None


def tensors_of(voice: Any) -> list[Any]:
    assert isinstance(voice, ChatterboxEmbedding)
    all_ = [voice.plain] + ([voice.levelled] if voice.levelled else [])
    return [getattr(each, name) for each in all_ for name in each.__slots__]


def living_tensors() -> tuple[int, int]:
    """How many there are, and their bytes."""
    gc.collect()
    sizes = [
        each.untyped_storage().nbytes()
        for each in gc.get_objects()
        if type(each) is torch.Tensor and each.device.type == "cpu"
    ]
    return len(sizes), sum(sizes)


def test_memory_is_flat_over_fifty_voices(speakers: Any) -> None:
    synthesizer = speakers("original").synthesizer

    def compute(number: int) -> None:
        synthesizer.embed_voice(recording(90 + 4 * number, seconds=1.5))

    for number in range(5):
        compute(number)
    process = psutil.Process()
    before, resident = living_tensors(), process.memory_info().rss
    for number in range(5, 55):
        compute(number)
    assert living_tensors() == before
    # An autograd graph that stayed would hold some 100 MB a voice; the rest belongs to the
    # allocator.
    assert process.memory_info().rss - resident < 200e6


async def test_memory_is_flat_over_many_texts(speaker: Speaker) -> None:
    await speaker.say("Yes, it is.", seed=1)
    before = living_tensors()
    for seed in range(4):
        await speaker.say("Yes, it is.", seed=seed)
    assert living_tensors() == before


def test_voice_is_small(turbo: Speaker) -> None:
    assert sum(each.nbytes for each in tensors_of(turbo.low)) < 1.5e6
    assert len(turbo.synthesizer.serialize(turbo.low)) < 1.5e6


# ---- stored on disk


async def test_voice_that_was_kept_speaks_as_before(speaker: Speaker) -> None:
    restored = speaker.synthesizer.deserialize(speaker.synthesizer.serialize(speaker.low))
    np.testing.assert_array_equal(
        await speaker.say(voice=restored, seed=2), await speaker.say(seed=2)
    )


def test_what_is_kept_is_read_without_running_it(
    turbo: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    serialized = turbo.synthesizer.serialize(turbo.low)
    load, asked = torch.load, []

    def watched(*given: Any, **more: Any) -> Any:
        asked.append(more["weights_only"])
        return load(*given, **more)

    monkeypatch.setattr(torch, "load", watched)
    turbo.synthesizer.deserialize(serialized)
    assert asked == [True]


def test_what_was_damaged_is_refused(turbo: Speaker) -> None:
    rng = random.Random(4)
    serialized = turbo.synthesizer.serialize(turbo.low)
    for _ in range(100):
        damaged = bytearray(serialized)
        damaged[rng.randrange(len(serialized))] ^= 1 << rng.randrange(8)
        with pytest.raises(ValueError, match="damaged"):
            turbo.synthesizer.deserialize(bytes(damaged))
        with pytest.raises(ValueError, match="damaged"):
            turbo.synthesizer.deserialize(serialized[: rng.randrange(len(serialized))])


@pytest.mark.parametrize("content", [os.system, {"form": 1}, [1, 2], 7])
def test_what_is_whole_but_no_voice_is_refused(turbo: Speaker, content: object) -> None:
    """Also code: it does not run."""
    file = io.BytesIO()
    torch.save(content, file)
    body = file.getvalue()
    with pytest.raises(ValueError, match=r"torch cannot read|not the parts of an embedding"):
        turbo.synthesizer.deserialize(hashlib.sha256(body).digest() + body)


def test_parts_of_another_shape_are_refused(turbo: Speaker) -> None:
    assert isinstance(turbo.low, ChatterboxEmbedding)
    plain = turbo.low.plain
    for wrong in (
        replace(plain, speaker=plain.speaker[:, :200]),
        replace(plain, prompt=plain.prompt + 6561),
        replace(plain, tokens=plain.tokens.float()),
        replace(plain, mels=plain.mels[:, :10]),
        replace(plain, timbre=plain.timbre * torch.nan),
    ):
        with pytest.raises(ValueError, match=r"speaker|prompt|tokens|mels|timbre"):
            turbo.synthesizer.deserialize(turbo.synthesizer.serialize(ChatterboxEmbedding(wrong)))


@pytest.mark.parametrize("serialized", [b"", b"PK\x03\x04", b"\x80\x04N.", b"RIFF" * 100])
def test_what_was_never_dumped_is_refused(turbo: Speaker, serialized: bytes) -> None:
    with pytest.raises(ValueError, match="no embedding"):
        turbo.synthesizer.deserialize(serialized)


def test_voice_of_another_model_is_refused(speakers: Any) -> None:
    serialized = speakers("original").synthesizer.serialize(speakers("original").low)
    with pytest.raises(ValueError, match="another version or model"):
        speakers("multilingual").synthesizer.deserialize(serialized)


# ---- recordings


def test_recording_of_five_seconds_is_too_short_for_turbo(turbo: Speaker) -> None:
    with pytest.raises(SynthesisFailed) as failed:
        turbo.synthesizer.embed_voice(recording(110, seconds=5.0))
    assert failed.value.code == "voice-too-short"
    assert failed.value.fields == {"seconds": 5.0, "above": 5.0, "engine": "Chatterbox Turbo"}
    turbo.synthesizer.embed_voice(recording(110, seconds=5.01))


def test_others_take_shorter_ones(speakers: Any) -> None:
    speakers("original").synthesizer.embed_voice(recording(110, seconds=1.5))


async def test_loudness_is_normed_unless_the_style_says_otherwise(turbo: Speaker) -> None:
    hum = recording(110)
    soft = Pcm(hum.samples * np.float32(0.05), hum.rate)
    voice = turbo.synthesizer.embed_voice(soft)
    normed = await turbo.say(voice=voice, seed=1)
    np.testing.assert_array_equal(
        normed, await turbo.say(voice=voice, seed=1, style={"norm_loudness": True})
    )
    as_it_is = await turbo.say(voice=voice, seed=1, style={"norm_loudness": False})
    assert not np.array_equal(normed, as_it_is)
