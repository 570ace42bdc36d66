"""The folder of references: members' recordings by content, the operator's by name."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.voices.recording_files import RecordingFiles


@pytest.fixture
def recording_files(tmp_path: Path) -> RecordingFiles:
    return RecordingFiles(tmp_path / "references", tmp_path / "data" / "references")


def recording(folder: Path, data: bytes) -> tuple[Path, str]:
    file = folder / "analyzed.wav"
    file.write_bytes(data)
    return file, hashlib.sha256(data).hexdigest()


def test_what_is_kept_is_there_for_this_user_alone(
    recording_files: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recording_files.keep(file, reference)
    path = recording_files.path(reference)
    assert path == recording_files.references / f"{reference}.wav"
    assert path.read_bytes() == recording_files.read(reference) == b"a voice"
    assert path.stat().st_mode & 0o777 == 0o600
    assert recording_files.kept() == [reference]
    assert [each.name for each in recording_files.references.iterdir()] == [path.name]


def test_keeping_it_again_changes_nothing(recording_files: RecordingFiles, tmp_path: Path) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recording_files.keep(file, reference)
    before = (recording_files.references / f"{reference}.wav").stat()
    recording_files.keep(file, reference)
    assert (recording_files.references / f"{reference}.wav").stat().st_ino == before.st_ino


def test_what_is_dropped_is_gone_and_dropping_it_again_is_no_error(
    recording_files: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recording_files.keep(file, reference)
    recording_files.drop(reference)
    recording_files.drop(reference)
    assert recording_files.path(reference) is None
    assert recording_files.read(reference) is None
    assert recording_files.kept() == []


def test_dropping_a_members_recording_leaves_the_operators_copy(
    recording_files: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    recording_files.keep(file, reference)
    recording_files.keep_converted(file, reference)
    recording_files.drop(reference)
    assert recording_files.path(reference) == recording_files.converted / f"{reference}.wav"
    recording_files.drop_converted(reference)
    assert recording_files.path(reference) is None


def test_what_could_not_be_kept_leaves_nothing(
    recording_files: RecordingFiles, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        recording_files.keep(tmp_path / "missing.wav", "a" * 64)
    assert list(recording_files.references.iterdir()) == []


def test_what_a_kill_left_unfinished_is_swept(recording_files: RecordingFiles) -> None:
    recording_files.references.mkdir()
    (recording_files.references / ".mynah-x.part").write_bytes(b"half a voice")
    (recording_files.references / ".hidden.wav").write_bytes(b"the operator's")
    recording_files.sweep()
    assert [each.name for each in recording_files.references.iterdir()] == [".hidden.wav"]


@pytest.mark.parametrize("reference", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_content_hash_names_a_recording(
    recording_files: RecordingFiles, reference: str
) -> None:
    for act in (recording_files.path, recording_files.drop, recording_files.read):
        with pytest.raises(ValueError, match="not a content hash"):
            act(reference)


def test_the_operators_files_are_those_of_sound_that_are_not_ours(
    recording_files: RecordingFiles,
) -> None:
    assert recording_files.operator_recordings() == {}
    recording_files.references.mkdir()
    for name in ("Anna.wav", "b.MP3", "c.ogg", "d.flac", f"{'a' * 64}.mp3"):
        (recording_files.references / name).write_bytes(b"sound")
    for name in ("README.md", ".gitkeep", ".hidden.wav", f"{'a' * 64}.wav", "e.txt"):
        (recording_files.references / name).write_bytes(b"else")
    (recording_files.references / "folder.wav").mkdir()
    (recording_files.references / "linked.wav").symlink_to(recording_files.references / "Anna.wav")
    (recording_files.references / "lost.wav").symlink_to(recording_files.references / "nowhere")
    found = recording_files.operator_recordings()
    assert sorted(found) == sorted(
        ["Anna.wav", "b.MP3", "c.ogg", "d.flac", f"{'a' * 64}.mp3", "linked.wav"]
    )
    anna = found["Anna.wav"]
    assert anna.size == 5
    os.utime(anna.path, ns=(0, 5_000_000_000))
    assert recording_files.operator_recordings()["Anna.wav"].mtime == 5_000_000_000


# ---- previews


@pytest.mark.parametrize("keep", [RecordingFiles.keep, RecordingFiles.keep_converted])
def test_preview_is_kept_as_long_as_its_recording(
    recording_files: RecordingFiles,
    tmp_path: Path,
    keep: Callable[[RecordingFiles, Path, str], None],
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    keep(recording_files, file, reference)
    assert recording_files.preview(reference) is None
    recording_files.keep_preview(b"to listen to", reference)
    assert recording_files.preview(reference) == b"to listen to"
    assert recording_files.operator_recordings() == {}  # none of the operator's
    assert [*recording_files.kept(), *recording_files.kept_converted()] == [reference]
    recording_files.drop(reference)
    recording_files.drop_converted(reference)
    assert recording_files.preview(reference) is None
    assert list(tmp_path.rglob(f"{reference}.*")) == []


def test_preview_stays_while_one_of_two_has_the_recording(
    recording_files: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    for drop in (recording_files.drop, recording_files.drop_converted):
        recording_files.keep(file, reference)
        recording_files.keep_converted(file, reference)
        recording_files.keep_preview(b"to listen to", reference)
        drop(reference)
        assert recording_files.preview(reference) == b"to listen to"


def test_preview_that_a_kill_left_without_its_recording_is_swept(
    recording_files: RecordingFiles, tmp_path: Path
) -> None:
    file, reference = recording(tmp_path, b"a voice")
    for each in (reference, "a" * 64):
        recording_files.keep_preview(b"to listen to", each)
    recording_files.keep(file, reference)
    assert recording_files.preview("a" * 64) is None
    recording_files.sweep()
    assert [each.name for each in recording_files.converted.iterdir()] == [f"{reference}.ogg"]
