"""For tests of the engine server: real servers, and ways to listen to them."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from engine.base.clock import SystemClock
from engine.model.engine import SynthesisRequest
from engine.model.errors import EngineUnavailable
from engine.tts.audio.ogg import OggPiece, OggReader
from engine.tts.client.host import Recordings
from engine.tts.client.http import EngineHttpClient
from engine.tts.client.process import HostOptions, HostProcess
from engine.tts.client.supervisor import EngineSupervisor
from engine.tts.protocol import Health
from tests.process.process import Process

HOME = Path(__file__).resolve().parents[2]
#: Seconds after which a wait fails. It measures nothing.
PATIENCE = 20.0

T = TypeVar("T")

without_chatterbox = pytest.mark.skipif(
    all(find_spec(package) for package in ("torch", "chatterbox")),
    reason="the extra `chatterbox` is installed here",
)


def host_options(
    engine: str = "tone",
    *,
    pace: float = 0.0,
    state_dir: Path | None = None,
    slots: int | None = None,
) -> HostOptions:
    return HostOptions(
        engine=engine, pace=pace, state_dir=state_dir, slots=slots, log_level="error"
    )


@asynccontextmanager
async def ready_client(
    engine: str = "tone",
    *,
    pace: float = 0.0,
    hang_limit: float = 30.0,
    recordings: Recordings = lambda reference: None,
    state_dir: Path | None = None,
    slots: int | None = None,
) -> AsyncIterator[EngineSupervisor]:
    """A supervisor with a local server, ready to speak."""
    client = EngineSupervisor(
        SystemClock(),
        options=host_options(engine, pace=pace, state_dir=state_dir, slots=slots),
        hang_limit=hang_limit,
        recordings=recordings,
    )
    await client.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await client.info()
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def ready_process(
    engine: str = "tone", *, pace: float = 0.0
) -> AsyncIterator[tuple[HostProcess, EngineHttpClient]]:
    """A server's process without a supervisor, and an HTTP client of it."""
    process = await HostProcess.start(host_options(engine, pace=pace))
    http = EngineHttpClient(f"unix://{process.socket}")
    try:
        await health_when(http, lambda health: health.state == "ready")
        yield process, http
    finally:
        await http.close()
        await process.close()


@asynccontextmanager
async def tone_host_at(socket: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A server that nothing restarts; it has ended in any case after the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine.tts.server", "--engine=tone", f"--socket={socket}"),
        "--log-level=error",
    )
    http = EngineHttpClient(f"unix://{socket}")
    try:
        await health_when(http, lambda health: health.state == "ready")
        yield process
    finally:
        await http.close()
        if process.returncode is None:
            process.kill()
        await within_patience(process.wait())
        await asyncio.to_thread(socket.unlink, missing_ok=True)


@dataclass(frozen=True, slots=True)
class NetworkHost:
    """A server at a port of this machine, started as an operator starts it."""

    process: Process
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def mynah_engine(
    directory: Path, *options: str, token: str | None = None
) -> AsyncIterator[Process]:
    """`mynah engine` with the tone engine, in `directory`."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MYNAH_", "DISCORD_"))
    }
    mine = {"PYTHONPATH": str(HOME)} | ({"MYNAH_ENGINE_TOKEN": token} if token else {})
    process = await Process.start(
        *(sys.executable, "-m", "mynah", "engine", "--engine=tone", "--log-format=json", *options),
        directory=directory,
        environment=inherited | mine,
        typed=None,
    )
    try:
        yield process
    finally:
        await process.clear()
        print(f"--- host {process.pid}\n{process.output}")


@asynccontextmanager
async def network_host(
    directory: Path, *options: str, token: str | None = None, port: int = 0
) -> AsyncIterator[NetworkHost]:
    async with mynah_engine(directory, f"--port={port}", *options, token=token) as process:
        await process.says('"event": "the engine is ready"')
        at = next(line for line in process.output.splitlines() if '"the host listens"' in line)
        yield NetworkHost(process, json.loads(at)["port"])


async def health_of(client: EngineSupervisor) -> Health:
    """The report of the local server."""
    assert client.pid is not None
    http = EngineHttpClient(f"unix://{socket_of(client.pid)}")
    try:
        return await http.health(within=PATIENCE)
    finally:
        await http.close()


async def health_when(http: EngineHttpClient, holds: Callable[[Health], bool]) -> Health:
    """The server's health as soon as `holds` is true for it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                health = await http.health(within=1)
            except EngineUnavailable:
                pass
            else:
                if holds(health):
                    return health
            await asyncio.sleep(0.01)


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as `holds` is true."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event to give
            await asyncio.sleep(0.01)


async def within_patience(awaited: Awaitable[T]) -> T:
    async with asyncio.timeout(PATIENCE):
        return await awaited


def request(text: str, voice: str = "low") -> SynthesisRequest:
    return SynthesisRequest(text=text, voice=voice)


async def hear(
    client: EngineSupervisor, text: str, voice: str = "low", *, deadline_in: float = 0.0
) -> bytes:
    """The whole stream of `text`."""
    async with asyncio.timeout(PATIENCE):
        stream = client.synthesize(request(text, voice), deadline_in=deadline_in)
        async with aclosing(stream) as pieces:
            return b"".join([piece.data async for piece in pieces])


async def rest(pieces: AsyncIterator[OggPiece]) -> bytes:
    """The rest of a stream."""
    return b"".join([piece.data async for piece in pieces])


def packets_in(stream: bytes) -> int:
    reader = OggReader()
    packets = reader.feed(stream)
    assert reader.complete
    return len(packets)


def socket_of(pid: int) -> Path:
    """Where the server of that process listens."""
    argument = next(word for word in psutil.Process(pid).cmdline() if word.startswith("--socket="))
    return Path(argument.removeprefix("--socket="))


def is_there(path: Path) -> bool:
    return path.exists()


def environment_of(pid: int) -> dict[str, str]:
    return psutil.Process(pid).environ()


def is_gone(pid: int) -> bool:
    """Whether no such process runs; a zombie counts as gone."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
