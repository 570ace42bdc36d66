"""The folder of references: members' recordings by content, the operator's by name."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.voices.recording_files import RecordingFiles


@pytest.fixture
def recordings_dir(tmp_path: Path) -> RecordingFiles:
    return RecordingFiles(tmp_path / "references", tmp_path / "data" / "references")


def recording(folder: Path, data: bytes) -> tuple[Path, str]:
    file = folder / "examined.wav"
    file.write_bytes(data)
    return file, hashlib.sha256(data).hexdigest()


def test_what_is_kept_is_there_for_this_user_alone(
    recordings_dir: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recordings_dir.keep(file, reference)
    path = recordings_dir.path(reference)
    assert path == recordings_dir.references / f"{reference}.wav"
    assert path.read_bytes() == recordings_dir.read(reference) == b"a voice"
    assert path.stat().st_mode & 0o777 == 0o600
    assert recordings_dir.kept() == [reference]
    assert [each.name for each in recordings_dir.references.iterdir()] == [path.name]


def test_keeping_it_again_changes_nothing(recordings_dir: RecordingFiles, tmp_path: Path) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recordings_dir.keep(file, reference)
    before = (recordings_dir.references / f"{reference}.wav").stat()
    recordings_dir.keep(file, reference)
    assert (recordings_dir.references / f"{reference}.wav").stat().st_ino == before.st_ino


def test_what_is_dropped_is_gone_and_dropping_it_again_is_no_error(
    recordings_dir: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recordings_dir.keep(file, reference)
    recordings_dir.drop(reference)
    recordings_dir.drop(reference)
    assert recordings_dir.path(reference) is None
    assert recordings_dir.read(reference) is None
    assert recordings_dir.kept() == []


def test_dropping_a_members_recording_leaves_the_operators_copy(
    recordings_dir: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recordings_dir.keep(file, reference)
    recordings_dir.keep_converted(file, reference)
    recordings_dir.drop(reference)
    assert recordings_dir.path(reference) == recordings_dir.converted / f"{reference}.wav"
    recordings_dir.drop_converted(reference)
    assert recordings_dir.path(reference) is None


def test_what_could_not_be_kept_leaves_nothing(
    recordings_dir: RecordingFiles, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        recordings_dir.keep(tmp_path / "missing.wav", "a" * 64)
    assert list(recordings_dir.references.iterdir()) == []


def test_what_a_kill_left_unfinished_is_swept(recordings_dir: RecordingFiles) -> None:
    recordings_dir.references.mkdir()
    (recordings_dir.references / ".mynah-x.part").write_bytes(b"half a voice")
    (recordings_dir.references / ".hidden.wav").write_bytes(b"the operator's")
    recordings_dir.sweep()
    assert [each.name for each in recordings_dir.references.iterdir()] == [".hidden.wav"]


@pytest.mark.parametrize("reference", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_content_hash_names_a_recording(
    recordings_dir: RecordingFiles, reference: str
) -> None:
    for act in (recordings_dir.path, recordings_dir.drop, recordings_dir.read):
        with pytest.raises(ValueError, match="no content hash"):
            act(reference)


def test_the_operators_files_are_those_of_sound_that_are_not_ours(
    recordings_dir: RecordingFiles,
) -> None:
    assert recordings_dir.dropped() == {}
    recordings_dir.references.mkdir()
    for name in ("Anna.wav", "b.MP3", "c.ogg", "d.flac", f"{'a' * 64}.mp3"):
        (recordings_dir.references / name).write_bytes(b"sound")
    for name in ("README.md", ".gitkeep", ".hidden.wav", f"{'a' * 64}.wav", "e.txt"):
        (recordings_dir.references / name).write_bytes(b"else")
    (recordings_dir.references / "folder.wav").mkdir()
    (recordings_dir.references / "linked.wav").symlink_to(recordings_dir.references / "Anna.wav")
    (recordings_dir.references / "lost.wav").symlink_to(recordings_dir.references / "nowhere")
    found = recordings_dir.dropped()
    assert sorted(found) == sorted(
        ["Anna.wav", "b.MP3", "c.ogg", "d.flac", f"{'a' * 64}.mp3", "linked.wav"]
    )
    anna = found["Anna.wav"]
    assert anna.size == 5
    os.utime(anna.path, ns=(0, 5_000_000_000))
    assert recordings_dir.dropped()["Anna.wav"].mtime == 5_000_000_000


# ---- previews


@pytest.mark.parametrize("keep", [RecordingFiles.keep, RecordingFiles.keep_converted])
def test_preview_is_kept_as_long_as_its_recording(
    recordings_dir: RecordingFiles,
    tmp_path: Path,
    keep: Callable[[RecordingFiles, Path, str], None],
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    keep(recordings_dir, file, reference)
    assert recordings_dir.preview(reference) is None
    recordings_dir.keep_preview(b"to listen to", reference)
    assert recordings_dir.preview(reference) == b"to listen to"
    assert recordings_dir.dropped() == {}  # none of the operator's
    assert [*recordings_dir.kept(), *recordings_dir.kept_converted()] == [reference]
    recordings_dir.drop(reference)
    recordings_dir.drop_converted(reference)
    assert recordings_dir.preview(reference) is None
    assert list(tmp_path.rglob(f"{reference}.*")) == []


def test_preview_stays_while_one_of_two_has_the_recording(
    recordings_dir: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    for drop in (recordings_dir.drop, recordings_dir.drop_converted):
        recordings_dir.keep(file, reference)
        recordings_dir.keep_converted(file, reference)
        recordings_dir.keep_preview(b"to listen to", reference)
        drop(reference)
        assert recordings_dir.preview(reference) == b"to listen to"


def test_preview_that_a_kill_left_without_its_recording_is_swept(
    recordings_dir: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    for each in (reference, "a" * 64):
        recordings_dir.keep_preview(b"to listen to", each)
    recordings_dir.keep(file, reference)
    assert recordings_dir.preview("a" * 64) is None
    recordings_dir.sweep()
    assert [each.name for each in recordings_dir.converted.iterdir()] == [f"{reference}.ogg"]
