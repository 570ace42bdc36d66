"""Chatterbox as an engine: several requests at once, each in its own voice.

Knows: the order of the steps, what is tried again, when to give a sign of life.
Does not know: what happens within a step; it sees torch only once the model is loaded.

One thread calls the model, one call at a time: a token, a flow, a vocoder. Requests queue up there
call by call, so they take turns; between two calls a request that was closed is gone. Nothing is
kept on the model from one call to the next.
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
from engine.model.engine import NO_VOICE, EngineInfo, SynthesisRequest
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
    from engine.tts.engines.chatterbox.conditionals import Conditionals
    from engine.tts.engines.chatterbox.loading import Loaded

log = structlog.get_logger(__name__)
T = TypeVar("T")

TRIES: Final = 3
_LEAST_TOKENS: Final = 3  # the flow looks as many ahead
_PIECE: Final = RATE  # samples given at once
_SLOTS: Final = {"cuda": 4}  # on others: 2
_SIGN_EVERY: Final = 0.5  # seconds
#: A single call of the model that takes longer counts as hung: no more signs of life. On two CPU
#: cores the longest one, the flow, takes about as long as the sound plays.
_LONGEST_CALL: Final = 120.0
_SIGN_OF_LIFE: Final = Pcm(np.zeros(0, np.float32), RATE)


@dataclass(frozen=True, slots=True, eq=False)
class _Speech:
    """What one request is to say, checked."""

    text: str
    language: str
    manner: dict[str, float]
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
        self._called = 0.0  # when the model was last called, or came back
        self._loaded: Loaded | None = None
        self._at_model = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._at_finish = ThreadPoolExecutor(1, thread_name_prefix="watermark")

    def describe(self) -> EngineInfo:
        kind = self._loaded.device.partition(":")[0] if self._loaded else "cpu"
        builtin = self._loaded is not None and self._loaded.builtin is not None
        return self._model.info(self._version(), slots=_SLOTS.get(kind, 2), builtin=builtin)

    def _version(self) -> str:
        if self._loaded is not None:
            return self._loaded.version
        try:
            return version("chatterbox-tts")
        except PackageNotFoundError:
            return "not installed"

    def load(self) -> None:
        # In the caller's thread: a process that ends waits for the executors' threads, and a
        # model may take minutes to load.
        from engine.tts.engines.chatterbox.environment import prepare

        prepare(self._model.engine)
        from engine.tts.engines.chatterbox.loading import choose_device, load
        from engine.tts.engines.chatterbox.vocoder import mark

        device = choose_device(self._wanted)
        loaded = load(self._model, self._checkpoint, device)
        # Its first call takes a second longer than all others.
        mark(loaded.upstream.watermarker, Pcm(np.zeros(RATE, np.float32), RATE))
        self._loaded = loaded
        log.info("chatterbox is loaded", model=self._model.engine, device=device)

    def _ready(self) -> "Loaded":
        if self._loaded is None:
            raise RuntimeError("the model is not loaded")
        return self._loaded

    # ---- voices

    def embed_voice(self, reference: Pcm) -> SpeakerEmbedding:
        from engine.tts.engines.chatterbox.conditionals import embed_voice

        ready = self._ready()
        call = partial(embed_voice, ready.upstream, self._model, reference, ready.device)
        return self._at_model.submit(self._calling, call).result()

    def serialize(self, voice: SpeakerEmbedding) -> bytes:
        from engine.tts.engines.chatterbox.conditionals import Voice, serialize

        assert isinstance(voice, Voice)
        return serialize(voice, self._model)

    def deserialize(self, serialized: bytes) -> SpeakerEmbedding:
        from engine.tts.engines.chatterbox.conditionals import deserialize

        ready = self._ready()
        prompt = ready.upstream.t3.hp.speech_cond_prompt_len
        return deserialize(serialized, self._model, ready.device, prompt)

    def free_memory(self) -> None:
        from engine.tts.engines.chatterbox.memory import give_back

        gc.collect()
        give_back(self._ready().device)

    # ---- speech

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
        from engine.tts.engines.chatterbox.conditionals import Voice

        ready = self._ready()
        if request.reference is None and voice is None:
            voice = ready.builtin
        if voice is None:
            raise SynthesisFailed("no reference voice", user_message=NO_VOICE)
        assert isinstance(voice, Voice)
        plausible = span(request.text)
        if plausible.usual > MOST_TOKENS / TOKENS_A_SECOND:
            raise self._too_long(request.text)
        manner = dict(self._model.manner(request))
        seed = manner.pop("seed", request.seed)
        return _Speech(
            text=request.text,
            language=self._language(request),
            manner=manner,
            seed=int(seed) % 2**63,
            voice=voice.choose(levelled=manner.get("norm_loudness") == 1),
            most_tokens=min(MOST_TOKENS, round(plausible.most * TOKENS_A_SECOND)),
        )

    def _language(self, request: SynthesisRequest) -> str:
        languages = self._ready().languages
        if languages is None:
            return self._model.languages[0]
        return languages.of(request.text, within=request.context)

    def _too_long(self, text: str) -> SynthesisFailed:
        return SynthesisFailed(
            f"{len(text)} characters run past the model's length",
            user_message=(
                f"This text is too long to be said in one go: {len(text)} characters, where about "
                f"{self._model.most_characters} are sound. Split it into sentences."
            ),
        )

    async def _speak(self, speech: _Speech) -> Pcm:
        from engine.tts.engines.chatterbox.rng import nth_seed

        flaws: list[str] = []
        for number in range(TRIES):
            sound = await self._try(speech, nth_seed(speech.seed, number))
            found = sound if isinstance(sound, str) else defect(sound, speech.text)
            if isinstance(sound, Pcm) and found is None:
                return await self._finish(sound, speech.manner["speed"])
            log.warning("what came out is not speech", flaw=found, number=number + 1)
            flaws.append(str(found))
        raise SynthesisFailed(
            f"{TRIES} tries, no speech: {'; '.join(flaws)}",
            user_message=(
                "The voice stumbled over this text three times. Word it differently, or try "
                "another voice."
            ),
        )

    async def _try(self, speech: _Speech, seed: int) -> Pcm | str:
        """The sound as the model gives it, without its tail; or what is wrong with it."""
        from engine.tts.engines.chatterbox.decoding import STOP, NotANumber
        from engine.tts.engines.chatterbox.rng import RequestRng
        from engine.tts.engines.chatterbox.vocoder import mels, wave

        ready = self._ready()
        rng = RequestRng(seed, ready.device)
        tokens: list[int] = []
        decoding = await self._call(lambda: self._begin(speech, rng))
        try:
            while (token := await self._call(decoding.step)) != STOP:
                tokens.append(token)
                if len(tokens) > speech.most_tokens:
                    return (
                        f"it does not end: {len(tokens)} tokens for {len(speech.text)} characters"
                    )
        except NotANumber as error:
            return str(error)
        finally:
            decoding.close()  # an error's traceback holds on to its frames
        tokens = [token for token in tokens if token < SPEECH_TOKENS]
        if len(tokens) < _LEAST_TOKENS:
            return f"it stops after {len(tokens)} tokens"
        heard = await self._call(partial(mels, ready.upstream, tokens, speech.voice, rng))
        samples = await self._call(partial(wave, ready.upstream, heard, rng))
        return without_tail(Pcm(samples, RATE))

    def _begin(self, speech: _Speech, rng: Any) -> Any:
        from engine.tts.engines.chatterbox.decoding import decoding, most_text
        from engine.tts.engines.chatterbox.tokenizer import text_tokens

        ready = self._ready()
        t3 = ready.upstream.t3
        text = text_tokens(ready, speech.text, speech.language)
        if text.shape[1] > most_text(t3):
            raise self._too_long(speech.text)
        return decoding(t3, speech.voice, text, speech.manner, rng)

    async def _finish(self, sound: Pcm, speed: float) -> Pcm:
        from engine.tts.engines.chatterbox.vocoder import finish

        call = partial(finish, self._ready().upstream.watermarker, sound, speed)
        return await asyncio.get_running_loop().run_in_executor(self._at_finish, call)

    async def _call(self, function: Callable[[], T]) -> T:
        """`function` in the model's thread, when its turn comes. Raises OutOfMemory."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._at_model, self._calling, function)

    def _calling(self, function: Callable[[], T]) -> T:
        from engine.tts.engines.chatterbox.memory import call

        self._called = self._clock.monotonic()
        try:
            return call(function)
        finally:
            self._called = self._clock.monotonic()
