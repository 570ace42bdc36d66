"""The console command: its arguments, and what runs for each.

Knows: arguments and exit codes (0: success; 1: a fault; 2: something to fix first).
Does not know: what the commands do. Each is imported only when it is used.
"""

import argparse
import sys
from collections.abc import Sequence

from engine.base.redaction import guard_output
from engine.model.errors import SetupError


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="mynah", description="A Discord bot that speaks text in voice channels."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="connect to Discord and serve")
    demo = commands.add_parser(
        "demo", help="speak once on a local Discord, and save what a member hears"
    )
    demo.add_argument("--text", help="the text to speak")
    demo.add_argument("--chat", action="store_true", help="type commands as a member would")
    commands.add_parser("doctor", help="check the installation")
    voices = commands.add_parser("voices", help="manage the recordings of voices")
    actions = voices.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("check", help="analyze every recording, and print a table")
    for action, does in (
        ("freeze", "block a recording everywhere"),
        ("release", "allow a frozen recording again"),
    ):
        frozen = actions.add_parser(action, help=does)
        frozen.add_argument("hash", help="its content hash, or at least the first 8 digits")
    commands.add_parser(
        "engine", help="serve an engine over HTTP, for bots on other machines", add_help=False
    )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    guard_output()
    top = parser()
    chosen, rest = top.parse_known_args(arguments)
    if rest and chosen.command != "engine":
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        match chosen.command:
            case "run":
                from mynah.run import run

                return run()
            case "demo":
                try:
                    from mynah.demo import demo
                except ImportError as error:
                    raise SetupError(
                        f"The local Discord of the demo cannot be imported ({error}). "
                        "Run `make setup`, or install the extra: pip install '.[sandbox]'"
                    ) from error
                return demo(text=chosen.text, chat=chosen.chat)
            case "engine":
                from engine.tts.server.__main__ import main as serve

                return serve(rest)
            case "voices":
                from mynah.voices import voices

                return voices(chosen)
            case _:
                from mynah.doctor import doctor

                return doctor()
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130  # as shells report Ctrl-C, here before the command handles it


if __name__ == "__main__":
    sys.exit(main())
