"""`mynah demo --chat`: a prompt at which one types commands as a member would.

Knows: how a typed line becomes a command with its options, and how answers are printed.
Does not know: what any command does: it looks each one up where the bot registered it.
"""

import asyncio
import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from mynah.scene import DemoFault, Scene, Teller, answer_of, first
from sandbox import Interaction, Message, NotPossible

HELP: Final = (
    "You are Alice, in the voice channel Lounge with Bob. Type commands as on Discord: /say hello, "
    "/skip, /queue view, /leave; options by name: /say text: hello voice: en-gb. Press a button of "
    "the last message by !Skip, !Stop, !Replay or !Download. /quit or Ctrl-D ends."
)
PROMPT: Final = "Alice> "
SUBCOMMANDS: Final = (1, 2)
#: Lines that came through a pipe are answered to the end before the demo closes; but where nothing
#: is heard or changes for so long, nothing more will come. Shorter where the bot was sent out.
QUIET_SECONDS: Final = 60.0
OUT_SECONDS: Final = 2.0


async def converse(scene: Scene, process: asyncio.subprocess.Process) -> None:
    """Read lines until the end of input; the bot's process must live for as long."""
    print(HELP, flush=True)
    lines = _lines()
    teller = Teller()
    followers: list[asyncio.Task[None]] = []
    messages: list[Message] = []
    try:
        while (line := await first(lines.get(), process)) not in (None, "/quit"):
            try:
                message = await answer_of(await _send(scene, line, messages))
            except (NotPossible, DemoFault, ValueError) as error:
                print(f"  {error}", flush=True)
                continue
            messages.append(message)
            followers.append(asyncio.create_task(teller.follow(message)))
            await asyncio.sleep(0)
        if not sys.stdin.isatty():
            await first(_until_quiet(scene, messages), process)
            await asyncio.sleep(0)
    finally:
        for follower in followers:
            follower.cancel()
        await asyncio.gather(*followers, return_exceptions=True)


async def _until_quiet(scene: Scene, messages: list[Message]) -> None:
    """Until every job is over, or nothing goes on any more: a pause, or the bot was sent out."""
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
    """Lines of standard input without blanks, then None; read by a thread, for input may be a
    terminal, a pipe or a file."""
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
    """What is typed at a prompt, until Ctrl-D."""
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            return


async def _send(scene: Scene, line: str, messages: list[Message]) -> Interaction:
    """The interaction that a typed line stands for. Raises ValueError, NotPossible."""
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
    """The command's path, its schema, and what follows it on the line."""
    word, _, rest = line.partition(" ")
    schema = scene.discord.commands.find(scene.guild.id, word)
    if schema is None:
        raise ValueError(f"There is no command /{word}; /help lists them.")
    path = word
    while any(each["type"] in SUBCOMMANDS for each in schema.get("options", [])):
        word, _, rest = rest.strip().partition(" ")
        below = {each["name"]: each for each in schema["options"]}
        if word not in below:
            raise ValueError(f"/{path} takes one of: {', '.join(below)}.")
        schema, path = below[word], f"{path} {word}"
    return path, schema, rest.strip()


def _options(schema: dict[str, Any], rest: str) -> dict[str, Any]:
    """`text: hello voice: en-gb`, or the first option's value alone."""
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
