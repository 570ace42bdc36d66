"""The files of recordings: members' by content hash, the operator's by name.

Does not know: who owns a recording, what is in it. Every call blocks.

    references/<64 hex>.wav       members' recordings; only this user of the machine can read them
    references/Anything.mp3       the operator's: this code never writes or removes them
    <converted>/<64 hex>.wav      converted copies of the operator's files; a cache
    <converted>/<64 hex>.ogg      previews of all these recordings; a cache too. They are not in
                                  references/, where other sound files belong to the operator
"""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from engine.base.data_dir import DataDirectory
from engine.base.settings import Settings

#: The operator's files with these endings are recordings.
RECORDINGS: Final = (".wav", ".mp3", ".ogg", ".flac")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
#: The names of our unfinished files begin and end with these.
_OURS: Final = ".mynah-"
_PART: Final = ".part"
_PREVIEW: Final = ".ogg"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRecording:
    """A file of the operator, as it was when the folder was last read."""

    path: Path
    size: int
    mtime: int  # nanoseconds since the epoch


class RecordingFiles:
    """`references`: members' recordings and the operator's files. `converted`: the cache."""

    def __init__(self, references: Path, converted: Path) -> None:
        self.references = references
        self.converted = converted

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        data = DataDirectory(settings.mynah_data_dir)
        return cls(settings.mynah_references_dir, data.converted_recordings)

    def keep(self, wav: Path, reference: str) -> None:
        """Copy `wav` to the members' recordings. The copy is on disk when this returns."""
        _store(wav, self._place(self.references, reference))

    def keep_converted(self, wav: Path, reference: str) -> None:
        """Copy `wav` to the converted recordings of the operator."""
        _store(wav, self._place(self.converted, reference))

    def keep_preview(self, sound: bytes, reference: str) -> None:
        """Store a recording's preview, until the last file of the recording is dropped."""
        _store(sound, self._preview_place(reference))

    def preview(self, reference: str) -> bytes | None:
        """A recording's preview; None if there is no preview, or no recording."""
        try:
            return self._preview_place(reference).read_bytes() if self.path(reference) else None
        except FileNotFoundError:
            return None

    def path(self, reference: str) -> Path | None:
        """Where a recording is; None if there is none with this hash."""
        for folder in (self.references, self.converted):
            place = self._place(folder, reference)
            if place.is_file():
                return place
        return None

    def read(self, reference: str) -> bytes | None:
        """A recording's bytes; None if there is none with this hash."""
        place = self.path(reference)
        try:
            return place.read_bytes() if place else None
        except FileNotFoundError:  # dropped meanwhile
            return None

    def drop(self, reference: str) -> None:
        """Remove a member's recording, if it exists. The operator's recordings stay."""
        self._drop(reference, self.references, self.converted)

    def drop_converted(self, reference: str) -> None:
        self._drop(reference, self.converted, self.references)

    def kept(self) -> list[str]:
        """The hashes of the members' recordings."""
        return _hashes(self.references)

    def kept_converted(self) -> list[str]:
        return _hashes(self.converted)

    def sweep(self) -> None:
        """Remove what a kill left unfinished, and previews without a recording."""
        for reference in _hashes(self.converted, _PREVIEW):
            if self.path(reference) is None:
                _remove(self._preview_place(reference))
        for folder in (self.references, self.converted):
            for entry in _scan(folder):
                if entry.name.startswith(_OURS) and entry.name.endswith((_PART, ".wav", ".ogg")):
                    Path(entry.path).unlink(missing_ok=True)

    def operator_recordings(self) -> dict[str, OperatorRecording]:
        """The operator's files by their name in the folder ("Anna.mp3"), in order. Links to files
        count; subfolders are ignored."""
        found: dict[str, OperatorRecording] = {}
        for entry in sorted(_scan(self.references), key=lambda entry: entry.name):
            path = Path(entry.path)
            if path.suffix.lower() not in RECORDINGS or entry.name.startswith("."):
                continue
            if _HASH.fullmatch(path.stem) and path.suffix == ".wav":
                continue
            try:
                info = entry.stat()
            except FileNotFoundError:  # deleted meanwhile, or a broken link
                continue
            if entry.is_file():
                found[entry.name] = OperatorRecording(
                    path=path, size=info.st_size, mtime=info.st_mtime_ns
                )
        return found

    def _drop(self, reference: str, folder: Path, other: Path) -> None:
        place = self._place(folder, reference)
        # The preview goes first: after a kill in between, the recording can be dropped again.
        if not self._place(other, reference).is_file():
            _remove(self._preview_place(reference))
        _remove(place)

    def _preview_place(self, reference: str) -> Path:
        return self._place(self.converted, reference).with_suffix(_PREVIEW)

    @staticmethod
    def _place(folder: Path, reference: str) -> Path:
        if not _HASH.fullmatch(reference):
            raise ValueError(f"{reference!r} is not a content hash")
        return folder / f"{reference}.wav"


def _scan(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _hashes(folder: Path, suffix: str = ".wav") -> list[str]:
    names = (Path(entry.name) for entry in _scan(folder))
    return sorted(
        name.stem for name in names if name.suffix == suffix and _HASH.fullmatch(name.stem)
    )


def _store(source: Path | bytes, place: Path) -> None:
    """Write a temporary file, then rename it: `place` is complete or absent, even after a crash."""
    if place.is_file():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    # A unique name: two members may send the same recording at the same moment. Mode 0600.
    handle, name = tempfile.mkstemp(prefix=_OURS, suffix=_PART, dir=place.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            if isinstance(source, bytes):
                target.write(source)
            else:
                with source.open("rb") as file:
                    shutil.copyfileobj(file, target)
            target.flush()
            os.fsync(target.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(place.parent)


def _remove(place: Path) -> None:
    try:
        place.unlink()
    except FileNotFoundError:
        return
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
