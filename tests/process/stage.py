"""The real bot, as a process, on a local Discord: what every test of whole processes needs.

Knows: how the bot is started, signalled and watched; two members who type and listen.
Does not know: what the bot does.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import psutil

from sandbox import Sandbox
from sandbox.guilds import Guild
from sandbox.members import Member
from sandbox.messages import Message
from sandbox.watch import Watch
from tests.process.hearing import Hearing

T = TypeVar("T")

HOME: Final = Path(__file__).resolve().parents[2]
#: Longer than anything takes on a busy machine; a test that waits so long has failed.
PATIENCE: Final = 30.0
#: What is promised to somebody who asks the bot to end.
EXIT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Death:
    """A point at which the bot kills itself: "before" or "after" the nth call of a method."""

    when: str
    where: str  # module:Class.method
    nth: int = 1


class Process:
    """A process of `mynah`, and what it writes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._output = bytearray()
        self._news = Watch()
        self._reading = asyncio.create_task(self._read(), name=f"output of {process.pid}")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while some := await self._process.stdout.read(65_536):
            self._output += some
            self._news.changed()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """Both of its streams, and those of the processes below it, so far."""
        return self._output.decode("utf-8", "replace")

    @property
    def hosts(self) -> list[psutil.Process]:
        """The engine's hosts that it runs."""
        return [each for each in self.below() if "engine.synthesis.host" in each.cmdline()]

    def below(self) -> list[psutil.Process]:
        """All processes that it has started, and those that these have."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    async def says(self, words: str, timeout: float = PATIENCE) -> None:
        """Until `words` stand in its output."""
        await self._news.until(lambda: words in self.output, timeout, f"{words!r} in the output")

    async def ended(self, timeout: float = PATIENCE) -> int:
        """Its exit code, or the negative number of the signal that ended it."""
        return await asyncio.wait_for(self._process.wait(), timeout)

    async def report(self) -> tuple[int, str]:
        """Its exit code and all that it wrote, once it has ended."""
        code = await self.ended(2 * PATIENCE)
        await asyncio.wait_for(asyncio.shield(self._reading), PATIENCE)
        return code, self.output

    async def end(self, number: signal.Signals) -> int:
        """Ask it to end; its exit code. Raises TimeoutError after the promised time."""
        self._process.send_signal(number)
        return await self.ended(EXIT_SECONDS)

    async def kill(self) -> None:
        """`kill -9`, and wait until it is dead."""
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def clear(self) -> None:
        """Kill it and all below it."""
        below = self.below()
        await self.kill()
        for each in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        await asyncio.wait_for(self._reading, PATIENCE)


class Stage:
    """A server where Alice and Bob sit in the voice channel Lounge, and type in #general.

    `directory` is where processes run, `data` the bot's data directory, `temporary` where it may
    put what it needs for a while. `heard` is what Bob hears.
    """

    def __init__(self, discord: Sandbox, directory: Path, temporary: Path) -> None:
        self.discord = discord
        self.directory = directory
        self.temporary = temporary
        self.data = directory / "data"
        self.guild: Guild = discord.guild("Home")
        self.text = self.guild.text("general")
        self.lounge = self.guild.voice("Lounge")
        self.alice: Member = self.guild.member("Alice")
        self.bob: Member = self.guild.member("Bob")
        self.processes: list[Process] = []
        self.heard: Hearing

    def heard_by(self, member: Member) -> None:
        """`heard` is what this member hears from now on."""
        self.heard = Hearing(member.recording)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, directory: Path, migrated: Path) -> AsyncIterator["Stage"]:
        """Everything but the bot. In the end nothing that was started is left."""
        with tempfile.TemporaryDirectory(prefix="stage-") as temporary:
            async with Sandbox() as discord:
                stage = cls(discord, directory, Path(temporary))
                stage.data.mkdir(parents=True)
                shutil.copy(migrated, stage.data / "mynah.db")
                await stage.alice.join(stage.lounge)
                await stage.bob.join(stage.lounge)
                stage.heard_by(stage.bob)
                try:
                    yield stage
                finally:
                    for process in stage.processes:
                        await process.clear()
                        print(f"--- process {process.pid}\n{process.output}")

    @property
    def messages(self) -> list[Message]:
        """What stands in the text channel."""
        return self.text.messages

    async def run(
        self, *arguments: str, typed: str | None = None, **settings: str | None
    ) -> Process:
        """Start `python ARGUMENTS`, with settings by their names in the environment (None: not
        set), and `typed` on a pipe as its input."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=self.directory,
            env=self._environment(settings),
            stdin=asyncio.subprocess.DEVNULL if typed is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        if typed is not None:
            assert process.stdin is not None
            process.stdin.write(typed.encode())
            process.stdin.close()
        self.processes.append(Process(process))
        return self.processes[-1]

    async def start(
        self, *, die: Death | None = None, faults: bool = False, **settings: str | None
    ) -> Process:
        """Start the bot and wait until it is connected. `die`: where it will kill itself;
        `faults`: see `tampered`."""
        before = set(self.discord.gateway.sessions)
        if die is None and not faults:
            process = await self.run("-m", "mynah", "run", **settings)
        else:
            how = [] if die is None else ["--die", die.when, die.where, str(die.nth)]
            how += ["--faults"] if faults else []
            process = await self.run("-m", "tests.process.tampered", *how, "run", **settings)
        await self.connected(process, before)
        return process

    async def connected(self, process: Process, before: set[str] | None = None) -> None:
        """Until `process` has a gateway session, none of those in `before`, and its commands are
        registered. Raises AssertionError if it ends instead."""
        gateway, registry = self.discord.gateway, self.discord.world.registry

        def is_there() -> bool:
            new = [each for each in gateway.sessions if each not in (before or set())]
            return (
                any(gateway.sessions[each].connection for each in new)
                and registry.find(self.guild.id, "say") is not None
            )

        until = self.discord.world.watch.until(is_there, PATIENCE, "a bot that is connected")
        await first(until, process)

    async def say(self, text: str, member: Member | None = None) -> Message:
        """A member types /say; the status message that answers."""
        who = member or self.alice
        interaction = await who.command("say", {"text": text})
        await interaction.answered(PATIENCE)
        return await interaction.original(PATIENCE)

    async def command(self, path: str) -> str:
        """Alice types a command without options; what the answer says."""
        interaction = await self.alice.command(path)
        await interaction.answered(PATIENCE)
        return (await interaction.original(PATIENCE)).content

    def _environment(self, settings: dict[str, str | None]) -> dict[str, str]:
        mine = {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "SSL_CERT_FILE": str(self.discord.certificate),
            "MYNAH_DATA_DIR": str(self.data),
            "MYNAH_ENGINE": "tone",
            "MYNAH_DISK_RESERVE": "0",
            "PYTHONPATH": str(HOME),
            "TMPDIR": str(self.temporary),
        }
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MYNAH_", "DISCORD_"))
        }
        chosen = inherited | mine | settings
        return {name: value for name, value in chosen.items() if value is not None}


async def first(work: Coroutine[Any, Any, T], process: Process) -> T:
    """What `work` comes to. Raises AssertionError if `process` ends before."""
    working = asyncio.create_task(work)
    ending = asyncio.create_task(process.ended(10 * PATIENCE))
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        assert working.done(), f"the process has ended with {ending.result()}"
        return working.result()
    finally:
        for task in (working, ending):
            task.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)


async def shows(message: Message, words: str, timeout: float = PATIENCE) -> Message:
    """`message`, once it says `words`."""
    return await message.wait_for(lambda each: words in each.content, timeout)


async def gone(processes: list[psutil.Process], timeout: float = PATIENCE) -> bool:
    """Whether all of them end within `timeout` seconds."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout)
    return not alive
