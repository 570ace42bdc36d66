"""An engine for tests: in-process, on any clock, and it fails as it is told. And a job, as a value.

Each packet names its text and its place in it, so that a listener can tell what was heard.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.base.aio import TaskSet, first_of
from engine.base.clock import Clock
from engine.model.audio_format import FRAME_SECONDS
from engine.model.engine import BuiltinVoice, EngineInfo, EngineState, StyleOption, SynthesisRequest
from engine.model.errors import EngineUnavailable, HostDied, SynthesisFailed
from engine.model.jobs import Job, JobState
from engine.tts.audio.ogg import OggPiece, OggWriter

INFO: Final = EngineInfo(
    name="scripted",
    version="1",
    voices=(
        BuiltinVoice(id="en", name="English", language="en"),
        BuiltinVoice(id="de", name="German", language="de"),
    ),
    default_voice="en",
    languages=("en", "de"),
    least_characters=10,
    most_characters=80,
    slots=2,
    clones=False,
    styles=(StyleOption(name="rate", kind="number", least=0.5, most=2, default=1),),
)
#: The same engine, able to speak in reference voices.
CLONING_INFO: Final = replace(
    INFO,
    name="scripted-cloning",
    clones=True,
    styles=(
        StyleOption(name="temperature", kind="number", least=0.1, most=2, default=0.8),
        StyleOption(name="top_k", kind="integer", least=1, most=2000, default=1000),
        StyleOption(name="norm_loudness", kind="switch", least=0, most=1, default=1),
    ),
)
#: An engine that speaks only in reference voices.
REFERENCES_ONLY_INFO: Final = replace(
    CLONING_INFO, name="scripted-references", voices=(), default_voice=""
)
#: One Opus frame of 20 ms, stereo, full band (RFC 6716, section 3.1: configuration 31, code 0).
_TOC: Final = b"\xfc"


def fake_job(number: int, **values: Any) -> Job:
    """A job that waits and says nothing; `values` replace its fields."""
    job = Job(
        id=number,
        lane="lane",
        requester="ada",
        voice="",
        text="",
        state=JobState.QUEUED,
        created_at=0,
    )
    return replace(job, **values)


def packet_of(text: str, at: int) -> bytes:
    """The packet that stands for the `at`th 20 ms of `text`."""
    return _TOC + hashlib.sha256(f"{at} {text}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: when, on the engine's clock, and how urgent it was."""

    request: SynthesisRequest
    at: float
    deadline_in: float

    @property
    def text(self) -> str:
        return self.request.text


class FakeEngine:
    """Speaks `seconds(text)` of sound at real-time factor `pace`; 0: at once."""

    fallback_speaks = False

    def __init__(
        self,
        clock: Clock,
        *,
        info: EngineInfo = INFO,
        pace: float = 0.0,
        seconds: Callable[[str], float] = lambda text: max(1, len(text)) * 0.06,
        restarts_in: float = 1.0,
    ) -> None:
        self.described = info
        self.pace = pace
        self.asked: list[Asked] = []
        #: Texts in work now, and the most there ever were at once.
        self.in_work: list[str] = []
        self.most_in_work = 0
        #: Requests that were closed before their end.
        self.abandoned: list[str] = []
        #: Part of a text: how many times it still kills the server.
        self.kills: dict[str, int] = {}
        #: Packets that leave before a text kills the server or is refused.
        self.packets_before_death = 0
        #: Parts of texts that are refused.
        self.refuses: set[str] = set()
        #: References that it was told to forget.
        self.forgotten: list[str] = []
        self._clock = clock
        self._seconds = seconds
        self._restarts_in = restarts_in
        self._up = asyncio.Event()
        self._death: asyncio.Future[None] | None = None
        self._free = asyncio.Event()
        self._free.set()
        self._restarts = TaskSet()

    # ---- the protocol

    @property
    def state(self) -> EngineState:
        return EngineState.READY if self._up.is_set() else EngineState.DOWN

    async def start(self) -> None:
        self.come_up()

    async def close(self) -> None:
        self._up.clear()
        await self._restarts.cancel()

    async def info(self) -> EngineInfo:
        await self._up.wait()
        return self.described

    async def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        if self._death is None or not self._up.is_set():
            raise EngineUnavailable("the scripted engine is down")
        death = self._death
        text = request.text
        self.asked.append(Asked(request, self._clock.monotonic(), deadline_in))
        self.in_work.append(text)
        self.most_in_work = max(self.most_in_work, len(self.in_work))
        try:
            async with contextlib.aclosing(self._speak(text, death)) as pieces:
                async for piece in pieces:
                    yield piece
        except (GeneratorExit, asyncio.CancelledError):
            self.abandoned.append(text)
            raise
        finally:
            self.in_work.remove(text)

    async def forget(self, reference: str) -> None:
        if not self._up.is_set():
            raise EngineUnavailable("the scripted engine is down")
        self.forgotten.append(reference)

    # ---- the script

    def come_up(self) -> None:
        self._death = asyncio.get_running_loop().create_future()
        self._up.set()

    def go_down(self) -> None:
        """The server dies, and stays away until `come_up`; requests in work fail."""
        self._up.clear()
        if self._death is not None and not self._death.done():
            self._death.set_result(None)

    def die(self) -> None:
        """The server dies, and is replaced after a while."""
        self.go_down()
        self._restarts.start(self._come_back(), name="restart")

    def hold(self) -> None:
        """Deliver nothing until `let_go`; requests are still accepted."""
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    async def _come_back(self) -> None:
        await self._clock.sleep(self._restarts_in)
        self.come_up()

    async def _speak(
        self, text: str, death: asyncio.Future[None]
    ) -> AsyncGenerator[OggPiece, None]:
        writer = OggWriter()
        yield OggPiece(writer.headers(), [])
        count = round(self._seconds(text) / FRAME_SECONDS)
        for at in range(count):
            await _unless(death, self._free.wait())
            if at == self.packets_before_death:
                self._misbehave(text)
            if self.pace:
                await _unless(death, self._clock.sleep(self.pace * FRAME_SECONDS))
            if at < count - 1:
                packets = [packet_of(text, at)]
                yield OggPiece(writer.pages(packets), packets)
        packets = [packet_of(text, count - 1)]
        yield OggPiece(writer.end(packets), packets)

    def _misbehave(self, text: str) -> None:
        if any(part in text for part in self.refuses):
            raise SynthesisFailed("scripted refusal")
        for part, times in self.kills.items():
            if part in text and times > 0:
                self.kills[part] = times - 1
                self.die()
                raise HostDied("scripted death")


class LateEngine(FakeEngine):
    """It loads until `come_up`. A test that clears `loading` makes it down instead."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        super().__init__(clock, **options)
        self.loading = True
        #: Whether `start` was called.
        self.started = False

    @property
    def state(self) -> EngineState:
        down = super().state is EngineState.DOWN
        return EngineState.LOADING if down and self.loading else super().state

    async def start(self) -> None:
        self.started = True

    def come_up(self) -> None:
        super().come_up()
        self.loading = False


async def _unless(death: asyncio.Future[None], work: Coroutine[Any, Any, object]) -> None:
    """Wait for `work`, unless the server dies first. Raises HostDied."""
    if await first_of(asyncio.shield(death), work) == 0:
        raise HostDied("the host died")
