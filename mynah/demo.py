"""`mynah demo`: a text spoken on a local Discord, seen and heard by two members. With `--chat`, a
prompt for commands, typed as a member would.

Knows: what is printed, what counts as a fault, how a typed line becomes a command with its options.
Does not know: how the bot works, or what any command does: it looks each one up among those that
the bot registered. The bot is a process of its own, which the demo reaches through Discord's
protocols only.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

from engine.base.aio import TaskSet
from engine.base.settings import Settings, load_settings
from engine.model.errors import SetupError
from mynah.scene import DemoFault, MessagePrinter, Scene, answer_of, stop, unless_it_ends
from sandbox import Interaction, Message, NotPossible
from sandbox.protocol.voice import Recording

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

HELP: Final = (
    "You are Alice, in the voice channel Lounge with Bob. Type commands as on Discord: /say hello, "
    "/skip, /queue view, /leave. Name options like this: /say text: hello voice: en-gb. Type "
    "!Skip, !Stop, !Replay or !Download to press a button of the last message. Type /quit or press "
    "Ctrl-D to end."
)
PROMPT: Final = "Alice> "
SUBCOMMANDS: Final = (1, 2)
#: The demo closes when all lines from a pipe are answered, or when nothing is heard or changes for
#: so long. Shorter if the bot has left the channel.
QUIET_SECONDS: Final = 60.0
OUT_SECONDS: Final = 2.0


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
            await _converse(scene, process)
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
        *(sys.executable, "-m", "mynah", "run"),
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
    _check(scene.recording, began, message.content)


def _check(heard: Recording, began: float, outcome: str) -> None:
    """Print what the listener heard since the command. Raises DemoFault if it is not as it should
    be."""
    start, end, longest_gap = heard.first_sound, heard.last_sound, heard.longest_gap()
    if start is None or end is None:
        raise DemoFault("the listener heard nothing")
    print(
        f"Time to first sound {start - began:.2f} s, length {end - start:.1f} s, "
        f"longest gap {longest_gap:.2f} s."
    )
    if "Spoken in" not in outcome:
        raise DemoFault("the text was not spoken to its end")
    if heard.undecodable:
        raise DemoFault(f"the listener could not decrypt {heard.undecodable} frames")
    if longest_gap > LONGEST_GAP:
        raise DemoFault("there was a gap in the speech")


# ---- the chat


async def _converse(scene: Scene, process: asyncio.subprocess.Process) -> None:
    """Read lines until the end of input. Raises DemoFault if the bot's process ends before."""
    print(HELP, flush=True)
    lines = _lines()
    printer, followers = MessagePrinter(), TaskSet()
    messages: list[Message] = []
    try:
        while (line := await unless_it_ends(lines.get(), process)) not in (None, "/quit"):
            try:
                message = await answer_of(await _send(scene, line, messages))
            except (NotPossible, DemoFault, ValueError) as error:
                print(f"  {error}", flush=True)
                continue
            messages.append(message)
            followers.start(printer.follow(message), name="messages")
            await asyncio.sleep(0)
        if not sys.stdin.isatty():
            await unless_it_ends(_until_quiet(scene, messages), process)
            await asyncio.sleep(0)
    finally:
        await followers.cancel()


async def _until_quiet(scene: Scene, messages: list[Message]) -> None:
    """Until every text is over, or nothing happens: a pause, or the bot has left."""
    before, since = None, time.monotonic()
    while not all(map(_is_over, messages)):
        now = len(scene.recording.frames), sum(len(each.edits) for each in messages)
        if now != before:
            before, since = now, time.monotonic()
        is_out = scene.guild.bot.voice.channel is None
        if time.monotonic() - since >= (OUT_SECONDS if is_out else QUIET_SECONDS):
            return
        with contextlib.suppress(TimeoutError):
            await scene.discord.world.watch.until(
                lambda: all(map(_is_over, messages)), OUT_SECONDS, "an outcome"
            )


def _is_over(message: Message) -> bool:
    return "Skip" not in message.buttons


def _lines() -> "asyncio.Queue[str | None]":
    """The lines of standard input that are not blank, then None. A thread reads them, because
    input may be a terminal, a pipe or a file."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        for line in _typed() if sys.stdin.isatty() else sys.stdin:
            if line.strip():
                loop.call_soon_threadsafe(lines.put_nowait, line.strip())
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    return lines


def _typed() -> Iterator[str]:
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            return


async def _send(scene: Scene, line: str, messages: list[Message]) -> Interaction:
    """Send a typed line as an interaction. Raises ValueError, NotPossible."""
    if line.startswith("!"):
        pressable = [each for each in messages if line[1:].capitalize() in each.buttons]
        if not pressable:
            raise ValueError(f"No message has the button {line[1:]}.")
        return await scene.speaker.press(pressable[-1], line[1:].capitalize())
    if not line.startswith("/"):
        raise ValueError("Commands begin with a slash: /say hello")
    path, schema, rest = _find(scene, line[1:])
    return await scene.speaker.command(path, _options(schema, rest), channel=scene.text)


def _find(scene: Scene, line: str) -> tuple[str, dict[str, Any], str]:
    """The command's path, its schema, and the rest of the line."""
    word, _, rest = line.partition(" ")
    schema = scene.discord.commands.find(scene.guild.id, word)
    if schema is None:
        raise ValueError(f"There is no command /{word}. Type /help to list them.")
    path = word
    while any(each["type"] in SUBCOMMANDS for each in schema.get("options", [])):
        word, _, rest = rest.strip().partition(" ")
        below = {each["name"]: each for each in schema["options"]}
        if word not in below:
            raise ValueError(f"/{path} takes one of: {', '.join(below)}.")
        schema, path = below[word], f"{path} {word}"
    return path, schema, rest.strip()


def _options(schema: dict[str, Any], rest: str) -> dict[str, Any]:
    """Options like `text: hello voice: en-gb`, or only the first option's value."""
    names = [each["name"] for each in schema.get("options", [])]
    if not rest:
        return {}
    if not names:
        raise ValueError(f"/{schema['name']} takes no options.")
    parts = re.split(rf"(?:^|\s)({'|'.join(map(re.escape, names))}):\s*", rest)
    values = {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}
    if parts[0].strip():
        values = {names[0]: parts[0].strip(), **values}
    return {name: value for name, value in values.items() if value}
