"""With the same seed, text and embedding, our sound equals upstream's, to the number.

Upstream's `generate()` runs as it is; the tests only read the inputs and outputs of its parts.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine.tts.engines.chatterbox.decoding import STOP, decoding
from engine.tts.engines.chatterbox.device import RequestRng
from engine.tts.engines.chatterbox.embedding import ChatterboxEmbedding, Conditionals
from engine.tts.engines.chatterbox.models import MODELS, RATE, SPEECH_TOKENS, ModelName
from engine.tts.engines.chatterbox.tokenizer import text_tokens
from engine.tts.engines.chatterbox.vocoder import mels, waveform
from tests.chatterbox.speech import SENTENCE, Speaker, recording

Speakers = Callable[[str], Speaker]
ALL = pytest.mark.parametrize("model", ["turbo", "original", "multilingual"])


class Overheard:
    """What upstream's `generate()` gave to its model of sound, and what came out of it."""

    def __init__(self, upstream: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tokens: list[int] = []
        self.wave = np.zeros(0, np.float32)
        inference = upstream.s3gen.inference

        def overhear(speech_tokens: Any, **more: Any) -> Any:
            self.tokens = speech_tokens.flatten().tolist()
            sound, source = inference(speech_tokens=speech_tokens, **more)
            self.wave = sound.squeeze(0).numpy().copy()
            return sound, source

        monkeypatch.setattr(upstream.s3gen, "inference", overhear)


def theirs(
    speaker: Speaker,
    text: str,
    seed: int,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    **style: Any,
) -> tuple[Overheard, Conditionals]:
    """What upstream speaks, and the conditionals that it used."""
    upstream = speaker.upstream
    soundfile.write(file, recording(110).samples, RATE, subtype="FLOAT")
    overheard = Overheard(upstream, monkeypatch)
    if level := getattr(upstream, "norm_loudness", None):  # upstream's bug with numpy 2
        monkeypatch.setattr(
            upstream, "norm_loudness", lambda *each: np.asarray(level(*each), np.float32)
        )
    upstream.prepare_conditionals(file)
    torch.manual_seed(seed)
    if upstream.t3.hp.is_multilingual:
        style["language_id"] = "en"
    try:
        upstream.generate(text, **style)
        t3, gen = upstream.conds.t3, upstream.conds.gen
        return overheard, Conditionals(
            speaker=t3.speaker_emb,
            prompt=t3.cond_prompt_speech_tokens,
            tokens=gen["prompt_token"].long(),
            mels=gen["prompt_feat"],
            timbre=gen["embedding"],
        )
    finally:
        upstream.conds = None
        for layer in getattr(upstream.t3.tfmr, "layers", ()):
            layer.self_attn._forward_hooks.clear()  # upstream leaves them there


def ours(
    speaker: Speaker, model: ModelName, text: str, seed: int, voice: Conditionals, **style: Any
) -> tuple[list[int], np.ndarray]:
    loaded = speaker.synthesizer._loaded
    assert loaded is not None
    defaults = {each.name: each.default for each in MODELS[model].styles}
    values = {name: value for name, value in (defaults | style).items() if value is not None}
    rng = RequestRng(seed, "cpu")
    with torch.inference_mode():
        way = decoding(
            loaded.upstream.t3,
            voice,
            text_tokens(loaded.upstream, loaded.punctuate(text), "en", loaded.device),
            values,
            rng,
        )
        drawn = []
        while (token := way.step()) != STOP:
            drawn.append(token)
        tokens = [token for token in drawn if token < SPEECH_TOKENS]
        sound = waveform(loaded.upstream, mels(loaded.upstream, tokens, voice, rng), rng)
    return tokens, sound


@ALL
@pytest.mark.parametrize(
    ("text", "seed"), [(SENTENCE, 3), ("No, no: wait for me there!", 4), ("Yes, it is.", 2**40)]
)
def test_tokens_and_sound_are_the_same(
    model: ModelName,
    text: str,
    seed: int,
    speakers: Speakers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speaker = speakers(model)
    their, voice = theirs(speaker, text, seed, tmp_path / "a.wav", monkeypatch)
    tokens, sound = ours(speaker, model, text, seed, voice)
    silence = [4299] * 3 if model == "turbo" else []
    assert len(tokens) > 25
    assert [*tokens, *silence] == their.tokens
    np.testing.assert_array_equal(sound, their.wave)


@pytest.mark.parametrize(
    ("model", "style"),
    [
        ("turbo", {"temperature": 1.0, "top_k": 50, "top_p": 0.8, "repetition_penalty": 1.0}),
        ("turbo", {"temperature": 2.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 2.0}),
        (
            "original",
            {"temperature": 1.0, "min_p": 0.0, "top_p": 0.7, "repetition_penalty": 1.5}
            | {"exaggeration": 1.2, "cfg_weight": 0.9},
        ),
        ("multilingual", {"temperature": 0.4, "cfg_weight": 0.2, "exaggeration": 0.25}),
    ],
)
def test_every_setting_means_what_it_means_upstream(
    model: ModelName,
    style: dict[str, float],
    speakers: Speakers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speaker = speakers(model)
    their, voice = theirs(speaker, SENTENCE, 9, tmp_path / "a.wav", monkeypatch, **style)
    tokens, sound = ours(speaker, model, SENTENCE, 9, voice, **style)
    assert tokens == [token for token in their.tokens if token != 4299 or token in tokens]
    np.testing.assert_array_equal(sound, their.wave)


@ALL
def test_conditionals_are_the_same(
    model: ModelName, speakers: Speakers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = speakers(model)
    _, theirs_ = theirs(speaker, SENTENCE, 1, tmp_path / "a.wav", monkeypatch)
    voice = speaker.synthesizer.embed_voice(recording(110))
    assert isinstance(voice, ChatterboxEmbedding)
    ours_ = voice.choose(levelled=True)
    assert torch.equal(ours_.prompt, theirs_.prompt)
    assert torch.equal(ours_.tokens, theirs_.tokens)
    for part in ("speaker", "mels", "timbre"):
        torch.testing.assert_close(getattr(ours_, part), getattr(theirs_, part))


def test_voice_of_the_weights_says_what_upstream_says_in_it(
    checkpoints: Callable[[str], Path], speakers: Speakers, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = speakers("original")
    loaded = speaker.synthesizer._loaded
    assert loaded is not None
    assert loaded.builtin is not None
    overheard = Overheard(speaker.upstream, monkeypatch)
    # As upstream loads it, where nothing removes it.
    kept = type(speaker.upstream).from_local(checkpoints("original"), "cpu").conds
    monkeypatch.setattr(speaker.upstream, "conds", kept)
    torch.manual_seed(3)
    speaker.upstream.generate(SENTENCE)
    tokens, sound = ours(speaker, "original", SENTENCE, 3, loaded.builtin.plain)
    assert len(tokens) > 25
    assert tokens == overheard.tokens
    np.testing.assert_array_equal(sound, overheard.wave)


async def test_requests_that_take_turns_draw_the_same_as_alone(turbo: Speaker) -> None:
    """No request uses the global generator, from which upstream draws."""
    alone = await turbo.say(seed=5)
    torch.manual_seed(12345)
    before = torch.get_rng_state()
    again = await turbo.say(seed=5)
    np.testing.assert_array_equal(alone, again)
    assert torch.equal(torch.get_rng_state(), before)
    other = await turbo.say(seed=6)
    assert other.shape != alone.shape or not np.array_equal(other, alone)
