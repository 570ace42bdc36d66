"""The engine server, as it is, for a checkpoint of random weights: `python
tests/chatterbox/host.py --engine chatterbox-turbo --checkpoint DIR --socket PATH`.

Upstream's sizes are written in its code: this makes them small before the server begins.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOME: Final = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(HOME))

from engine.base.logging import set_up_logging  # noqa: E402 - after the path to it
from engine.tts.client.process import HostOptions  # noqa: E402
from engine.tts.server import __main__  # noqa: E402


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallHostOptions(HostOptions):
    """The options with which a client starts such a server."""

    def arguments(self, socket: Path, lifeline: int) -> list[str]:
        usual = HostOptions.arguments(self, socket, lifeline)
        options = usual[usual.index("engine.tts.server") + 1 :]
        return [sys.executable, str(Path(__file__).resolve()), *options]


if __name__ == "__main__":
    set_up_logging("error", "console")  # until the host does
    from tests.chatterbox import checkpoint

    checkpoint.shrink()
    sys.exit(__main__.main())
