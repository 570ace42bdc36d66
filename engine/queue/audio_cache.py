"""Audio on disk, by key: complete Ogg Opus streams, one file each.

Knows: files. Does not know: which jobs need a stream, or which streams are evicted first
(`maintenance.py` and the table `audio` do). Every call blocks: run it off the event loop.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from engine.model.audio_format import FRAMES_PER_SECOND, SILENCE
from engine.model.engine import EngineInfo, SynthesisRequest
from engine.model.jobs import Chunk, ChunkState
from engine.tts.audio.ogg import OggDamaged, OggReader, write_ogg


def audio_key(request: SynthesisRequest, info: EngineInfo) -> str:
    """The hash of everything that shapes the sound: 64 hexadecimal digits."""
    shape = {**request.to_json(), "engine": info.name, "version": info.version}
    # Requests once had this field. Older cached audio is found only if the hash still includes it.
    shape["language"] = None
    canonical = json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class AudioCache:
    """A directory of streams."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, key: str, stream: bytes) -> None:
        """Store a complete stream. All of it is on disk before the file has its name: a kill at
        any moment leaves either the old state or the new one."""
        target = self._path(key)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part")
        with unfinished.open("wb") as file:
            file.write(stream)
            file.flush()
            os.fsync(file.fileno())
        # The directory is not synced: a name lost in a power cut costs one more synthesis.
        unfinished.replace(target)

    def read(self, key: str) -> list[bytes] | None:
        """The packets of a stream; None if it is missing or damaged."""
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
        """The size of a stream in bytes; None if it is missing."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def drop(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def keys(self) -> set[str]:
        """The keys of all streams. Deletes files that a kill left unfinished."""
        for unfinished in self._directory.glob("*/*.part"):
            unfinished.unlink(missing_ok=True)
        return {file.stem for file in self._directory.glob("*/*.ogg")}

    def record(self, chunks: Sequence[Chunk]) -> bytes | None:
        """A whole job as one Ogg Opus stream: those of its chunks that were made, in order, with
        their pauses. None if there are none, or if the audio of one is gone. Skips failed chunks.
        """
        packets: list[bytes] = []
        for chunk in chunks:
            if chunk.state is ChunkState.FAILED:
                continue
            if chunk.state not in (ChunkState.READY, ChunkState.SPOKEN):
                break
            heard = None if chunk.audio is None else self.read(chunk.audio)
            if heard is None:
                return None
            packets += heard
            packets += [SILENCE] * round(chunk.pause_after * FRAMES_PER_SECOND)
        return write_ogg(packets) if packets else None

    def _path(self, key: str) -> Path:
        # 256 directories, so that none grows large enough to slow a file system down.
        return self._directory / key[:2] / f"{key}.ogg"
