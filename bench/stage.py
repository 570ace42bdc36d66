"""The setting for end-to-end measurements: a local Discord here, a bot in its own process.

Knows: how the bot is started, what one spoken job looks like from the voice server's side.
Does not know: what is measured.

All times are `time.monotonic()` of this process, in which the sandbox runs: it stamps each command
when it is dispatched, and each datagram when it arrives. So a figure includes everything between:
both gateways' sockets, the bot, its engine's server, and the frame's way back.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from engine.base.settings import load_settings
from mynah.scene import Scene, stop, unless_it_ends
from sandbox import Interaction, Sandbox
from sandbox.protocol.voice.connection import VoiceConnection

START_SECONDS: Final = 60.0
SOUND_SECONDS: Final = 30.0
JOB_SECONDS: Final = 120.0

#: Arguments that start the bot, and the plain one for comparison.
MYNAH: Final = ("-m", "mynah", "run")
PLAIN: Final = ("-m", "bench.plain_bot")


@dataclass(frozen=True, slots=True)
class Timing:
    """One command, and the arrival times of its frames."""

    dispatched: float
    first_frame: float
    first_sound: float

    @property
    def to_frame(self) -> float:
        return self.first_frame - self.dispatched

    @property
    def to_sound(self) -> float:
        return self.first_sound - self.dispatched


class Stage:
    """Servers, each with a member who speaks and one who listens, and a bot that serves them."""

    def __init__(
        self,
        discord: Sandbox,
        scenes: Sequence[Scene],
        process: asyncio.subprocess.Process,
        data: Path,
    ) -> None:
        self.discord = discord
        self.scenes = scenes
        self.process = process
        self.data = data

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        command: Sequence[str] = MYNAH,
        *,
        servers: int = 1,
        settings: Mapping[str, object] | None = None,
    ) -> AsyncIterator[Self]:
        """Enter when the bot is ready. `settings` go into its environment."""
        with workplace() as data:
            async with Sandbox() as discord:
                scenes = [Scene(discord, discord.guild(f"Server {n}")) for n in range(servers)]
                for scene in scenes:
                    await scene.speaker.join(scene.lounge)
                    await scene.listener.join(scene.lounge)
                environment = {
                    "MYNAH_LOG_LEVEL": "error",
                    **os.environ,
                    **{name: str(value) for name, value in (settings or {}).items()},
                    "DISCORD_TOKEN": discord.token,
                    "DISCORD_API_URL": discord.api_url,
                    "SSL_CERT_FILE": str(discord.certificate),
                    "MYNAH_DATA_DIR": str(data),
                }
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *command,
                    env=environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                )
                try:
                    stage = cls(discord, scenes, process, data)
                    for scene in scenes:
                        await unless_it_ends(scene.ready(START_SECONDS), process)
                    yield stage
                finally:
                    await stop(process)

    async def warm(self, scene: Scene) -> None:
        """Make the bot join and speak there once."""
        await self.say(scene, "Ready.")

    async def dispatch(self, scene: Scene, text: str) -> tuple[float, Interaction]:
        """Use `/say` as a member. Returns when Discord sent it to the bot, and the interaction."""
        at = time.monotonic()
        return at, await scene.speaker.command("say", {"text": text}, channel=scene.text)

    async def say(self, scene: Scene, text: str) -> Timing:
        """Use `/say` as a member, and wait until the bot has spoken all of it."""
        at, interaction = await self.dispatch(scene, text)
        try:
            spoken = await self.spoken(scene, at)
        except TimeoutError as error:
            raise RuntimeError(f"nothing was heard; the answer: {interaction.content}") from error
        await self.until_idle(scene, since=spoken.first_sound)
        return spoken

    async def spoken(self, scene: Scene, dispatched: float) -> Timing:
        """The frames after a command to a silent bot; returns at the first sound."""
        sound = await scene.recording.until_sound(SOUND_SECONDS, after=dispatched)
        arrivals = self.connection(scene).arrivals
        return Timing(dispatched, arrivals[bisect_right(arrivals, dispatched)], sound)

    async def until_idle(self, scene: Scene, *, since: float) -> None:
        """Wait until the bot signals that it no longer speaks."""

        def idle() -> bool:
            flags = self.connection(scene).speaking[-1]
            return flags[0] > since and flags[1] == 0

        await self.discord.voice.wait_for(lambda _: idle(), JOB_SECONDS)

    async def stop(self, scene: Scene) -> None:
        """Stop the bot's speech as the member."""
        at = time.monotonic()
        await scene.speaker.command("stop", channel=scene.text)
        await self.until_idle(scene, since=at)

    def connection(self, scene: Scene) -> VoiceConnection:
        found = self.discord.voice.connection(scene.guild.id)
        assert found is not None
        return found


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A temporary directory on the disk where the bot keeps its data: the figures include commits,
    and the system's temporary directory may be in memory."""
    data = load_settings().mynah_data_dir
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=data) as directory:
        yield Path(directory).resolve()
