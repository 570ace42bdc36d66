"""A process on one core that sends sound into many voice channels, in one of three ways.

    mynah      the bot's own path: Connection, FrameSender, FrameSource and one frame clock for all
    plain      discord.py unchanged, with a player thread for each connection, ready-made packets
    encoding   the same, each frame encoded to Opus as it is due

It reads numbers from its standard input, one a line. For each it joins that many further channels,
speaks in them too, and prints the number. It ends with its input.
"""

import argparse
import asyncio
import ctypes.util
import itertools
import os
import random
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final, cast

import aiohttp
import discord

from bot.discord_io.gateway import locate
from bot.voice.connection import Connection, Disconnect
from bot.voice.frame_clock import ThreadFrameClock
from bot.voice.frame_sender import FrameSender, LeadIn
from engine.base.clock import SystemClock
from engine.base.logging import set_up_logging
from engine.model.audio_format import CHANNELS, SAMPLES_PER_FRAME
from engine.model.jobs import Chunk
from engine.queue import PlaybackQueue
from engine.queue.audio_stream import PacketStream, PlaybackItem
from engine.tts.audio.ogg import OggReader
from mynah.testing.fake_engine import fake_job

#: Simultaneous joins; more would only wait for each other.
JOINING: Final = 4
#: A join in which discord.py missed an update hangs (see bot/voice/connection.py): retry.
JOIN_SECONDS: Final = 8.0
TRIES: Final = 3
#: Streams begin at different moments within this many seconds, as in real use.
WITHIN: Final = 1.0

Speak = Callable[[discord.VoiceChannel], Awaitable[None]]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--ogg", type=Path, required=True)
    parser.add_argument("--pcm", type=Path, required=True)
    parser.add_argument("--opus", help="the Opus library, for who encodes")
    parser.add_argument("--core", type=int, help="stay on this one")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})  # later threads inherit it
    set_up_logging("error", "console")
    token, url = os.environ["DISCORD_TOKEN"], os.environ["DISCORD_API_URL"]
    async with aiohttp.ClientSession() as session:
        await locate(session, url, token)
    client = discord.Client(
        intents=discord.Intents(guilds=True, voice_states=True), guild_ready_timeout=0.5
    )
    async with client:
        await client.login(token)
        connecting = asyncio.create_task(client.connect())  # noqa: F841, RUF006 - until the end
        await client.wait_until_ready()
        # Discord accepts 120 events a minute, and discord.py obeys. The limit slows joining,
        # which would take minutes here, but not sending, which is what we measure.
        limiter = client.ws._rate_limiter
        limiter.max = limiter.remaining = sys.maxsize
        await _obey(client, WAYS[arguments.way](arguments))
        os._exit(0)  # closing hundreds of connections one by one is not needed


async def _obey(client: discord.Client, speak: Speak) -> None:
    channels = iter(sorted((g.voice_channels[0] for g in client.guilds), key=lambda c: c.id))
    rng, speaking = random.Random(6), 0
    places = asyncio.Semaphore(JOINING)

    async def begin(channel: discord.VoiceChannel) -> None:
        async with places:
            await asyncio.sleep(rng.uniform(0, WITHIN / JOINING))
            for left in reversed(range(TRIES)):
                try:
                    await speak(channel)
                    break
                except TimeoutError:
                    if not left:
                        raise

    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = int(line)
        new = itertools.islice(channels, wanted - speaking)
        await asyncio.gather(*(begin(channel) for channel in new))
        speaking = wanted
        print(speaking, flush=True)


# The bot's own path


def _disconnected(connection: Connection, disconnect: Disconnect) -> None:
    """Nothing is repaired here."""
    print(f"disconnected: {disconnect}", file=sys.stderr, flush=True)


class _Endless:
    """A lane that always has another complete chunk."""

    def __init__(self, packets: list[bytes]) -> None:
        self._job = fake_job(1, lane="1")
        self._chunk = Chunk(job_id=1, position=0, text="", pause_after=0.0)
        self._sound = PacketStream()
        self._sound.grow(packets)
        self._sound.finish()

    async def next(self) -> PlaybackItem:
        return PlaybackItem(self._job, self._chunk, self._sound, 0.0)

    async def started(self, item: PlaybackItem) -> None:
        pass

    async def spoken(self, item: PlaybackItem) -> None:
        pass


def _mynah(arguments: argparse.Namespace) -> Speak:
    packets = _packets(arguments.ogg)
    frame_clock = ThreadFrameClock()
    running: set[FrameSender] = set()

    async def speak(channel: discord.VoiceChannel) -> None:
        clock = SystemClock()

        def make(client: discord.Client, connectable: discord.abc.Connectable) -> Connection:
            return Connection(client, connectable, clock, lambda channel_id: None, _disconnected)

        connection = await channel.connect(
            cls=make, timeout=JOIN_SECONDS, reconnect=False, self_deaf=True
        )
        sender = FrameSender(
            connection,
            cast("PlaybackQueue", _Endless(packets)),
            frame_clock,
            clock,
            LeadIn(join=0.0, pause=0.0),
        )
        sender.start(lambda: print("a sender has ended", file=sys.stderr, flush=True))
        running.add(sender)

    return speak


# discord.py's path


class _Ready(discord.AudioSource):
    def __init__(self, packets: Iterator[bytes]) -> None:
        self._packets = packets

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        return next(self._packets)


class _Raw(discord.AudioSource):
    def __init__(self, frames: Iterator[bytes]) -> None:
        self._frames = frames

    def read(self) -> bytes:
        return next(self._frames)


def _plain(arguments: argparse.Namespace) -> Speak:
    packets = _packets(arguments.ogg)
    return _play(lambda: _Ready(itertools.cycle(packets)))


def _encoding(arguments: argparse.Namespace) -> Speak:
    discord.opus.load_opus(arguments.opus or ctypes.util.find_library("opus") or "opus")
    pcm = arguments.pcm.read_bytes()
    size = SAMPLES_PER_FRAME * CHANNELS * 2
    frames = [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]
    return _play(lambda: _Raw(itertools.cycle(frames)))


def _play(source: Callable[[], discord.AudioSource]) -> Speak:
    async def speak(channel: discord.VoiceChannel) -> None:
        connection: discord.VoiceClient = await channel.connect(
            timeout=JOIN_SECONDS, reconnect=False, self_deaf=True
        )
        connection.play(source())

    return speak


def _packets(ogg: Path) -> list[bytes]:
    return OggReader().feed(ogg.read_bytes())


WAYS: Final[dict[str, Callable[[argparse.Namespace], Speak]]] = {
    "mynah": _mynah,
    "plain": _plain,
    "encoding": _encoding,
}

if __name__ == "__main__":
    asyncio.run(main())
