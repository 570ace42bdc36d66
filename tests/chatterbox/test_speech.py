"""Short and long texts, styles, seeds, what is tried again, what fails."""

import asyncio
import math
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import numpy as np
import pytest
import soxr
import torch

from engine.model.engine import SynthesisRequest
from engine.model.errors import OutOfMemory, SynthesisFailed
from engine.tts.audio.ogg import OggReader
from engine.tts.audio.opus import OggSound
from engine.tts.audio.pcm import SPEECH_LOUDNESS, Pcm, loudness
from engine.tts.engines.chatterbox.device import nth_seed
from engine.tts.engines.chatterbox.models import MODELS
from engine.tts.engines.chatterbox.vocoder import bears_mark, postprocess
from tests.chatterbox.speech import SENTENCE, Speaker
from tests.process import recorded
from tests.unit.test_audio_opus import decoded

# ---- texts


@pytest.mark.parametrize("text", ["a", "?", "好 🙂", "[laugh]"])
async def test_short_text_is_spoken(text: str, speaker: Speaker) -> None:
    sound = await speaker.say(text)
    assert 0.1 < len(sound) / 24_000 < 5
    assert np.abs(sound).max() > 0.05


async def test_any_length_up_to_25_characters_is_spoken(turbo: Speaker) -> None:
    text = "Wait for me there, please"
    for length in (1, 2, 3, 5, 8, 13, 21, 25):
        assert len(await turbo.say(text[:length]))


async def test_text_that_runs_past_the_length_of_the_model_is_refused(speaker: Speaker) -> None:
    with pytest.raises(SynthesisFailed) as failed:
        await speaker.say("All of this is one single text. " * 30)
    assert (failed.value.code, failed.value.fields["characters"]) == ("part-too-long", 960)


async def test_text_of_more_tokens_than_the_model_reads_is_refused(speaker: Speaker) -> None:
    """Signs are not known to take time, but they are tokens."""
    with pytest.raises(SynthesisFailed, match="exceed the model's length"):
        await speaker.say("Go " + "“”" * 1_300)


async def test_language_is_that_of_the_text_or_of_what_it_is_a_part_of(speakers: Any) -> None:
    multilingual: Speaker = speakers("multilingual")
    german = "Guten Morgen zusammen, wie geht es euch?"

    async def same(text: str, context: str) -> list[bool]:
        """Whether the context changes nothing, for each of a few seeds: one token changes
        little."""
        found = []
        for seed in range(1, 5):
            alone = await multilingual.say(text, seed=seed)
            found.append(
                np.array_equal(alone, await multilingual.say(text, seed=seed, context=context))
            )
        return found

    assert not all(await same("Ja, so ist es.", german))  # too short to tell: English, or German
    assert all(await same(german, SENTENCE))


async def test_without_a_voice_it_says_how_to_get_one(turbo: Speaker) -> None:
    request = SynthesisRequest(text=SENTENCE, voice="")
    with pytest.raises(SynthesisFailed) as failed:
        await anext(turbo.synthesizer.synthesize(request, None))
    assert failed.value.code == "no-own-voice"


# ---- seeds and styles


async def test_seed_gives_the_same_sound_every_time(speaker: Speaker) -> None:
    first = await speaker.say(seed=7)
    np.testing.assert_array_equal(first, await speaker.say(seed=7))
    other = await speaker.say(seed=8)
    assert len(first) != len(other) or not np.array_equal(first, other)
    # A style's seed is the request's.
    np.testing.assert_array_equal(first, await speaker.say(seed=8, style={"seed": 7}))
    assert len(await speaker.say(seed=-1))


#: Far enough from the defaults to change what is drawn.
CHANGED = {
    "temperature": 1.4,
    "min_p": 0.3,
    "top_p": 0.3,
    "top_k": 100,
    "cfg_weight": 1.0,
    "norm_loudness": False,
    "speed": 1.5,
}


@pytest.mark.parametrize("model", ["turbo", "original", "multilingual"])
async def test_styles_are_those_that_the_model_heeds(model: Any, speakers: Any) -> None:
    speaker: Speaker = speakers(model)
    plain = await speaker.say(seed=3)
    for setting in MODELS[model].styles:
        # A random model's speech repeats nothing: the penalty is compared with upstream's. Nor does
        # it distinguish one of a hundred inputs: exaggeration is tested below.
        if setting.name in ("seed", "repetition_penalty", "exaggeration"):
            continue
        sound = await speaker.say(seed=3, style={setting.name: CHANGED[setting.name]})
        same = len(sound) == len(plain) and np.array_equal(sound, plain)
        assert not same, setting.name


@pytest.mark.parametrize("model", ["original", "multilingual"])
async def test_exaggeration_reaches_the_model(
    model: str, speakers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker: Speaker = speakers(model)
    layer, seen = speaker.upstream.t3.cond_enc.emotion_adv_fc, []
    forward = layer.forward

    def watched(value: Any) -> Any:
        seen.append(float(value))
        return forward(value)

    monkeypatch.setattr(layer, "forward", watched)
    await asyncio.gather(
        *(speaker.say("No.", style={"exaggeration": value}) for value in (0.25, 2)),
        speaker.say("No."),
    )
    assert sorted(seen) == [0.25, 0.5, 2.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", 0.0), ("top_k", 2.5), ("speed", 3), ("norm_loudness", 1), ("seed", -1)],
)
async def test_style_out_of_range_is_refused(name: str, value: object, turbo: Speaker) -> None:
    with pytest.raises(SynthesisFailed) as failed:
        await turbo.say(style={name: value})
    assert (failed.value.code, failed.value.fields["style"]) == ("style-out-of-range", name)


async def test_speed_changes_the_length(turbo: Speaker) -> None:
    plain, fast, slow = [
        len(await turbo.say(seed=1, style={"speed": speed})) for speed in (1, 2, 0.5)
    ]
    assert fast == pytest.approx(plain / 2, rel=0.05)
    assert slow == pytest.approx(plain * 2, rel=0.05)


# ---- what comes out


async def test_mark_is_in_every_chunk_as_it_is_heard(speaker: Speaker) -> None:
    """Through postprocessing and Opus, although it comes in pieces."""
    pieces = [piece for piece in await speaker.pieces(seed=1) if len(piece.samples)]
    ogg = OggSound(24_000)
    stream = b"".join([*(ogg.feed(piece) for piece in pieces), ogg.flush()])
    heard = decoded(OggReader().feed(stream))[:, 0].astype(np.float32)
    assert bears_mark(speaker.upstream.watermarker, Pcm(heard, 48_000))
    assert len(pieces) > 1
    noise = np.random.default_rng(1).normal(0, 0.1, 72_000).astype(np.float32)
    assert not bears_mark(speaker.upstream.watermarker, Pcm(noise, 24_000))


def test_mark_is_in_each_piece_that_is_cut_from_speech(turbo: Speaker) -> None:
    """The mark is in each piece of speech. In noise, which random weights make, a second is not
    always enough."""
    words = soxr.resample(recorded.speech(), recorded.rate(), 24_000)
    marked = postprocess(turbo.upstream.watermarker, Pcm(words, 24_000), 1.0).samples
    pieces = [marked[at : at + 24_000] for at in range(0, len(marked), 24_000)]
    assert len(pieces) > 8
    for piece in pieces[:-1]:
        assert bears_mark(turbo.upstream.watermarker, Pcm(piece, 24_000))


class Vocoder:
    """Upstream's vocoder, except that its first sounds are replaced."""

    def __init__(self, upstream: Any, monkeypatch: pytest.MonkeyPatch, *instead: Any) -> None:
        self.calls = 0
        real = upstream.s3gen.hift_inference

        def infer(mels: Any, cache: Any) -> Any:
            sound, source = real(mels, cache)
            self.calls += 1
            if self.calls <= len(instead):
                sound = instead[self.calls - 1](sound)
            return sound, source

        monkeypatch.setattr(upstream.s3gen, "hift_inference", infer)


def not_a_number(sound: Any) -> Any:
    sound[:, 5000] = math.nan
    return sound


def loud(sound: Any) -> Any:
    return sound / sound.abs().max()


async def test_level_is_the_house_s(turbo: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    Vocoder(turbo.upstream, monkeypatch, loud)
    assert loudness(Pcm(await turbo.say(), 24_000)) == pytest.approx(SPEECH_LOUDNESS, abs=0.5)


async def test_what_is_no_speech_is_tried_again_with_another_seed(
    turbo: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = await turbo.say(seed=nth_seed(1, 2))
    vocoder = Vocoder(turbo.upstream, monkeypatch, not_a_number, torch.zeros_like)
    np.testing.assert_array_equal(await turbo.say(seed=1), third)
    assert vocoder.calls == 3


async def test_after_three_tries_it_says_why(
    turbo: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    vocoder = Vocoder(
        turbo.upstream, monkeypatch, not_a_number, torch.zeros_like, lambda sound: sound[:, :1000]
    )
    with pytest.raises(SynthesisFailed, match=r"NaN or infinity.*silent.*s for 35 characters"):
        await turbo.say()
    assert vocoder.calls == 3


async def test_speech_without_end_is_cut_short_and_tried_again(
    turbo: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = turbo.upstream.t3.speech_head
    calls = count_steps(turbo, monkeypatch)
    with torch.no_grad():
        bias = head.bias.clone()
        head.bias[6562] = -1000
    try:
        with pytest.raises(SynthesisFailed, match="it does not end"):
            await turbo.say("Hello there.")
    finally:
        with torch.no_grad():
            head.bias.copy_(bias)
    # Three attempts of at most 3 s and 0.3 s a character; upstream would have gone on for 40 s
    # each.
    assert len(calls) < 3 * 25 * 7


@pytest.mark.parametrize("model", ["turbo", "original"])  # the third's watch forbids it
async def test_stop_at_once_is_no_crash(
    model: str, speakers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker: Speaker = speakers(model)
    head = speaker.upstream.t3.speech_head
    forward = head.forward

    def stopping(hidden: Any) -> Any:
        logits = forward(hidden)
        logits[..., 6562] = 1000
        return logits

    monkeypatch.setattr(head, "forward", stopping)
    with pytest.raises(SynthesisFailed, match=r"it stops after|0\.1 s for 3 characters"):
        await speaker.say("Hi.")


async def test_logits_that_are_no_numbers_are_no_crash(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = speaker.upstream.t3.speech_head
    forward = head.forward
    monkeypatch.setattr(head, "forward", lambda hidden: forward(hidden) * math.nan)
    with pytest.raises(SynthesisFailed, match="not numbers"):
        await speaker.say("Hi.")


# ---- memory, turns, cancelling


async def test_out_of_memory_is_said_and_holds_nothing(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(speaker.upstream.s3gen, "flow_inference", full)
    with pytest.raises(OutOfMemory) as failed:
        await speaker.say()
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    assert failed.value.retryable
    monkeypatch.undo()
    speaker.synthesizer.free_memory()
    assert len(await speaker.say())


def count_steps(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch, fifth: Callable[[], object] = int
) -> list[int]:
    """Grows by one for each call of the model of tokens: how many tokens it read."""
    calls: list[int] = []
    forward = speaker.upstream.t3.tfmr.forward

    def counted(**more: Any) -> Any:
        calls.append(more["inputs_embeds"].shape[1])
        if len(calls) == 5:
            fifth()
        return forward(**more)

    monkeypatch.setattr(speaker.upstream.t3.tfmr, "forward", counted)
    return calls


async def test_request_that_is_closed_stops_between_two_tokens(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = asyncio.Event()
    tell = partial(asyncio.get_running_loop().call_soon_threadsafe, under_way.set)
    calls = count_steps(speaker, monkeypatch, tell)
    request = SynthesisRequest(text=SENTENCE, voice="@1")
    pieces = speaker.synthesizer.synthesize(request, speaker.low)
    first = asyncio.ensure_future(anext(pieces))
    await under_way.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await pieces.aclose()
    then = len(calls)
    await speaker.say("No.")  # it waits for the work that the model still had to do
    next_opening = next(at for at, read in enumerate(calls) if at >= then and read > 1)
    assert next_opening <= then + 1


async def test_requests_take_turns_at_the_model(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are well under way before either is done."""
    calls = count_steps(speaker, monkeypatch)
    both = [asyncio.ensure_future(speaker.say(SENTENCE, seed=seed)) for seed in (1, 2)]
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    openings = [at for at, read in enumerate(calls) if read > 1]
    await asyncio.wait(both)
    assert openings[:2] == [0, 1]


async def test_it_gives_signs_of_life_while_it_thinks(turbo: Speaker) -> None:
    others = [asyncio.ensure_future(turbo.say(seed=seed)) for seed in range(2)]
    pieces = await turbo.pieces()
    await asyncio.gather(*others)
    assert not len(pieces[0].samples)
    assert pieces[0].rate == 24_000


async def test_multilingual_leaves_no_hooks(speakers: Any) -> None:
    multilingual: Speaker = speakers("multilingual")

    def hooks() -> int:
        return sum(len(each._forward_hooks) for each in multilingual.upstream.t3.tfmr.modules())

    before = hooks()
    request = SynthesisRequest(text=SENTENCE, voice="@1")
    for seed in range(3):
        await multilingual.say(seed=seed)
    async with aclosing(multilingual.synthesizer.synthesize(request, multilingual.low)) as pieces:
        await anext(pieces)
    await multilingual.say("No.")
    assert hooks() == before
