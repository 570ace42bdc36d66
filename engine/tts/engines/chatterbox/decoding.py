"""From a text to speech tokens, one at a time: the model of tokens, "T3".

Knows: the two kinds of it, and what each does between its logits and a token. Does not know: when
it is called, what is spoken meanwhile by others, how tokens become sound.

Upstream's own loops run to their end in one call, with torch's global generator, and print. These
take one step a call and hold all that belongs to a request: so requests take turns at the model,
and one that nobody wants any more simply takes no further step. With the same seed, text and
conditionals they give upstream's tokens (a test compares all three models).
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import torch
from chatterbox.models.t3.modules.cond_enc import T3Cond
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from engine.tts.engines.chatterbox.alignment import Alignment
from engine.tts.engines.chatterbox.conditionals import Conditionals
from engine.tts.engines.chatterbox.models import MOST_TOKENS
from engine.tts.engines.chatterbox.rng import RequestRng

Manner = Mapping[str, float]

STOP: Final = 6562
_LEAST_WATCHED: Final = 5


class NotANumber(ArithmeticError):
    """The model's logits are not numbers: nothing can be drawn from them."""


class Decoding(Protocol):
    """One request's way through the model."""

    def step(self) -> int:
        """The next token; `STOP` after the last. Calls the model once. Raises NotANumber."""
        ...

    def close(self) -> None:
        """Let go of the model's memory of this request, whoever still holds on to it."""
        ...


class TurboDecoding:
    """Turbo: a GPT-2 that reads the voice, the text, then its own tokens."""

    def __init__(
        self, t3: Any, voice: Conditionals, text: Any, manner: Manner, rng: RequestRng
    ) -> None:
        self._t3 = t3
        self._dice = rng
        self._warp = _turbo_warp(manner)
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
            drawn = _draw(self._warp(start if first else self._drawn, logits), self._dice)
            self._drawn = drawn if first else torch.cat((self._drawn, drawn), dim=1)
            token = int(drawn)
            # Upstream does not take a stop for one at the very first token, and speaks on.
            if not (first and token == STOP):
                return token

    def close(self) -> None:
        self._past = None


def _turbo_warp(manner: Manner) -> LogitsProcessorList:
    warp = LogitsProcessorList()
    if manner["temperature"] != 1:
        warp.append(TemperatureLogitsWarper(manner["temperature"]))
    if manner["top_k"] > 0:
        warp.append(TopKLogitsWarper(int(manner["top_k"])))
    if manner["top_p"] < 1:
        warp.append(TopPLogitsWarper(manner["top_p"]))
    if manner["repetition_penalty"] != 1:
        warp.append(RepetitionPenaltyLogitsProcessor(manner["repetition_penalty"]))
    return warp


class GuidedDecoding:
    """Original and Multilingual: a Llama that is run twice at once, with the text and without it,
    and guided away from what it would say without (`cfg_weight`)."""

    def __init__(
        self, t3: Any, voice: Conditionals, text: Any, manner: Manner, rng: RequestRng
    ) -> None:
        self._t3 = t3
        self._dice = rng
        self._manner = manner
        self._rows = 2 if manner["cfg_weight"] > 0 else 1
        pad = torch.nn.functional.pad
        text = pad(text, (1, 0), value=t3.hp.start_text_token)
        self._text = pad(text, (0, 1), value=t3.hp.stop_text_token).expand(self._rows, -1)
        self._conditions = _conditions(voice, exaggeration=manner["exaggeration"])
        start = torch.tensor([[t3.hp.start_speech_token]], device=self._text.device)
        self._drawn: Any = start  # (1, 1 + n)
        self._past: Any = None
        self._alignment: Alignment | None = None
        self._repetition = RepetitionPenaltyLogitsProcessor(float(manner["repetition_penalty"]))
        self._min_p = MinPLogitsWarper(min_p=manner["min_p"])
        self._top_p = TopPLogitsWarper(top_p=manner["top_p"])

    def step(self) -> int:
        logits = self._logits()
        if self._alignment is not None:
            logits = self._alignment.judge(logits, int(self._drawn[0, -1]))
        logits = self._repetition(self._drawn, logits)
        if self._manner["temperature"] != 1:
            logits = logits / self._manner["temperature"]
        logits = self._top_p(self._drawn, self._min_p(self._drawn, logits))
        drawn = _draw(logits, self._dice)
        self._drawn = torch.cat((self._drawn, drawn), dim=1)
        return int(drawn)

    def close(self) -> None:
        self._past = self._alignment = None

    def _logits(self) -> Any:
        """(1, V), of the text with what it is without taken off."""
        place = self._drawn.shape[1] - 1
        last = self._t3.speech_emb(self._drawn[:, -1:])
        embeds = last + self._t3.speech_pos_emb.get_fixed_embedding(place)
        embeds = embeds.expand(self._rows, -1, -1)
        if self._past is None:
            embeds = torch.cat((self._opening(), embeds), dim=1)
        if self._alignment is None:
            out = self._t3.tfmr(inputs_embeds=embeds, past_key_values=self._past, use_cache=True)
        else:
            with self._alignment.watching():
                out = self._t3.tfmr(
                    inputs_embeds=embeds, past_key_values=self._past, use_cache=True
                )
        self._past = out.past_key_values
        logits = self._t3.speech_head(out.last_hidden_state)[:, -1, :]
        if self._rows == 1:
            return logits
        return logits[:1] + self._manner["cfg_weight"] * (logits[:1] - logits[1:])

    def _opening(self) -> Any:
        """All that the model reads before it speaks: the voice, the text, a first start."""
        start = self._t3.hp.start_speech_token * torch.ones_like(self._text[:, :1])
        embeds, before = self._t3.prepare_input_embeds(
            t3_cond=self._conditions,
            text_tokens=self._text,
            speech_tokens=start,
            # It empties the second row's text for any weight above 0.
            cfg_weight=self._manner["cfg_weight"],
        )
        # Upstream's watch trips over texts of up to five tokens, its own marks included: "a".
        if self._t3.hp.is_multilingual and self._text.shape[1] > _LEAST_WATCHED:
            text = (before, before + self._text.shape[1])
            self._alignment = Alignment(self._t3.tfmr.layers, text, STOP)
        return embeds


def decoding(t3: Any, voice: Conditionals, text: Any, manner: Manner, rng: RequestRng) -> Decoding:
    """`text`: its tokens, (1, n), on the model's device."""
    kind = TurboDecoding if t3.is_gpt else GuidedDecoding
    return kind(t3, voice, text, manner, rng)


def most_text(t3: Any) -> int:
    """How many tokens of text the model can read and still speak as long as it may."""
    if t3.is_gpt:
        most: int = t3.cfg.n_positions - 2 - t3.hp.speech_cond_prompt_len - MOST_TOKENS
    else:
        most = t3.hp.max_text_tokens
    return most


def _conditions(voice: Conditionals, *, exaggeration: float) -> T3Cond:
    """Upstream's form of them; a new one for each request, for upstream writes into it."""
    return T3Cond(
        speaker_emb=voice.speaker,
        cond_prompt_speech_tokens=voice.prompt,
        emotion_adv=torch.full((1, 1, 1), exaggeration, device=voice.speaker.device),
    )


def _draw(logits: Any, rng: RequestRng) -> Any:
    probabilities = torch.softmax(logits, dim=-1)
    # On CUDA, drawing from what is no number ends all use of the device in this process.
    if not bool(torch.isfinite(probabilities).all()):
        raise NotANumber("the model's logits are not numbers")
    return rng.draw(probabilities)
