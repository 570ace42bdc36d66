"""What ffmpeg logs about a file, as far as the analysis needs it.

Knows: which lines name streams, durations and errors. Does not know: the sound. The lines are
limited, because a hostile file can make ffmpeg log a lot.
"""

import re
import threading
from collections.abc import Iterator
from typing import IO, Final

_LINES: Final = 400  # the first ones are about the file
_LINE: Final = 400  # characters
_BEGUN: Final = "Output #0"

_DURATION: Final = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_STREAM: Final = re.compile(r"^  Stream #0:\d+.*?: Audio: (\w{1,20})")
#: What ffmpeg logs about an MP4 that ends too early.
_CUT: Final = ("partial file", "moov atom not found")


class FfmpegLog:
    """The log of a running ffmpeg, read by a thread: ffmpeg stops when the pipe is full."""

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
        """Read the rest of the log, once ffmpeg has ended."""
        self._thread.join()
        self._stream.close()

    def has(self, *words: str) -> bool:
        """Whether a line has one of `words`. Indented lines are ignored: they repeat titles, which
        the file chooses."""
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
        """Seconds, as the file declares them; None if it does not."""
        for line in self.lines:
            if found := _DURATION.match(line):
                return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        return None

    @property
    def tracks(self) -> int:
        """How many streams of sound the file has, empty ones included."""
        return sum(1 for _ in self._streams())

    def codec(self, track: int) -> str:
        return next((each[1] for number, each in enumerate(self._streams()) if number == track), "")

    def _streams(self) -> Iterator[re.Match[str]]:
        """The lines of the file's streams of sound; group 1 is the codec."""
        for line in self.lines:
            if line.startswith(_BEGUN):
                return
            if found := _STREAM.match(line):
                yield found
