"""Audio on disk, by key: complete Ogg Opus streams, one file each.

Knows: files. Does not know: who owns a piece, which go first when the disk is full (`changes.py`
and its table do), how sound is made. Every call blocks: run it off the event loop.
"""

import hashlib
import json
import os
from pathlib import Path

from engine.model.engine import EngineInfo, SynthesisRequest
from engine.tts.audio.ogg import OggDamaged, OggReader


def audio_key(request: SynthesisRequest, info: EngineInfo) -> str:
    """The hash of all that shapes the sound: 64 hexadecimal digits."""
    shape = {**request.to_json(), "engine": info.name, "version": info.version}
    # A field of requests until they lost it: without it here, no sound kept before is found again.
    shape["language"] = None
    canonical = json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class AudioCache:
    """A directory of streams."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, key: str, stream: bytes) -> None:
        """Keep a complete stream. It is on disk, whole, before its name is: a kill at any
        moment leaves the old state or the new one."""
        target = self._path(key)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part")
        with unfinished.open("wb") as file:
            file.write(stream)
            file.flush()
            os.fsync(file.fileno())
        # The directory is not synced: a name lost with the power costs one more synthesis.
        unfinished.replace(target)

    def read(self, key: str) -> list[bytes] | None:
        """The packets of a stream; None where it is missing or damaged."""
        try:
            stream = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        reader = OggReader()
        try:
            packets = reader.feed(stream)
        except OggDamaged:
            return None
        return packets if reader.complete else None

    def size(self, key: str) -> int | None:
        """Bytes of a stream; None where it is missing."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def drop(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def keys(self) -> set[str]:
        """What there is. Sweeps what a kill left unfinished."""
        for unfinished in self._directory.glob("*/*.part"):
            unfinished.unlink(missing_ok=True)
        return {file.stem for file in self._directory.glob("*/*.ogg")}

    def _path(self, key: str) -> Path:
        # 256 directories: no single one grows to where a file system slows down.
        return self._directory / key[:2] / f"{key}.ogg"
