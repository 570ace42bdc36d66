"""One engine at work: it is loaded, carries out commands in its slots, and reports its health.

    command ──▶ wait for a slot ──▶ voice ─▶ synthesize ─▶ postprocess ─▶ Ogg pages ──▶ put
                                    └───────── holds the slot, marks progress ──────────┘

`put` may wait for the reader. That does not count as a stalled engine: time in `put` counts as
progress, and the caller must bound it.

When the engine runs out of memory, cached embeddings are dropped and the command is tried once
more. If that does not help, or sound was sent already, the engine declares itself unusable: only a
new process repairs leaked or fragmented device memory.

It knows no HTTP, no processes, and not which engine it runs.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from engine.base.clock import Clock
from engine.base.error_text import own_words
from engine.model.audio_format import SAMPLE_RATE
from engine.model.engine import EngineInfo, SynthesisRequest
from engine.model.errors import EngineUnavailable, OutOfMemory, SynthesisFailed
from engine.tts.audio.opus import OggSound
from engine.tts.audio.wav import WavSound
from engine.tts.engines.base import SpeakerEmbedding, Synthesizer
from engine.tts.engines.threads import in_thread
from engine.tts.protocol import Broken, Busy, Health, HostState, SynthesizeCommand, describe_error
from engine.tts.server.admission import Slots
from engine.tts.server.voice_cache import EmbeddingCache, forget_files

log = structlog.get_logger(__name__)

Put = Callable[[bytes], Awaitable[None]]

_BROKEN_KEPT: Final = 16
_SIGN_OF_LIFE: Final = 0.5  # seconds between signs of life while a voice is embedded


@dataclass(slots=True, eq=False)
class ActiveRequest:
    id: str
    progress: float  # when the engine last made some
    waits_for_reader: bool = False


class EngineRunner:
    """One engine, what it is doing, and the commands that wait for it.

    `make_engine` may take long, as may loading the engine: importing torch alone takes seconds.
    Embeddings are kept in `state_dir`. `slots` overrides the engine's own number.
    `give_up` is called once the engine is unusable; commands are refused from then on.
    """

    def __init__(
        self,
        make_engine: Callable[[], Synthesizer],
        clock: Clock,
        *,
        state_dir: Path | None = None,
        slots: int | None = None,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._make_engine = make_engine
        self._clock = clock
        self._state_dir = state_dir
        self._slots_wanted = slots
        self._give_up = give_up
        self._state: HostState = "loading"
        self._error: str | None = None
        self._loaded: _Loaded | None = None
        self._slots = Slots(0)
        self._active: set[ActiveRequest] = set()
        self._broken: deque[Broken] = deque(maxlen=_BROKEN_KEPT)

    async def load(self) -> None:
        """Load the engine; `health` tells how it went."""
        try:
            synthesizer, info = await in_thread("load", self._load)
            voices = EmbeddingCache(synthesizer, self._state_dir, self._clock)
            await voices.load()
        except Exception as error:
            # The edge of loading: `health` reports every error, whatever it is.
            self._state, self._error = "failed", own_words(error)
            log.error("the engine cannot be loaded", exc_info=error)
            return
        self._loaded = _Loaded(synthesizer, info, voices)
        self._slots = Slots(info.slots)
        self._state = "ready"
        log.info("the engine is ready", engine=info.name, version=info.version)

    def _load(self) -> tuple[Synthesizer, EngineInfo]:
        synthesizer = self._make_engine()
        synthesizer.load()
        OggSound(SAMPLE_RATE)  # the first listener must not wait until the codec is found
        info = synthesizer.describe()
        return synthesizer, replace(info, slots=self._slots_wanted or info.slots)

    def health(self) -> Health:
        now = self._clock.monotonic()
        loaded = self._loaded
        return Health(
            state=self._state,
            info=loaded.info if loaded else None,
            error=self._error,
            busy=tuple(
                Busy(
                    id=each.id,
                    seconds_since_progress=0.0 if each.waits_for_reader else now - each.progress,
                )
                for each in self._active
            ),
            waiting=self.waiting,
            voices_held=loaded.voices.held if loaded else 0,
            voices_made=loaded.voices.made if loaded else 0,
            broken=tuple(self._broken),
        )

    @property
    def waiting(self) -> int:
        return self._slots.waiting

    def info(self) -> EngineInfo:
        """Raises EngineUnavailable until the engine is loaded, and when it is unusable."""
        return self._engine().info

    async def forget(self, reference: str) -> None:
        """Raises OSError."""
        if self._loaded is not None:
            await self._loaded.voices.forget(reference)
        else:
            await forget_files(self._state_dir, reference)

    async def synthesize(self, command: SynthesizeCommand, put: Put) -> None:
        """Wait for a slot, then make the sound of `command` and `put` it piece by piece.

        Raises EngineUnavailable, SynthesisFailed, VoiceMissing, OutOfMemory, Invalid.
        """
        engine = self._engine()
        _check_voice(command.request, engine.info)
        async with self._slots.take(self._clock.monotonic() + command.deadline_in):
            active = ActiveRequest(command.id, self._clock.monotonic())
            self._active.add(active)
            try:
                await self._within_memory(engine, command, active, put)
            finally:
                self._active.discard(active)

    def _engine(self) -> "_Loaded":
        if self._loaded is None or self._state != "ready":
            raise EngineUnavailable(self._error or "the engine is loading")
        return self._loaded

    async def _within_memory(
        self, engine: "_Loaded", command: SynthesizeCommand, active: ActiveRequest, put: Put
    ) -> None:
        begun = False

        async def put_and_mark(made: bytes) -> None:
            nonlocal begun
            begun = True
            active.waits_for_reader = True
            try:
                await put(made)
            finally:
                active.waits_for_reader = False
                active.progress = self._clock.monotonic()

        try:
            await self._speak(engine, command, active, put_and_mark)
            return
        except OutOfMemory as error:
            # Not the error itself: its traceback keeps alive all that filled the memory.
            reason = str(error)
        log.warning("out of memory", id=command.id, reason=reason)
        await engine.voices.free_memory()
        active.progress = self._clock.monotonic()
        try:
            if begun:
                raise OutOfMemory(reason)
            await self._speak(engine, command, active, put_and_mark)
        except OutOfMemory as error:
            self._state, self._error = "failed", f"it is out of memory ({error})"
            log.error("the engine is out of memory, also after what could be freed was freed")
            self._give_up()
            raise

    async def _voice(
        self, engine: "_Loaded", command: SynthesizeCommand, active: ActiveRequest
    ) -> SpeakerEmbedding | None:
        reference = command.request.reference
        if reference is None:
            return None
        waiting = asyncio.ensure_future(engine.voices.embedding(reference, command.recording))
        try:
            while not (await asyncio.wait({waiting}, timeout=_SIGN_OF_LIFE))[0]:
                if not engine.voices.stuck:
                    active.progress = self._clock.monotonic()
        finally:
            waiting.cancel()
        active.progress = self._clock.monotonic()
        return waiting.result()

    async def _speak(
        self, engine: "_Loaded", command: SynthesizeCommand, active: ActiveRequest, put: Put
    ) -> None:
        voice = await self._voice(engine, command, active)
        kind = OggSound if command.format == "ogg" else WavSound
        sound: OggSound | WavSound | None = None
        async with aclosing(engine.synthesizer.synthesize(command.request, voice)) as pieces:
            async for piece in pieces:
                active.progress = self._clock.monotonic()
                sound = sound or kind(piece.rate)
                if made := sound.feed(piece):
                    await put(made)
                # An engine far ahead of real time never waits, so let other tasks run.
                await asyncio.sleep(0)
        made = sound.flush() if sound is not None else b""
        if not made:
            raise SynthesisFailed("the text gave no sound", code="nothing-to-speak")
        await put(made)

    def note_broken(self, command: SynthesizeCommand, error: BaseException) -> None:
        """Remember why the stream of `command` stopped short, for `health`."""
        self._broken.append(Broken(id=command.id, error=describe_error(error)[1]))


@dataclass(frozen=True, slots=True)
class _Loaded:
    synthesizer: Synthesizer
    info: EngineInfo
    voices: EmbeddingCache


def _check_voice(request: SynthesisRequest, info: EngineInfo) -> None:
    """Raises SynthesisFailed for a voice that the engine cannot speak in."""
    if request.reference is not None:
        if not info.clones:
            raise SynthesisFailed(f"{info.name} cannot clone voices", code="cannot-clone")
    elif request.voice not in {voice.id for voice in info.voices}:
        code = "no-such-voice" if info.default_voice else "no-own-voice"
        raise SynthesisFailed("no such voice", code=code)
