"""`mynah demo`: a text spoken on a local Discord, seen and heard by two members.

Knows: the scene (a server, two members, one voice channel), what is printed, what counts as a
fault. Does not know: how the bot works. The bot is a process of its own, which the demo reaches
through Discord's protocols only.
"""

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.base.aio import TaskSet
from engine.base.settings import Settings, load_settings
from engine.model.errors import SetupError
from mynah.chat import converse
from mynah.scene import DemoFault, MessagePrinter, Scene, answer_of, stop, unless_it_ends

TEXT: Final = (
    "Hello! This is mynah, speaking in your voice channel. Every word of this was synthesized "
    "on this machine, sentence by sentence, while the sentence before was playing. What you "
    "hear was encrypted end to end, sent over the network, and decoded again by a listener. "
    "Nothing is clipped at the start, and nothing is cut off at the end."
)

START_SECONDS: Final = 60.0
SOUND_SECONDS: Final = 30.0
OUTCOME_SECONDS: Final = 600.0
#: A listener notices a longer gap in speech.
LONGEST_GAP: Final = 1.5


@dataclass(frozen=True, slots=True)
class Measures:
    """Seconds, as the listener heard them."""

    first_sound: float  # from the command
    length: float
    longest_gap: float


def demo(*, text: str | None, chat: bool) -> int:
    """Run the demo. Returns 0, or 1 with a reason printed."""
    try:
        asyncio.run(_demo(load_settings(), text or TEXT, talk=chat))
    except (DemoFault, SetupError, OSError) as fault:
        print(f"The demo failed: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


async def _demo(settings: Settings, text: str, *, talk: bool) -> None:
    folder = settings.mynah_data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    heard = folder / "heard.wav"
    heard.unlink(missing_ok=True)
    data = folder / "bot"
    shutil.rmtree(data, ignore_errors=True)
    async with Scene.open() as scene, _bot(scene, data) as process:
        await unless_it_ends(scene.ready(START_SECONDS), process)
        if talk:
            await converse(scene, process)
        else:
            await _speak(scene, process, text)
        scene.recording.save(heard)
        print(f"What {scene.listener.name} heard: {heard}")


@contextlib.asynccontextmanager
async def _bot(scene: Scene, data: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The real bot, in a process of its own."""
    environment = {
        "MYNAH_LOG_LEVEL": "warning",
        **os.environ,
        "DISCORD_TOKEN": scene.discord.token,
        "DISCORD_API_URL": scene.discord.api_url,
        "SSL_CERT_FILE": str(scene.discord.certificate),
        "MYNAH_DATA_DIR": str(data),
        "MYNAH_REFERENCES_DIR": str(data / "given"),  # deleted with the rest of the demo
    }
    environment.pop("MYNAH_GUILDS", None)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mynah",
        "run",
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        await stop(process)


async def _speak(scene: Scene, process: asyncio.subprocess.Process, text: str) -> None:
    """One member says `text`, another listens."""
    print(f"Alice types: /say text: {text}")
    began = time.monotonic()
    interaction = await scene.speaker.command("say", {"text": text}, channel=scene.text)
    message = await answer_of(interaction)
    printing = TaskSet()
    printing.start(MessagePrinter().follow(message), name="messages")
    try:
        if message.ephemeral:
            raise DemoFault("the bot refused to speak: its answer above says why")
        await unless_it_ends(scene.recording.until_sound(SOUND_SECONDS), process)
        outcome = message.wait_for(lambda each: "Replay" in each.buttons, timeout=OUTCOME_SECONDS)
        await unless_it_ends(outcome, process)
    finally:
        await asyncio.sleep(0)  # let the last change be printed
        await printing.cancel()
    _check(measure(scene, began), message.content, scene.recording.undecodable)


def measure(scene: Scene, began: float) -> Measures:
    """Measure the listener's recording. Raises DemoFault if nothing was heard."""
    start, end = scene.recording.first_sound, scene.recording.last_sound
    if start is None or end is None:
        raise DemoFault("the listener heard nothing")
    return Measures(start - began, end - start, scene.recording.longest_gap())


def _check(found: Measures, outcome: str, undecodable: int) -> None:
    print(
        f"Time to first sound {found.first_sound:.2f} s, length {found.length:.1f} s, "
        f"longest gap {found.longest_gap:.2f} s."
    )
    if "Spoken in" not in outcome:
        raise DemoFault("the text was not spoken to its end")
    if undecodable:
        raise DemoFault(f"the listener could not decrypt {undecodable} frames")
    if found.longest_gap > LONGEST_GAP:
        raise DemoFault("there was a gap in the speech")
