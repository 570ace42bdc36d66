"""Clients that ask and do not read, or begin and do not go on: the server stays small, and
serves."""

import asyncio
import io
import json
import select
import socket
import sys
import wave
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp
import psutil
import pytest

from engine.base.clock import SystemClock
from engine.model.engine import EngineState, SynthesisRequest
from engine.model.errors import HostFull
from engine.tts.audio.ogg import OggPiece
from engine.tts.client.http import EngineHttpClient
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.protocol import MOST_PLAIN_BODY, SynthesizeCommand
from engine.tts.server.admission import MOST_RECORDINGS, MOST_REQUESTS, MOST_UNREAD
from engine.tts.server.connections import MOST_CONNECTIONS
from tests.process.hosts import (
    PATIENCE,
    health_when,
    hear,
    packets_in,
    request,
    rest,
    until,
    within_patience,
)
from tests.process.speaking import speech_on, spoken

#: Bytes by which a server may grow, whatever clients ask: two WAV files of 32 MB, as many answers
#: as it takes at once with a megabyte each, and what Python does not give back.
ROOM = 200_000_000
#: Far longer than any test: nothing is cut except by what the test is about.
NEVER = 3600.0


@dataclass
class Crowd:
    """Plain connections to a server, from which nothing is read."""

    path: Path
    sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for each in self.sockets:
            each.close()

    def send(self, request: bytes, count: int = 1) -> None:
        """Open `count` connections, and send this in each."""
        for _ in range(count):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(PATIENCE)
            self.sockets.append(connection)
            connection.connect(str(self.path))
            connection.sendall(request)

    @property
    def cut(self) -> int:
        """How many of them the server has closed."""
        return sum(_is_cut(each) for each in self.sockets)


def _is_cut(connection: socket.socket) -> bool:
    """Whether the other end has closed, detected without reading what came before."""
    poll = select.poll()
    poll.register(connection, select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


def body_of(text: str, *, form: str, deadline_in: float = 0.0) -> bytes:
    return json.dumps(
        {"text": text, "voice": "low", "format": form, "deadline_in": deadline_in}
    ).encode()


def posted(body: bytes, *, length: int | None = None) -> bytes:
    """A request with that body, as it goes over the wire. `length`: the length in its head."""
    head = (
        "POST /synthesize HTTP/1.1\r\nHost: host\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True)
class Stalled:
    """A server of the tone engine in this directory, with its own limit for stalled clients."""

    pid: int
    path: Path
    http: EngineHttpClient

    @property
    def memory(self) -> int:
        return psutil.Process(self.pid).memory_info().rss

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    @asynccontextmanager
    async def client(self) -> AsyncIterator[EngineSupervisor]:
        client = EngineSupervisor(SystemClock(), url=self.url)
        await client.start()
        try:
            await within_patience(client.info())
            yield client
        finally:
            await client.close()

    async def ask(self, body: bytes) -> tuple[int, bytes, str | None]:
        """Status, body and `Retry-After` of the answer to a request's body."""
        connector = aiohttp.UnixConnector(str(self.path))
        async with (
            asyncio.timeout(PATIENCE),
            aiohttp.ClientSession(connector=connector) as session,
            session.post(
                "http://host/synthesize",
                data=body,
                headers={"content-type": "application/json"},
            ) as response,
        ):
            return response.status, await response.read(), response.headers.get("retry-after")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "host.sock"


@asynccontextmanager
async def host(path: Path, *, patience: float = NEVER) -> AsyncIterator[Stalled]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine.tts.server", "--engine=tone", f"--socket={path}"),
        *(f"--stall-limit={patience}", "--log-level=error"),
    )
    http = EngineHttpClient(f"unix://{path}")
    try:
        await health_when(http, lambda health: health.state == "ready")
        yield Stalled(process.pid, path, http)
    finally:
        await http.close()
        process.kill()
        await within_patience(process.wait())


async def becomes(holds: Callable[[], Awaitable[bool]], wanted: bool) -> None:
    async with asyncio.timeout(PATIENCE):
        while await holds() is not wanted:  # noqa: ASYNC110 - it is seen by asking alone
            await asyncio.sleep(0.01)


def seconds_of(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav)) as file:
        return float(file.getnframes() / file.getframerate())


class Memory:
    """The most memory that a server had while it was watched."""

    def __init__(self, host: Stalled) -> None:
        self.most = 0
        self._host = host

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, self._host.memory)
            await asyncio.sleep(0.02)


async def test_sixty_readers_of_nothing_cost_little_and_others_are_served_meanwhile(
    path: Path,
) -> None:
    async with host(path) as its, its.client() as client:
        await hear(client, "hello")
        before, memory = its.memory, Memory(its)
        watching = asyncio.create_task(memory.watch())
        with Crowd(path) as crowd:
            crowd.send(posted(body_of("x" * 1500, form="wav")), count=60)
            await health_when(its.http, lambda health: health.waiting > 50)
            assert packets_in(await hear(client, "hello"))
            # Files of this length wait behind those that no client reads, until these are cut.
            urgent = body_of("hello", form="wav", deadline_in=-NEVER)
            status, wav, _ = await its.ask(urgent)
            assert status == 200
            assert seconds_of(wav) == pytest.approx(0.3, abs=0.02)
            await until(lambda: crowd.cut >= 3)
            assert packets_in(await hear(client, "hello"))
        await health_when(its.http, lambda health: not health.busy and not health.waiting)
        assert packets_in(await hear(client, "hello again"))
        watching.cancel()
        assert memory.most < before + ROOM


async def test_a_wav_file_of_five_minutes_is_sent_whole_to_a_client_that_reads_it(
    path: Path,
) -> None:
    async with host(path) as its:
        status, wav, _ = await its.ask(body_of("x" * 5000, form="wav"))
    assert status == 200
    assert seconds_of(wav) == pytest.approx(300, abs=0.1)


async def test_an_answer_that_is_not_read_is_made_no_further_and_whole_when_it_is(
    path: Path,
) -> None:
    command = SynthesizeCommand(id="1", request=request("x" * 3000))
    async with host(path) as its, aclosing(its.http.synthesize(command)) as pieces:
        first = await within_patience(anext(pieces))
        # The client reads no more than a test asks for: the server waits, and does not count as
        # hung.
        health = await health_when(
            its.http, lambda health: [each.seconds_since_progress for each in health.busy] == [0.0]
        )
        assert [each.id for each in health.busy] == ["1"]
        grown = its.memory
        stream = first.data + await within_patience(rest(pieces))
        assert packets_in(stream) == pytest.approx(180 / 0.02, abs=3)
        assert len(stream) > 1.8 * MOST_UNREAD
        assert its.memory < grown + ROOM


async def test_readers_that_stall_give_their_slots_to_those_who_wait(path: Path) -> None:
    async with host(path) as its, its.client() as client:
        with Crowd(path) as crowd:
            crowd.send(posted(body_of("x" * 5000, form="ogg")), count=3)
            await health_when(its.http, lambda health: len(health.busy) == 2)
            assert packets_in(await hear(client, "hello"))
            assert crowd.cut >= 2


@pytest.mark.parametrize("form", ["ogg", "wav"])
async def test_a_reader_that_stalls_is_cut_also_where_nobody_waits(path: Path, form: str) -> None:
    async with host(path, patience=0.5) as its:
        with Crowd(path) as crowd:
            crowd.send(posted(body_of("x" * 5000, form=form)))
            await until(lambda: crowd.cut == 1)
        await health_when(its.http, lambda health: not health.busy and not health.waiting)


HEAD = b"GET /health HTTP/1.1\r\nHost: host\r\n\r\n"


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        HEAD[:-2],
        HEAD + HEAD[:-2],
        posted(b"{", length=100),
        posted(b"{" * MOST_PLAIN_BODY * 2, length=10 * MOST_PLAIN_BODY),
        posted(b"no JSON", length=7) + b"POST",
        HEAD * 2000,
    ],
    ids=[
        "nothing",
        "a letter",
        "half a head",
        "half a second head",
        "half a body",
        "half a large body",
        "a second request",
        "many, and none is read",
    ],
)
async def test_a_client_that_begins_and_does_not_go_on_is_cut(path: Path, begun: bytes) -> None:
    async with host(path, patience=0.5) as its:
        with Crowd(path) as crowd:
            crowd.send(begun)
            await until(lambda: crowd.cut == 1)
        assert (await its.http.health(within=PATIENCE)).state == "ready"


async def test_a_client_that_sends_a_letter_now_and_then_is_cut(path: Path) -> None:
    async with host(path, patience=0.5):
        with Crowd(path) as crowd:
            crowd.send(posted(b"{", length=10_000))
            (connection,) = crowd.sockets

            def is_cut() -> bool:
                try:
                    connection.send(b" ")
                except OSError:
                    return True
                return False

            await until(is_cut)


async def test_connections_without_a_word_are_bounded_and_keep_nobody_out(path: Path) -> None:
    async with host(path) as its, its.client() as client:
        with Crowd(path) as crowd:
            for _ in range(4):
                crowd.send(b"", count=MOST_CONNECTIONS // 2)
                assert packets_in(await hear(client, "hello"))
            await until(lambda: crowd.cut >= MOST_CONNECTIONS)
            assert psutil.Process(its.pid).num_fds() < 2 * MOST_CONNECTIONS
        assert client.state is EngineState.READY


class Refused(EngineSupervisor):
    """Notes when the server was full."""

    def __init__(self, url: str) -> None:
        super().__init__(SystemClock(), url=url)
        self.times = 0

    async def synthesize(
        self, request: SynthesisRequest, *, deadline_in: float
    ) -> AsyncGenerator[OggPiece, None]:
        try:
            async with aclosing(super().synthesize(request, deadline_in=deadline_in)) as pieces:
                async for piece in pieces:
                    yield piece
        except HostFull:
            self.times += 1
            raise


async def test_a_host_that_is_full_says_so_and_the_bot_asks_again(
    path: Path, tmp_path: Path
) -> None:
    async with host(path) as its:
        engine = Refused(its.url)
        async with speech_on(engine, tmp_path / "data") as speech:
            assert await spoken(speech, "alpha") == ["alpha"]
            with Crowd(path) as crowd:
                crowd.send(posted(body_of("hello {hang}", form="ogg")), count=MOST_REQUESTS)
                await health_when(
                    its.http, lambda health: len(health.busy) + health.waiting == MOST_REQUESTS
                )
                status, body, again = await its.ask(body_of("hello", form="ogg"))
                assert (status, json.loads(body)["code"], again) == (503, "full", "1")
                waiting = asyncio.create_task(spoken(speech, "beta"))
                # More often than a chunk is attempted: refusals do not count as attempts.
                await until(lambda: engine.times > 2)
                assert crowd.cut == 0
            assert await waiting == ["beta"]
        assert engine.times < 20


async def test_recordings_on_their_way_are_bounded_and_short_commands_pass_by_them(
    path: Path,
) -> None:
    async with host(path) as its:
        with Crowd(path) as crowd:
            begun = posted(b" " * (MOST_PLAIN_BODY + 1), length=20 * MOST_PLAIN_BODY)
            crowd.send(begun, count=MOST_RECORDINGS)

            async def is_full() -> bool:
                status, _, again = await its.ask(b" " * (MOST_PLAIN_BODY + 1))
                return (status, again) == (503, "1")

            await becomes(is_full, True)
            status, sound, _ = await its.ask(body_of("hello", form="ogg"))
            assert (status, sound[:4]) == (200, b"OggS")

        await becomes(is_full, False)
