"""A small server on the local Discord, for the demo: two members in a voice channel, and a printer
of the messages that they see.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Final, Self, TypeVar

from engine.base.aio import first_of
from sandbox import Channel, Guild, Interaction, Member, Message, Sandbox
from sandbox.protocol.voice.recording import Recording

T = TypeVar("T")

STOP_SECONDS: Final = 5.0


class DemoFault(Exception):
    """What went wrong, in a sentence."""


class Scene:
    """Alice and Bob are in the voice channel Lounge; they type in #general."""

    def __init__(self, discord: Sandbox, guild: Guild) -> None:
        self.discord = discord
        self.guild = guild
        self.text: Channel = guild.text("general")
        self.lounge: Channel = guild.voice("Lounge")
        self.speaker: Member = guild.member("Alice")
        self.listener: Member = guild.member("Bob")

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        async with Sandbox() as discord:
            scene = cls(discord, discord.guild("Demo"))
            await scene.speaker.join(scene.lounge)
            await scene.listener.join(scene.lounge)
            yield scene

    @property
    def recording(self) -> Recording:
        """What the listener has heard."""
        return self.listener.recording

    async def ready(self, seconds: float) -> None:
        """Until the bot is connected and its commands are registered. Raises TimeoutError."""
        await self.discord.gateway.connected(timeout=seconds)
        await self.discord.world.watch.until(
            lambda: self.discord.commands.find(self.guild.id, "say") is not None,
            seconds,
            "the bot's commands",
        )


class MessagePrinter:
    """Prints messages as they come and change; each state once."""

    def __init__(self) -> None:
        self._printed: dict[int, str] = {}

    async def follow(self, message: Message) -> None:
        """Print every change of `message` until it is deleted or this is cancelled."""
        while not message.deleted:
            self.show(message)
            await message.wait_for(self._has_changed, timeout=86_400)

    def _has_changed(self, message: Message) -> bool:
        return message.deleted or _shown(message) != self._printed.get(message.id)

    def show(self, message: Message) -> None:
        shown = _shown(message)
        if self._printed.get(message.id) == shown:
            return
        who = "bot, only to you" if message.ephemeral else "bot"
        mark = "~" if message.id in self._printed else " "
        self._printed[message.id] = shown
        for number, line in enumerate(shown.splitlines()):
            indent = f"{mark} {who}: " if number == 0 else " " * (len(who) + 4)
            print(f"{indent}{line}", flush=True)


def _shown(message: Message) -> str:
    text = message.content
    for member in message.channel.users().values():
        text = text.replace(member.mention, f"@{member.name}")
    place = message.channel
    for channel in place.guild.channels.values() if isinstance(place, Channel) else ():
        text = text.replace(f"<#{channel.id}>", f"#{channel.name}")
    buttons = " ".join(f"[{label}]" for label in message.buttons)
    files = " ".join(f"<{each.file.filename}>" for each in message.attachments)
    return "\n".join(part for part in (text, files, buttons) if part)


async def answer_of(interaction: Interaction) -> Message:
    """The message that answers it. Raises DemoFault if there is none in time."""
    await interaction.answered(timeout=5.0)
    if interaction.refused or interaction.message is None:
        raise DemoFault(f"the bot did not answer {interaction!r} within three seconds")
    return await interaction.original()


async def unless_it_ends(work: Awaitable[T], process: asyncio.subprocess.Process) -> T:
    """The result of `work`. Raises DemoFault if the bot's process ends before, and on a timeout."""
    working = asyncio.ensure_future(work)
    try:
        if await first_of(working, process.wait()):
            raise DemoFault(f"the bot's process ended with exit code {process.returncode}")
        return working.result()
    except TimeoutError as error:
        raise DemoFault(str(error)) from error


async def stop(process: asyncio.subprocess.Process) -> None:
    """Terminate a process that we started; kill it if it does not end in time."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
