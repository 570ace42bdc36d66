"""The voice that comes with the weights: members without a voice of their own speak in it."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from engine.model.engine import BuiltinVoice, SynthesisRequest
from engine.tts.engines.chatterbox import ChatterboxSynthesizer
from engine.tts.engines.chatterbox.embedding import take_builtin
from tests.chatterbox.speech import SENTENCE, Speaker


@pytest.fixture
def original(speakers: Callable[[str], Speaker]) -> Speaker:
    """Its checkpoint has one."""
    return speakers("original")


async def builtin(speaker: Speaker, *, seed: int = 1) -> np.ndarray:
    request = SynthesisRequest(text=SENTENCE, voice="default", seed=seed)
    async with aclosing(speaker.synthesizer.synthesize(request, None)) as pieces:
        return np.concatenate([piece.samples async for piece in pieces])


def test_info_has_it_once_the_weights_are_loaded(
    original: Speaker, checkpoints: Callable[[str], Path]
) -> None:
    info = original.synthesizer.describe()
    assert info.voices == (BuiltinVoice(id="default", name="Chatterbox", language="en"),)
    assert info.default_voice == "default"
    assert info.clones
    unloaded = ChatterboxSynthesizer("original", checkpoints("original"), "cpu").describe()
    assert (unloaded.voices, unloaded.default_voice) == ((), "")


def test_info_of_weights_without_one_has_none(turbo: Speaker) -> None:
    info = turbo.synthesizer.describe()
    assert (info.voices, info.default_voice) == ((), "")


async def test_it_speaks_beside_the_members(original: Speaker) -> None:
    """Each speaks in their own voice, also at once."""
    alone = await builtin(original)
    low = await original.say(seed=1)
    assert not np.array_equal(alone, low)
    both = await asyncio.gather(builtin(original), original.say(seed=1), builtin(original))
    for sound, expected in zip(both, (alone, low, alone), strict=True):
        np.testing.assert_array_equal(sound, expected)
    assert original.upstream.conds is None


def test_it_is_read_without_running_it(
    checkpoints: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    load, asked = torch.load, {}

    def watched(file: Any, **more: Any) -> Any:
        asked[Path(file).name] = more.get("weights_only")
        return load(file, **more)

    monkeypatch.setattr(torch, "load", watched)
    ChatterboxSynthesizer("original", checkpoints("original"), "cpu").load()
    assert asked["conds.pt"] is True


@pytest.mark.parametrize(
    "unfit",
    [
        {"prompt_token": None},
        {"prompt_token": torch.full((1, 100), 6561)},
        {"prompt_feat": torch.randn(1, 20, 80)},
        {"embedding": torch.full((1, 192), torch.nan)},
    ],
)
def test_unfit_one_is_left_aside(unfit: dict[str, Any]) -> None:
    manner = SimpleNamespace(
        speaker_emb=torch.randn(1, 256), cond_prompt_speech_tokens=torch.zeros(1, 100)
    )
    sound = {
        "prompt_token": torch.zeros(1, 100, dtype=torch.int32),
        "prompt_feat": torch.randn(1, 200, 80),
        "embedding": torch.randn(1, 192),
    }
    sizes = SimpleNamespace(hp=SimpleNamespace(speech_cond_prompt_len=150))
    upstream = SimpleNamespace(t3=sizes, conds=SimpleNamespace(t3=manner, gen=sound))
    assert take_builtin(upstream, "cpu") is not None
    assert upstream.conds is None
    upstream.conds = SimpleNamespace(t3=manner, gen=sound | unfit)
    assert take_builtin(upstream, "cpu") is None
    assert upstream.conds is None
