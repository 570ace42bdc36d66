"""From text tokens to speech tokens, one at a time: the model of tokens, "T3".

Upstream's own loops run to their end in one call, with torch's global generator, and print. These
take one step a call and hold all that belongs to a request: so requests take turns at the model,
and a request that is cancelled simply takes no further step. With the same seed, text and
conditionals they give upstream's tokens (a test compares all three models).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any, Final

import torch
from chatterbox.models.t3.inference.alignment_stream_analyzer import AlignmentStreamAnalyzer
from chatterbox.models.t3.modules.cond_enc import T3Cond
from transformers.generation import logits_process

from engine.tts.engines.chatterbox.device import RequestRng
from engine.tts.engines.chatterbox.embedding import Conditionals
from engine.tts.engines.chatterbox.models import MOST_TOKENS

Style = Mapping[str, float]
Hook = Callable[[Any, Any, Any], None]

STOP: Final = 6562
_LEAST_WATCHED: Final = 5
_ALIGNMENT_LAYER: Final = 9  # as upstream passes it; the analyzer has its own list of layers


class NotANumber(ArithmeticError):
    """The model's logits are not numbers: nothing can be drawn from them."""


class TurboDecoding:
    """Turbo: a GPT-2 that reads the voice, the text, then its own tokens."""

    def __init__(
        self, t3: Any, voice: Conditionals, text: Any, style: Style, rng: RequestRng
    ) -> None:
        self._t3 = t3
        self._rng = rng
        self._warp = _turbo_warp(style)
        self._drawn: Any = None  # (1, n)
        self._past: Any = None
        self._text = text
        self._conditions = _conditions(voice, exaggeration=0.0)

    def step(self) -> int:
        while True:
            first = self._drawn is None
            start = self._t3.hp.start_speech_token * torch.ones_like(self._text[:, :1])
            if first:
                embeds, _ = self._t3.prepare_input_embeds(
                    t3_cond=self._conditions, text_tokens=self._text, speech_tokens=start
                )
            else:
                embeds = self._t3.speech_emb(self._drawn[:, -1:])
            out = self._t3.tfmr(inputs_embeds=embeds, past_key_values=self._past, use_cache=True)
            self._past = out.past_key_values
            logits = self._t3.speech_head(out[0][:, -1:])[:, -1, :]
            drawn = _draw(self._warp(start if first else self._drawn, logits), self._rng)
            self._drawn = drawn if first else torch.cat((self._drawn, drawn), dim=1)
            token = int(drawn)
            # Upstream ignores a stop as the very first token, and speaks on.
            if not (first and token == STOP):
                return token

    def close(self) -> None:
        self._past = None


def _turbo_warp(style: Style) -> logits_process.LogitsProcessorList:
    warp = logits_process.LogitsProcessorList()
    if style["temperature"] != 1:
        warp.append(logits_process.TemperatureLogitsWarper(style["temperature"]))
    if style["top_k"] > 0:
        warp.append(logits_process.TopKLogitsWarper(int(style["top_k"])))
    if style["top_p"] < 1:
        warp.append(logits_process.TopPLogitsWarper(style["top_p"]))
    if style["repetition_penalty"] != 1:
        warp.append(logits_process.RepetitionPenaltyLogitsProcessor(style["repetition_penalty"]))
    return warp


class GuidedDecoding:
    """Original and Multilingual: a Llama that is run twice at once, with the text and without it,
    and guided away from what it would say without it (`cfg_weight`)."""

    def __init__(
        self, t3: Any, voice: Conditionals, text: Any, style: Style, rng: RequestRng
    ) -> None:
        self._t3 = t3
        self._rng = rng
        self._style = style
        self._rows = 2 if style["cfg_weight"] > 0 else 1
        pad = torch.nn.functional.pad
        text = pad(text, (1, 0), value=t3.hp.start_text_token)
        self._text = pad(text, (0, 1), value=t3.hp.stop_text_token).expand(self._rows, -1)
        self._conditions = _conditions(voice, exaggeration=style["exaggeration"])
        start = torch.tensor([[t3.hp.start_speech_token]], device=self._text.device)
        self._drawn: Any = start  # (1, 1 + n)
        self._past: Any = None
        self._alignment: Alignment | None = None
        penalty = float(style["repetition_penalty"])
        self._repetition = logits_process.RepetitionPenaltyLogitsProcessor(penalty)
        self._min_p = logits_process.MinPLogitsWarper(min_p=style["min_p"])
        self._top_p = logits_process.TopPLogitsWarper(top_p=style["top_p"])

    def step(self) -> int:
        logits = self._logits()
        if self._alignment is not None:
            logits = self._alignment.correct(logits, int(self._drawn[0, -1]))
        logits = self._repetition(self._drawn, logits)
        if self._style["temperature"] != 1:
            logits = logits / self._style["temperature"]
        logits = self._top_p(self._drawn, self._min_p(self._drawn, logits))
        drawn = _draw(logits, self._rng)
        self._drawn = torch.cat((self._drawn, drawn), dim=1)
        return int(drawn)

    def close(self) -> None:
        self._past = self._alignment = None

    def _logits(self) -> Any:
        """(1, V): with the text, minus the share of what comes without it."""
        place = self._drawn.shape[1] - 1
        last = self._t3.speech_emb(self._drawn[:, -1:])
        embeds = last + self._t3.speech_pos_emb.get_fixed_embedding(place)
        embeds = embeds.expand(self._rows, -1, -1)
        if self._past is None:
            embeds = torch.cat((self._opening(), embeds), dim=1)
        with self._alignment.watching() if self._alignment is not None else nullcontext():
            out = self._t3.tfmr(inputs_embeds=embeds, past_key_values=self._past, use_cache=True)
        self._past = out.past_key_values
        logits = self._t3.speech_head(out.last_hidden_state)[:, -1, :]
        if self._rows == 1:
            return logits
        return logits[:1] + self._style["cfg_weight"] * (logits[:1] - logits[1:])

    def _opening(self) -> Any:
        """All that the model reads before it speaks: the voice, the text, a first start token."""
        start = self._t3.hp.start_speech_token * torch.ones_like(self._text[:, :1])
        embeds, before = self._t3.prepare_input_embeds(
            t3_cond=self._conditions,
            text_tokens=self._text,
            speech_tokens=start,
            # For any weight above 0 it empties the text of the second row.
            cfg_weight=self._style["cfg_weight"],
        )
        # Upstream's analyzer fails on texts of up to five tokens, its own marks included: "a".
        if self._t3.hp.is_multilingual and self._text.shape[1] > _LEAST_WATCHED:
            text = (before, before + self._text.shape[1])
            self._alignment = Alignment(self._t3.tfmr.layers, text, STOP)
        return embeds


class Alignment:
    """Upstream's `AlignmentStreamAnalyzer` for one request: it ends speech that leaves its text, by
    what the model attends to.

    Upstream hooks it into three layers of the model at every call and never removes the hooks: each
    later call runs all earlier ones, and they keep what they saw. Here a request's hooks are on the
    model only during its own steps, so nothing is left and no request sees another one's.
    """

    def __init__(self, layers: Any, text: tuple[int, int], stop: int) -> None:
        """`text`: where the text begins and ends in the model's input."""
        self._layers = layers
        self._hooks: list[tuple[int, Hook]] = []

        def recording(at: int) -> SimpleNamespace:
            """Passes for a layer of the model, and keeps the hook that the analyzer registers."""
            register = SimpleNamespace(
                register_forward_hook=lambda hook: self._hooks.append((at, hook))
            )
            return SimpleNamespace(self_attn=register)

        self._analyzer = AlignmentStreamAnalyzer(
            SimpleNamespace(layers=[recording(at) for at in range(len(layers))]),
            None,
            text_tokens_slice=text,
            alignment_layer_idx=_ALIGNMENT_LAYER,
            eos_idx=stop,
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Call the model within the block, for this request only."""
        with ExitStack() as registered:
            for at, hook in self._hooks:
                attention = self._layers[at].self_attn
                registered.enter_context(attention.register_forward_hook(hook))
            yield

    def correct(self, logits: Any, last: int) -> Any:
        """The logits, changed where speech must end or must not. (1, V) -> (1, V)."""
        return self._analyzer.step(logits, next_token=last)


def decoding(
    t3: Any, voice: Conditionals, text: Any, style: Style, rng: RequestRng
) -> TurboDecoding | GuidedDecoding:
    """One request's way through the model. `text`: its tokens, (1, n), on the model's device.

    `step` calls the model once and returns the next token; `STOP` after the last. It raises
    NotANumber. `close` releases what the model keeps of this request, even if something still
    refers to it.
    """
    kind = TurboDecoding if t3.is_gpt else GuidedDecoding
    return kind(t3, voice, text, style, rng)


def most_text(t3: Any) -> int:
    """How many text tokens the model can read and still speak for as long as it may."""
    if t3.is_gpt:
        return int(t3.cfg.n_positions - 2 - t3.hp.speech_cond_prompt_len - MOST_TOKENS)
    return int(t3.hp.max_text_tokens)


def _conditions(voice: Conditionals, *, exaggeration: float) -> T3Cond:
    """Upstream's form of them; a new one for each request, since upstream writes into it."""
    return T3Cond(
        speaker_emb=voice.speaker,
        cond_prompt_speech_tokens=voice.prompt,
        emotion_adv=torch.full((1, 1, 1), exaggeration, device=voice.speaker.device),
    )


def _draw(logits: Any, rng: RequestRng) -> Any:
    probabilities = torch.softmax(logits, dim=-1)
    # On CUDA, drawing from NaN makes the device unusable for this process.
    if not bool(torch.isfinite(probabilities).all()):
        raise NotANumber("the model's logits are not numbers")
    return rng.draw(probabilities)
