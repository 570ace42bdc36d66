"""Chatterbox as an engine: several requests at once, each in its own voice.

It imports torch only when the model is loaded. One thread calls the model, one call at a time: a
token, a flow, a vocoder. Requests queue there call by call, so they take turns, and a cancelled
request ends between two calls. Nothing stays on the model from one call to the next.
"""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import structlog

from engine.base.clock import Clock, SystemClock
from engine.model.engine import EngineInfo, SynthesisRequest
from engine.model.errors import SynthesisFailed
from engine.tts.audio.pcm import Pcm
from engine.tts.audio.sanity import defect, span, without_tail
from engine.tts.engines.base import SpeakerEmbedding
from engine.tts.engines.chatterbox.models import (
    MODELS,
    MOST_TOKENS,
    RATE,
    SPEECH_TOKENS,
    TOKENS_A_SECOND,
    ModelName,
)

if TYPE_CHECKING:
    from engine.tts.engines.chatterbox.embedding import Conditionals
    from engine.tts.engines.chatterbox.loading import Loaded

log = structlog.get_logger(__name__)
T = TypeVar("T")

ATTEMPTS: Final = 3
_LEAST_TOKENS: Final = 3  # the flow looks that many ahead
_PIECE: Final = RATE  # samples yielded at once
_SLOTS, _SLOTS_ON_CUDA = 2, 4
_SIGN_EVERY: Final = 0.5  # seconds
#: A single call of the model that takes longer hangs: no more signs of life. On two CPU cores the
#: longest call, the flow, takes about as long as the sound plays.
_LONGEST_CALL: Final = 120.0
_SIGN_OF_LIFE: Final = Pcm(np.zeros(0, np.float32), RATE)


@dataclass(frozen=True, slots=True, eq=False)
class _Speech:
    text: str
    language: str
    style: dict[str, float]
    seed: int
    voice: "Conditionals"
    most_tokens: int


class ChatterboxSynthesizer:
    """`checkpoint`: a folder of weights; None: the hub's. `device`: auto, cuda, mps or cpu."""

    def __init__(
        self,
        model: ModelName,
        checkpoint: Path | None = None,
        device: str = "auto",
        *,
        clock: Clock | None = None,
    ) -> None:
        self._model = MODELS[model]
        self._checkpoint = checkpoint
        self._wanted = device
        self._clock = clock or SystemClock()
        self._called = 0.0  # when a call of the model last began or ended
        self._loaded: Loaded | None = None
        self._model_thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._watermark_thread = ThreadPoolExecutor(1, thread_name_prefix="watermark")

    def describe(self) -> EngineInfo:
        if (loaded := self._loaded) is not None:
            slots = _SLOTS_ON_CUDA if loaded.device.startswith("cuda") else _SLOTS
            builtin = loaded.builtin is not None
            return self._model.info(loaded.version, slots=slots, builtin=builtin)
        try:
            installed = version("chatterbox-tts")
        except PackageNotFoundError:
            installed = "not installed"
        return self._model.info(installed, slots=_SLOTS, builtin=False)

    def load(self) -> None:
        # In the caller's thread: a process that ends waits for the executors' threads, and a model
        # may take minutes to load.
        from engine.tts.engines.chatterbox.environment import prepare

        prepare(self._model.engine)
        from engine.tts.engines.chatterbox.device import choose_device
        from engine.tts.engines.chatterbox.loading import load
        from engine.tts.engines.chatterbox.vocoder import mark

        device = choose_device(self._wanted)
        loaded = load(self._model, self._checkpoint, device)
        # The first watermark takes a second longer than all others.
        mark(loaded.upstream.watermarker, Pcm(np.zeros(RATE, np.float32), RATE))
        self._loaded = loaded
        log.info("chatterbox is loaded", model=self._model.engine, device=device)

    def _ready(self) -> "Loaded":
        if self._loaded is None:
            raise RuntimeError("the model is not loaded")
        return self._loaded

    def embed_voice(self, reference: Pcm) -> SpeakerEmbedding:
        from engine.tts.engines.chatterbox.embedding import embed_voice

        ready = self._ready()
        call = partial(embed_voice, ready.upstream, self._model, reference, ready.device)
        return self._model_thread.submit(self._call_now, call).result()

    def serialize(self, voice: SpeakerEmbedding) -> bytes:
        from engine.tts.engines.chatterbox.embedding import ChatterboxEmbedding, serialize

        assert isinstance(voice, ChatterboxEmbedding)
        return serialize(voice, self._model)

    def deserialize(self, serialized: bytes) -> SpeakerEmbedding:
        from engine.tts.engines.chatterbox.embedding import deserialize

        ready = self._ready()
        prompt = ready.upstream.t3.hp.speech_cond_prompt_len
        return deserialize(serialized, self._model, ready.device, prompt)

    def free_memory(self) -> None:
        from engine.tts.engines.chatterbox.device import free_memory

        gc.collect()
        free_memory(self._ready().device)

    async def synthesize(
        self, request: SynthesisRequest, voice: SpeakerEmbedding | None
    ) -> AsyncGenerator[Pcm, None]:
        speech = self._checked(request, voice)
        speaking = asyncio.create_task(self._speak(speech))
        self._called = self._clock.monotonic()
        try:
            while not (await asyncio.wait({speaking}, timeout=_SIGN_EVERY))[0]:
                if self._clock.monotonic() - self._called < _LONGEST_CALL:
                    yield _SIGN_OF_LIFE
            sound = speaking.result()
        finally:
            speaking.cancel()
            await asyncio.wait({speaking})
        for at in range(0, len(sound.samples), _PIECE):
            yield Pcm(sound.samples[at : at + _PIECE], sound.rate)

    def _checked(self, request: SynthesisRequest, voice: SpeakerEmbedding | None) -> _Speech:
        from engine.tts.engines.chatterbox.embedding import ChatterboxEmbedding

        ready = self._ready()
        if request.reference is None and voice is None:
            voice = ready.builtin
        if voice is None:
            raise SynthesisFailed("no reference voice", code="no-own-voice")
        assert isinstance(voice, ChatterboxEmbedding)
        duration = span(request.text)
        if duration.usual > MOST_TOKENS / TOKENS_A_SECOND:
            raise self._too_long(request.text)
        language = self._model.languages[0]
        if ready.languages is not None:
            language = ready.languages.of(request.text, within=request.context)
        style = self._model.style(request)
        seed = style.pop("seed", request.seed)
        return _Speech(
            text=request.text,
            language=language,
            style=style,
            seed=int(seed) % 2**63,
            voice=voice.choose(levelled=style.get("norm_loudness") == 1),
            most_tokens=min(MOST_TOKENS, round(duration.most * TOKENS_A_SECOND)),
        )

    def _too_long(self, text: str) -> SynthesisFailed:
        return SynthesisFailed(
            f"{len(text)} characters exceed the model's length",
            code="part-too-long",
            characters=len(text),
            most=self._model.most_characters,
        )

    async def _speak(self, speech: _Speech) -> Pcm:
        from engine.tts.engines.chatterbox.device import nth_seed
        from engine.tts.engines.chatterbox.vocoder import postprocess

        watermarker = self._ready().upstream.watermarker
        defects: list[str] = []
        for number in range(ATTEMPTS):
            sound = await self._attempt(speech, nth_seed(speech.seed, number))
            found = sound if isinstance(sound, str) else defect(sound, speech.text)
            if isinstance(sound, Pcm) and found is None:
                finish = partial(postprocess, watermarker, sound, speech.style["speed"])
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._watermark_thread, finish)
            log.warning("the sound is not speech", defect=found, attempt=number + 1)
            defects.append(str(found))
        raise SynthesisFailed(
            f"{ATTEMPTS} attempts, no speech: {'; '.join(defects)}", code="voice-stumbles"
        )

    async def _attempt(self, speech: _Speech, seed: int) -> Pcm | str:
        """The sound as the model gives it, without its noisy tail; or what is wrong with it."""
        from engine.tts.engines.chatterbox.decoding import STOP, NotANumber
        from engine.tts.engines.chatterbox.device import RequestRng
        from engine.tts.engines.chatterbox.vocoder import mels, waveform

        ready = self._ready()
        rng = RequestRng(seed, ready.device)
        tokens: list[int] = []
        decoding = await self._call(lambda: self._begin(speech, rng))
        try:
            while (token := await self._call(decoding.step)) != STOP:
                tokens.append(token)
                if (count := len(tokens)) > speech.most_tokens:
                    return f"it does not end: {count} tokens for {len(speech.text)} characters"
        except NotANumber as error:
            return str(error)
        finally:
            decoding.close()  # an error's traceback keeps its frames alive
        tokens = [token for token in tokens if token < SPEECH_TOKENS]
        if len(tokens) < _LEAST_TOKENS:
            return f"it stops after {len(tokens)} tokens"
        spectrum = await self._call(partial(mels, ready.upstream, tokens, speech.voice, rng))
        samples = await self._call(partial(waveform, ready.upstream, spectrum, rng))
        return without_tail(Pcm(samples, RATE))

    def _begin(self, speech: _Speech, rng: Any) -> Any:
        from engine.tts.engines.chatterbox.decoding import decoding, most_text
        from engine.tts.engines.chatterbox.tokenizer import text_tokens

        ready = self._ready()
        t3, clean = ready.upstream.t3, ready.punctuate(speech.text)
        text = text_tokens(ready.upstream, clean, speech.language, ready.device)
        if text.shape[1] > most_text(t3):
            raise self._too_long(speech.text)
        return decoding(t3, speech.voice, text, speech.style, rng)

    async def _call(self, function: Callable[[], T]) -> T:
        """Call `function` in the model's thread, when its turn comes. Raises OutOfMemory."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._model_thread, self._call_now, function)

    def _call_now(self, function: Callable[[], T]) -> T:
        from engine.tts.engines.chatterbox.device import call

        self._called = self._clock.monotonic()
        try:
            return call(function)
        finally:
            self._called = self._clock.monotonic()
