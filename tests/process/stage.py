"""The real bot, as a process, on a local Discord: what every test of whole processes needs.

Knows: the bot's environment; two members who type and listen. Does not know: what the bot does.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox import Guild, Member, Message, Sandbox
from tests.process.hearing import Hearing
from tests.process.process import PATIENCE, Process, first

HOME: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Death:
    """A point at which the bot kills itself: "before" or "after" the nth call of a method."""

    when: str
    where: str  # module:Class.method
    nth: int = 1


class Stage:
    """A server where Alice and Bob sit in the voice channel Lounge, and type in #general.

    Processes run in `directory`, `data` is the bot's data directory, and `temporary` is for its
    temporary files. `heard` is what Bob hears.
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
        """From now on, `heard` is what this member hears."""
        self.heard = Hearing(member.recording)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, directory: Path, migrated: Path) -> AsyncIterator["Stage"]:
        """Everything but the bot. At the end no started process is left."""
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
        """The messages in the text channel."""
        return self.text.messages

    async def run(
        self, *arguments: str, typed: str | None = None, **settings: str | None
    ) -> Process:
        """Start `python ARGUMENTS`, with settings by their names in the environment (None: not
        set), and `typed` on a pipe as its input."""
        process = await Process.start(
            sys.executable,
            *arguments,
            directory=self.directory,
            environment=self._environment(settings),
            typed=typed,
        )
        self.processes.append(process)
        return process

    async def start(
        self, *, die: Death | None = None, faults: bool = False, **settings: str | None
    ) -> Process:
        """Start the bot and wait until it is connected. `die`: where it will kill itself; `faults`:
        see `tampered`."""
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
        """Wait until `process` has a gateway session that is not in `before`, and its commands are
        registered. Raises AssertionError if it ends instead."""
        gateway, registry = self.discord.gateway, self.discord.commands

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
            "MYNAH_REFERENCES_DIR": str(self.data / "given"),
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


async def shows(message: Message, words: str, timeout: float = PATIENCE) -> Message:
    """`message`, once it says `words`."""
    return await message.wait_for(lambda each: words in each.content, timeout)
