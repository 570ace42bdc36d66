"""What ffmpeg says of a file, as far as anyone asks.

Knows: the lines that it prints, and which of them tell of streams, lengths and ends. Does not know:
the sound. The lines are bounded: a hostile file can have it say a lot.
"""

import re
import threading
from collections.abc import Iterator
from typing import IO, Final

_LINES: Final = 400  # of what ffmpeg says: the first are about the file
_LINE: Final = 400  # characters
_BEGUN: Final = "Output #0"

_DURATION: Final = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_STREAM: Final = re.compile(r"^  Stream #0:\d+.*?: Audio: (\w{1,20})")
#: What ffmpeg says of an MP4 that breaks off.
_CUT: Final = ("partial file", "moov atom not found")


class FfmpegLog:
    """What ffmpeg prints, read by a thread: a pipe that nobody empties would stop it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.lines: list[str] = []
        self.begun = threading.Event()
        self._stream = stream
        self._thread = threading.Thread(target=self._follow, name="ffmpeg", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while line := self._stream.readline(_LINE):
            if len(self.lines) < _LINES:
                self.lines.append(line.decode(errors="replace").rstrip())
            if line.startswith(_BEGUN.encode()):
                self.begun.set()
        self.begun.set()

    def end(self) -> None:
        """Called when ffmpeg has ended: all that it said is there."""
        self._thread.join()
        self._stream.close()

    def has(self, *words: str) -> bool:
        """Titles and such are left out (they are indented): a file names itself as it likes."""
        return any(
            word in line for line in self.lines if not line.startswith("    ") for word in words
        )

    @property
    def is_cut_off(self) -> bool:
        return self.has(*_CUT)

    @property
    def is_flac(self) -> bool:
        return self.has("Input #0, flac,")

    @property
    def duration(self) -> float | None:
        """Seconds, as the file itself has it; None where it says nothing."""
        for line in self.lines:
            if found := _DURATION.match(line):
                return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        return None

    @property
    def tracks(self) -> int:
        """How many have sound, or should."""
        return sum(1 for _ in self._streams())

    def codec(self, track: int) -> str:
        return next((each[1] for number, each in enumerate(self._streams()) if number == track), "")

    def _streams(self) -> Iterator[re.Match[str]]:
        """The file's streams of sound: the codec."""
        for line in self.lines:
            if line.startswith(_BEGUN):
                return
            if found := _STREAM.match(line):
                yield found
