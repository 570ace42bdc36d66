"""The folder of references: members' recordings by content, the operator's by name."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.voices.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "references", tmp_path / "data" / "references")


def recording(folder: Path, data: bytes) -> tuple[Path, str]:
    file = folder / "examined.wav"
    file.write_bytes(data)
    return file, hashlib.sha256(data).hexdigest()


def test_what_is_kept_is_there_for_this_user_alone(shelf: Shelf, tmp_path: Path) -> None:
    file, reference = recording(tmp_path, b"a voice")
    shelf.keep(file, reference)
    path = shelf.path(reference)
    assert path == shelf.references / f"{reference}.wav"
    assert path.read_bytes() == shelf.read(reference) == b"a voice"
    assert path.stat().st_mode & 0o777 == 0o600
    assert shelf.kept() == [reference]
    assert [each.name for each in shelf.references.iterdir()] == [path.name]


def test_keeping_it_again_changes_nothing(shelf: Shelf, tmp_path: Path) -> None:
    file, reference = recording(tmp_path, b"a voice")
    shelf.keep(file, reference)
    before = (shelf.references / f"{reference}.wav").stat()
    shelf.keep(file, reference)
    assert (shelf.references / f"{reference}.wav").stat().st_ino == before.st_ino


def test_what_is_dropped_is_gone_and_dropping_it_again_is_no_error(
    shelf: Shelf, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    shelf.keep(file, reference)
    shelf.drop(reference)
    shelf.drop(reference)
    assert shelf.path(reference) is None
    assert shelf.read(reference) is None
    assert shelf.kept() == []


def test_dropping_a_members_recording_leaves_the_operators_copy(
    shelf: Shelf, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    shelf.keep(file, reference)
    shelf.keep_converted(file, reference)
    shelf.drop(reference)
    assert shelf.path(reference) == shelf.converted / f"{reference}.wav"
    shelf.drop_converted(reference)
    assert shelf.path(reference) is None


def test_what_could_not_be_kept_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        shelf.keep(tmp_path / "missing.wav", "a" * 64)
    assert list(shelf.references.iterdir()) == []


def test_what_a_kill_left_unfinished_is_swept(shelf: Shelf) -> None:
    shelf.references.mkdir()
    (shelf.references / ".mynah-x.part").write_bytes(b"half a voice")
    (shelf.references / ".hidden.wav").write_bytes(b"the operator's")
    shelf.sweep()
    assert [each.name for each in shelf.references.iterdir()] == [".hidden.wav"]


@pytest.mark.parametrize("reference", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_content_hash_names_a_recording(shelf: Shelf, reference: str) -> None:
    for act in (shelf.path, shelf.drop, shelf.read):
        with pytest.raises(ValueError, match="no content hash"):
            act(reference)


def test_the_operators_files_are_those_of_sound_that_are_not_ours(shelf: Shelf) -> None:
    assert shelf.dropped() == {}
    shelf.references.mkdir()
    for name in ("Anna.wav", "b.MP3", "c.ogg", "d.flac", f"{'a' * 64}.mp3"):
        (shelf.references / name).write_bytes(b"sound")
    for name in ("README.md", ".gitkeep", ".hidden.wav", f"{'a' * 64}.wav", "e.txt"):
        (shelf.references / name).write_bytes(b"else")
    (shelf.references / "folder.wav").mkdir()
    (shelf.references / "linked.wav").symlink_to(shelf.references / "Anna.wav")
    (shelf.references / "lost.wav").symlink_to(shelf.references / "nowhere")
    found = shelf.dropped()
    assert sorted(found) == sorted(
        ["Anna.wav", "b.MP3", "c.ogg", "d.flac", f"{'a' * 64}.mp3", "linked.wav"]
    )
    anna = found["Anna.wav"]
    assert anna.size == 5
    os.utime(anna.path, ns=(0, 5_000_000_000))
    assert shelf.dropped()["Anna.wav"].mtime == 5_000_000_000


# ---- previews


@pytest.mark.parametrize("keep", [Shelf.keep, Shelf.keep_converted])
def test_preview_is_kept_as_long_as_its_recording(
    shelf: Shelf, tmp_path: Path, keep: Callable[[Shelf, Path, str], None]
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    keep(shelf, file, reference)
    assert shelf.preview(reference) is None
    shelf.keep_preview(b"to listen to", reference)
    assert shelf.preview(reference) == b"to listen to"
    assert shelf.dropped() == {}  # none of the operator's
    assert [*shelf.kept(), *shelf.kept_converted()] == [reference]
    shelf.drop(reference)
    shelf.drop_converted(reference)
    assert shelf.preview(reference) is None
    assert list(tmp_path.rglob(f"{reference}.*")) == []


def test_preview_stays_while_one_of_two_has_the_recording(shelf: Shelf, tmp_path: Path) -> None:
    file, reference = recording(tmp_path, b"a voice")
    for drop in (shelf.drop, shelf.drop_converted):
        shelf.keep(file, reference)
        shelf.keep_converted(file, reference)
        shelf.keep_preview(b"to listen to", reference)
        drop(reference)
        assert shelf.preview(reference) == b"to listen to"


def test_preview_that_a_kill_left_without_its_recording_is_swept(
    shelf: Shelf, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    for each in (reference, "a" * 64):
        shelf.keep_preview(b"to listen to", each)
    shelf.keep(file, reference)
    assert shelf.preview("a" * 64) is None
    shelf.sweep()
    assert [each.name for each in shelf.converted.iterdir()] == [f"{reference}.ogg"]
