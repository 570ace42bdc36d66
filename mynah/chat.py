"""`mynah demo --chat`: a prompt for commands, typed as a member would.

Knows: how a typed line becomes a command with its options, and how answers are printed.
Does not know: what any command does. It looks each one up among those that the bot registered.
"""

import asyncio
import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from engine.base.aio import TaskSet
from mynah.scene import DemoFault, MessagePrinter, Scene, answer_of, unless_it_ends
from sandbox import Interaction, Message, NotPossible

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


async def converse(scene: Scene, process: asyncio.subprocess.Process) -> None:
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
    """The lines typed at a prompt, until Ctrl-D."""
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
