"""A small server on the local Discord, for the demo: two members in a voice channel, and a teller.

Knows: who is there, how what they see is printed. Does not know: the bot, what is said.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

from sandbox import Channel, Guild, Interaction, Member, Message, Sandbox


class DemoFault(Exception):
    """What went wrong, in a sentence."""


class Scene:
    """Alice and Bob sit in the voice channel Lounge; what is typed is typed in #general."""

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
    def recording(self) -> Any:
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


class Teller:
    """Prints messages as they come and change; each state once."""

    def __init__(self) -> None:
        self._told: dict[int, str] = {}

    async def follow(self, message: Message) -> None:
        """Print every change of `message` until it is deleted or this is cancelled."""
        while not message.deleted:
            self.tell(message)
            await message.wait_for(self._is_news, timeout=86_400)

    def _is_news(self, message: Message) -> bool:
        return message.deleted or _shown(message) != self._told.get(message.id)

    def tell(self, message: Message) -> None:
        shown = _shown(message)
        if self._told.get(message.id) == shown:
            return
        who = "bot, only to you" if message.ephemeral else "bot"
        mark = "~" if message.id in self._told else " "
        self._told[message.id] = shown
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
    """The message that answers it. Raises DemoFault when there is none in time."""
    await interaction.answered(timeout=5.0)
    if interaction.refused or interaction.message is None:
        raise DemoFault(f"the bot did not answer {interaction!r} within three seconds")
    return await interaction.original()


async def first(work: Any, process: asyncio.subprocess.Process) -> Any:
    """What `work` comes to. Raises DemoFault when the bot's process ends before."""
    working = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise DemoFault(f"the bot's process ended with exit code {process.returncode}")
    except TimeoutError as error:
        raise DemoFault(str(error)) from error
    finally:
        for task in (working, ending):
            task.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)
