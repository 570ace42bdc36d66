"""One engine at work: it is loaded, takes orders as its slots allow, and says how it is.

    order ──▶ wait for a slot ──▶ voice ─▶ synthesize ─▶ finish ─▶ Ogg pages ──▶ put
                                  └──────── holds the slot, marks progress ──────┘

`put` may wait for the order's reader. That is no standstill of the engine: time in there counts as
progress, and the caller must make it end.

Where the engine's memory runs out, what is cached is dropped and the order tried once more. Where
that does not help, or sound was given out already, the engine is declared to be of no use: what
has leaked or come apart in the device's memory, a new process mends.

Knows: slots and their order, progress, voices. Does not know: HTTP, processes, which engine it is.
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
from engine.model.engine import NO_SUCH_VOICE, NO_VOICE, EngineInfo, SynthesisRequest
from engine.model.errors import EngineUnavailable, OutOfMemory, SynthesisFailed
from engine.tts.audio.opus import OggSound
from engine.tts.audio.wav import WavSound
from engine.tts.engines.base import SpeakerEmbedding, Synthesizer
from engine.tts.protocol import Broken, Busy, Health, HostState, SynthesizeCommand, describe_error
from engine.tts.server.slots import Slots
from engine.tts.server.threads import in_thread
from engine.tts.server.voice_cache import EmbeddingCache, forget_files

log = structlog.get_logger(__name__)

Put = Callable[[bytes], Awaitable[None]]

_BROKEN_KEPT: Final = 16
_SIGN_OF_LIFE: Final = 0.5  # seconds between the signs of an order whose voice is being computed


class ActiveRequest:
    """An order that holds a slot, and when it last got on."""

    def __init__(self, command: SynthesizeCommand, now: float) -> None:
        self.id = command.id
        self.progress = now
        self.reader_is_slow = False  # it waits for its reader, not for the engine

    def standstill(self, now: float) -> float:
        """Seconds since the engine last got on with it."""
        return 0.0 if self.reader_is_slow else now - self.progress


class EngineRunner:
    """One engine, what it is doing, and the orders that wait for it.

    `make` gives the engine; like loading it, it may take long (torch alone takes seconds).
    `state_dir` is where what was made of reference voices is kept. `slots` overrides the card's.
    `give_up` is called once the engine is of no use any more; orders are refused from then on.
    """

    def __init__(
        self,
        make: Callable[[], Synthesizer],
        clock: Clock,
        *,
        state_dir: Path | None = None,
        slots: int | None = None,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._make_synthesizer = make
        self._clock = clock
        self._state_dir = state_dir
        self._slots_wanted = slots
        self._give_up = give_up
        self._state: HostState = "loading"
        self._error: str | None = None
        self._loaded: _Loaded | None = None
        self._slots = Slots(0)
        self._works: set[ActiveRequest] = set()
        self._broken: deque[Broken] = deque(maxlen=_BROKEN_KEPT)

    async def load(self) -> None:
        """Bring the engine up; `health` tells how it went."""
        try:
            synthesizer, info = await in_thread("load", self._load)
            voices = EmbeddingCache(synthesizer, self._state_dir, self._clock)
            await voices.load()
        except Exception as error:
            # The edge of loading: whatever it was, it is told to those who ask.
            self._state, self._error = "failed", own_words(error)
            log.error("the engine cannot be loaded", exc_info=error)
            return
        self._loaded = _Loaded(synthesizer, info, voices)
        self._slots = Slots(info.slots)
        self._state = "ready"
        log.info("the engine is ready", engine=info.name, version=info.version)

    def _load(self) -> tuple[Synthesizer, EngineInfo]:
        synthesizer = self._make_synthesizer()
        synthesizer.load()
        OggSound(SAMPLE_RATE)  # the first to speak shall not wait for the codec to be found
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
                Busy(id=work.id, seconds_since_progress=work.standstill(now))
                for work in self._works
            ),
            waiting=self.waiting,
            voices_held=loaded.voices.held if loaded else 0,
            voices_made=loaded.voices.made if loaded else 0,
            broken=tuple(self._broken),
        )

    @property
    def waiting(self) -> int:
        """Orders that wait for a slot."""
        return self._slots.waiting

    def info(self) -> EngineInfo:
        """Raises EngineUnavailable until the engine is loaded, and when it is of no use."""
        return self._engine().info

    async def forget(self, reference: str) -> None:
        """Forget a reference voice, whichever engine it was made for. Raises OSError."""
        if self._loaded is not None:
            await self._loaded.voices.forget(reference)
        else:
            await forget_files(self._state_dir, reference)

    async def make(self, command: SynthesizeCommand, put: Put) -> None:
        """Make the sound of `command` when its turn comes, and `put` it piece by piece."""
        engine = self._engine()
        _check_voice(command.request, engine.info)
        async with self._slots.take(self._clock.monotonic() + command.deadline_in):
            work = ActiveRequest(command, self._clock.monotonic())
            self._works.add(work)
            try:
                await self._make_within_memory(engine, command, work, put)
            finally:
                self._works.discard(work)

    def _engine(self) -> "_Loaded":
        if self._loaded is None or self._state != "ready":
            raise EngineUnavailable(self._error or "the engine is loading")
        return self._loaded

    async def _make_within_memory(
        self, engine: "_Loaded", command: SynthesizeCommand, work: ActiveRequest, put: Put
    ) -> None:
        begun = False

        async def put_out(made: bytes) -> None:
            nonlocal begun
            begun = True
            work.reader_is_slow = True
            try:
                await put(made)
            finally:
                work.reader_is_slow = False
                work.progress = self._clock.monotonic()

        try:
            await self._synthesize(engine, command, work, put_out)
            return
        except OutOfMemory as error:
            # Not the error itself: its traceback holds on to all that filled the memory.
            reason = str(error)
        log.warning("out of memory", id=command.id, reason=reason)
        await engine.voices.free_memory()
        work.progress = self._clock.monotonic()
        try:
            if begun:
                raise OutOfMemory(reason)
            await self._synthesize(engine, command, work, put_out)
        except OutOfMemory as error:
            self._state, self._error = "failed", f"it is out of memory ({error})"
            log.error("the engine is out of memory, also after all was freed that could be")
            self._give_up()
            raise

    async def _voice(
        self, engine: "_Loaded", command: SynthesizeCommand, work: ActiveRequest
    ) -> SpeakerEmbedding | None:
        if command.request.reference is None:
            return None
        waiting = asyncio.ensure_future(
            engine.voices.state(command.request.reference, command.recording)
        )
        try:
            while not (await asyncio.wait({waiting}, timeout=_SIGN_OF_LIFE))[0]:
                if not engine.voices.stuck:
                    work.progress = self._clock.monotonic()
        finally:
            waiting.cancel()
        work.progress = self._clock.monotonic()
        return waiting.result()

    async def _synthesize(
        self, engine: "_Loaded", command: SynthesizeCommand, work: ActiveRequest, put: Put
    ) -> None:
        voice = await self._voice(engine, command, work)
        sound: OggSound | WavSound | None = None
        async with aclosing(engine.synthesizer.synthesize(command.request, voice)) as pieces:
            async for piece in pieces:
                work.progress = self._clock.monotonic()
                if sound is None:
                    sound = (
                        OggSound(piece.rate) if command.format == "ogg" else WavSound(piece.rate)
                    )
                if made := sound.feed(piece):
                    await put(made)
                # An engine far ahead of real time never waits: let others have the loop.
                await asyncio.sleep(0)
        made = sound.flush() if sound is not None else b""
        if not made:
            raise SynthesisFailed(
                "the text gave no sound", user_message="Nothing in this text can be spoken."
            )
        await put(made)

    def note_broken(self, command: SynthesizeCommand, error: BaseException) -> None:
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
            raise SynthesisFailed(
                f"{info.name} cannot clone voices",
                user_message="This engine cannot imitate a voice. Choose one of its own.",
            )
    elif request.voice not in {voice.id for voice in info.voices}:
        told = NO_SUCH_VOICE if info.default_voice else NO_VOICE
        raise SynthesisFailed("no such voice", user_message=told)
