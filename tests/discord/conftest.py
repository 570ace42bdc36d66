"""The real bot against the sandbox, in one process and one event loop.

discord   the sandbox
scene     a server with channels and members, some of them in voice (`scene.py`)
clock     real time that a test can push forward, for the bot and for Discord
start     starts the bot on the test's data directory: `await start(mynah_hide_text=True)`;
          a second `await start()` after `await bot.stop()` is a restart. With `engine=…` another
          engine than the server that speaks by eSpeak; with `wait=False` start does not wait
bot       a bot that is up, with default settings (`running.py`)
give      a voice that a member has already: `await give("Morning")` (`given.py`)
faults    what was logged as an error; a test that causes some clears it, else it fails
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route

from engine.model.voices import Voice
from engine.tts.client.engine import Engine
from engine.tts.client.process import HostOptions, HostProcess
from engine.tts.client.supervisor import EngineSupervisor
from sandbox import Member, Message, Sandbox
from tests.discord.given import Give, give_voice
from tests.discord.running import Running, RunningClock, settings_for
from tests.discord.scene import Scene


class Start(Protocol):
    async def __call__(
        self, *, engine: Engine | None = None, wait: bool = True, **settings: Any
    ) -> Running: ...


#: discord.py's UDP discovery receives its answer after a join was given up. Python 3.13 leaves out
#: what the answer was.
_DISCOVERED_LATE = (
    "Exception in callback Future.set_result(b'\\x00\\x02",
    "Exception in callback Future.set_result()\n",
)


class _Errors(logging.Handler):
    """discord.py, asyncio and the sandbox's web server report through the standard library."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        words = self.format(record)
        if not words.startswith(_DISCOVERED_LATE):
            self._found.append(words)


@pytest.fixture(autouse=True)
def faults() -> Iterator[list[str]]:
    """What was logged as an error. A test passes if there is nothing."""
    found: list[str] = []

    def keep(_: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        # The next start completes messages that wait for Discord's limits.
        is_late = event["event"] == "did not end in time" and event["what"] != "messages"
        if method in ("error", "exception", "critical") or is_late:
            found.append(f"{event['event']} {event}")
        return event

    before = structlog.get_config()
    structlog.configure(processors=[keep, *before["processors"]])
    handler = _Errors(found)
    logging.getLogger().addHandler(handler)
    yield found
    logging.getLogger().removeHandler(handler)
    structlog.configure(**before)
    assert not found, "\n".join(found)


@pytest.fixture(scope="session")
def host() -> Iterator[str]:
    """The address of one engine server for all tests: eSpeak, in a process of its own."""
    with asyncio.Runner() as runner:
        process = runner.run(HostProcess.start(HostOptions(engine="espeak", log_level="warning")))
        yield f"unix://{process.socket}"
        runner.run(process.close())


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    # The bot changes discord.py's address for the whole process: restore it after the test.
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    async with Sandbox() as discord:
        yield discord
        pinged = [each for each in _sent_by_bot(discord) if each.pings or each.unfurls]
        assert not pinged, "no message may ping or unfurl"
        allowed = [each for message in _sent_by_bot(discord) for each in message.allowed_mentions]
        assert all(each == {"parse": []} for each in allowed), "every send and edit must say so"


def _sent_by_bot(discord: Sandbox) -> list[Message]:
    bot = discord.world.application_id
    return [each for each in discord.world.messages.values() if each.author.id == bot]


@pytest.fixture
async def scene(discord: Sandbox) -> Scene:
    scene = Scene(discord)
    await scene.ada.join(scene.lounge)
    await scene.bob.join(scene.lounge)
    return scene


@pytest.fixture
def clock(discord: Sandbox) -> RunningClock:
    return RunningClock(discord)


@pytest.fixture
async def start(
    discord: Sandbox,
    clock: RunningClock,
    host: str,
    migrated: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Start]:
    monkeypatch.setattr("bot.client.GUILD_READY_SECONDS", 0.01)
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(migrated, data / "mynah.db")
    started: list[Running] = []

    async def start(*, engine: Engine | None = None, wait: bool = True, **settings: Any) -> Running:
        built = settings_for(discord, data, **settings)
        engine = engine or EngineSupervisor(clock, url=host)
        running = await Running.start(discord, built, clock, engine, wait=wait)
        started.append(running)
        return running

    yield start
    for running in started:
        await running.stop()


@pytest.fixture
async def bot(scene: Scene, start: Start) -> Running:
    return await start()


@pytest.fixture
def give(bot: Running, scene: Scene, tmp_path: Path) -> Give:
    """A voice that exists already. Its recording comes from outside of the bot's folders."""

    async def give(name: str, *, owner: Member | None = None, **how: Any) -> Voice:
        outside = tmp_path / "given"
        outside.mkdir(exist_ok=True)
        return await give_voice(bot, owner or scene.ada, name, folder=outside, **how)

    return give
