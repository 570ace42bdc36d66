"""Recordings in the operator's folder become public voices by their name, and follow changes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.base.settings import Settings
from engine.model.errors import BadName
from engine.model.voices import OPERATOR, Scope, Voice
from engine.voices.operator_folder import OperatorFolder, operator_analyzer
from engine.voices.recording_analyzer import Analyzed, RecordingAnalyzer, RecordingLimits
from engine.voices.recording_files import RecordingFiles
from mynah.testing.clocks import ManualClock, settle
from tests.process.recorded import converted, speech, wav
from tests.values import VOICE


class Registry:
    """A registry that only knows which voices are public."""

    def __init__(self) -> None:
        self.voices: dict[str, Voice] = {}
        self.acts: list[str] = []

    async def published(self) -> Sequence[Voice]:
        return list(self.voices.values())

    async def publish(self, name: str, analyzed: Analyzed) -> Voice:
        if name == "refused":
            raise BadName("no voice is called so")
        self.acts.append(f"+{name}")
        self.voices[name] = replace(
            VOICE,
            id=len(self.acts),
            owner=OPERATOR,
            name=name,
            reference=analyzed.reference,
            scope=Scope.PUBLIC,
            analysis=analyzed.analysis,
        )
        return self.voices[name]

    async def unpublish(self, name: str) -> None:
        self.acts.append(f"-{name}")
        del self.voices[name]


class WatchedFolder:
    """The operator's folder, the registry, and the follower that keeps them equal."""

    def __init__(self, directory: Path) -> None:
        self.references = directory / "references"
        self.converted = directory / "data" / "references"
        self.references.mkdir()
        self.registry = Registry()
        self.settings = Settings(
            mynah_data_dir=directory / "data",
            mynah_references_dir=self.references,
            _env_file=None,  # type: ignore[call-arg]
        )
        self.operator_folder = OperatorFolder.from_settings(
            self.settings, self.registry, ManualClock()
        )

    def drop(self, name: str, data: bytes) -> None:
        (self.references / name).write_bytes(data)

    async def look(self, times: int = 2) -> None:
        for _ in range(times):
            await self.operator_folder.look()

    def copies(self) -> list[str]:
        return sorted(file.stem for file in self.converted.glob("*.wav"))


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path)


async def test_each_kind_of_file_becomes_a_public_voice_by_its_name(folder: WatchedFolder) -> None:
    folder.drop("Anna.wav", wav(speech()))
    folder.drop("Björn Borg.mp3", converted("mp3"))
    folder.drop("chloe.OGG", converted("ogg", "-c:a", "libopus"))
    folder.drop("dora.flac", converted("flac"))
    folder.drop("README.md", b"# references\n")
    (folder.references / "folder.wav").mkdir()
    await folder.look()
    assert set(folder.registry.voices) == {"Anna", "Björn Borg", "chloe", "dora"}
    anna, dora = folder.registry.voices["Anna"], folder.registry.voices["dora"]
    assert anna.reference == dora.reference  # the same samples
    assert folder.copies() == sorted({each.reference for each in folder.registry.voices.values()})
    assert anna.analysis.speech > 8


async def test_a_file_is_taken_once_it_stands_still(folder: WatchedFolder) -> None:
    whole = wav(speech())
    folder.drop("anna.wav", whole[:100_000])
    await folder.look(times=1)
    folder.drop("anna.wav", whole)
    await folder.look(times=1)
    assert folder.registry.acts == []
    await folder.look(times=1)
    assert folder.registry.acts == ["+anna"]
    await folder.look(times=3)
    assert folder.registry.acts == ["+anna"]


async def test_voices_follow_changes_and_go_with_their_files(folder: WatchedFolder) -> None:
    folder.drop("anna.wav", wav(speech()))
    await folder.look()
    first = folder.registry.voices["anna"].reference
    folder.drop("anna.wav", wav(speech(voice="gmw/en-GB-scotland")))
    await folder.look(times=1)
    assert folder.registry.voices["anna"].reference == first  # it may still be growing
    await folder.look(times=1)
    second = folder.registry.voices["anna"].reference
    assert second != first
    assert folder.copies() == [second]
    (folder.references / "anna.wav").rename(folder.references / "beth.wav")
    await folder.look()
    assert list(folder.registry.voices) == ["beth"]
    (folder.references / "beth.wav").unlink()
    await folder.look(times=1)
    assert folder.registry.voices == {}
    assert folder.copies() == []


async def test_what_cannot_serve_is_told_of_once_and_skipped(folder: WatchedFolder) -> None:
    folder.drop("anna.wav", wav(speech()))
    folder.drop("text.wav", b"This is no voice.\n" * 100)
    folder.drop("refused.wav", wav(speech()[:100_000]))
    with capture_logs() as logs:
        await folder.look(times=4)
    warned = [
        (each.get("file") or each.get("name"), each["code"]) for each in logs if "code" in each
    ]
    assert len(warned) == 2
    assert dict(warned)["text.wav"] == "text-not-recording"
    assert "refused" in dict(warned)
    assert list(folder.registry.voices) == ["anna"]
    # A file that becomes unusable removes its voice, and restores it when it is fixed.
    folder.drop("anna.wav", b"")
    await folder.look()
    assert folder.registry.voices == {}
    folder.drop("anna.wav", converted("flac"))
    await folder.look()
    assert list(folder.registry.voices) == ["anna"]


async def test_of_two_files_of_one_name_the_first_serves_and_the_other_is_told_of(
    folder: WatchedFolder,
) -> None:
    folder.drop("Anna.wav", wav(speech()))
    folder.drop("anna.mp3", converted("mp3"))
    with capture_logs() as logs:
        await folder.look(times=4)
    assert list(folder.registry.voices) == ["Anna"]
    assert [each["file"] for each in logs if "rename" in each["event"]] == ["anna.mp3"]


async def test_after_a_restart_nothing_is_analyzed_again(folder: WatchedFolder) -> None:
    folder.drop("anna.wav", wav(speech()))
    folder.drop("text.wav", b"This is no voice.\n" * 100)
    await folder.look()
    nothing = RecordingLimits(bytes=1, seconds=1)  # with which all would be refused
    recording_files = RecordingFiles(folder.references, folder.converted)
    folder.operator_folder = OperatorFolder(
        recording_files, RecordingAnalyzer(nothing), folder.registry, ManualClock()
    )
    await folder.operator_folder.start()
    await settle()
    with capture_logs() as logs:
        await folder.look(times=3)
    await folder.operator_folder.close()
    assert folder.registry.acts == ["+anna"]
    assert logs == []


async def test_files_of_an_older_versions_index_are_analyzed_again(folder: WatchedFolder) -> None:
    """Edition 4 kept the sentence of a rejection, where a code is kept now."""
    folder.drop("text.wav", b"This is no voice.\n" * 100)
    await folder.look()
    index = folder.converted / "index.json"
    kept = json.loads(index.read_bytes())
    kept["edition"] = 4
    kept["files"]["text.wav"]["rejected"] = "This file is text without sound."
    index.write_text(json.dumps(kept))
    folder.operator_folder = OperatorFolder.from_settings(
        folder.settings, folder.registry, ManualClock()
    )
    await folder.operator_folder.start()
    await settle()
    await folder.look(times=2)
    await folder.operator_folder.close()
    kept = json.loads(index.read_bytes())
    assert (kept["edition"], kept["files"]["text.wav"]["rejected"]) == (5, "text-not-recording")


async def test_voices_keep_their_copies_until_their_files_are_analyzed_again(
    folder: WatchedFolder,
) -> None:
    """As after an update, which analyzes every file again."""
    folder.drop("anna.wav", wav(speech()))
    await folder.look()
    copies = folder.copies()
    (folder.converted / "index.json").unlink()
    folder.operator_folder = OperatorFolder.from_settings(
        folder.settings, folder.registry, ManualClock()
    )
    await folder.look(times=1)
    assert folder.copies() == copies
    await folder.look(times=1)
    assert folder.copies() == copies
    assert folder.registry.acts == ["+anna"]


async def test_a_copy_that_was_lost_is_made_again(folder: WatchedFolder) -> None:
    folder.drop("anna.wav", wav(speech()))
    await folder.look()
    (copy,) = folder.converted.glob("*.wav")
    copy.unlink()
    await folder.look()
    assert copy.exists()


async def test_it_looks_by_itself_each_second(folder: WatchedFolder) -> None:
    clock = ManualClock()
    recording_files = RecordingFiles(folder.references, folder.converted)
    operator_folder = OperatorFolder(
        recording_files, operator_analyzer(folder.settings), folder.registry, clock
    )
    (folder.references / "text.wav").write_bytes(b"This is no voice.\n" * 100)
    with capture_logs() as logs:
        await operator_folder.start()
        while not logs:
            await clock.advance(1)
    await operator_folder.close()
    assert logs[0]["file"] == "text.wav"
