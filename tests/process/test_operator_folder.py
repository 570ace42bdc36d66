"""Recordings in the operator's folder become public voices by their name, and follow changes."""

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
    """A registry that knows no more than which voices are public."""

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


class House:
    """The folder, the registry, and what keeps them the same."""

    def __init__(self, folder: Path) -> None:
        self.references = folder / "references"
        self.converted = folder / "data" / "references"
        self.references.mkdir()
        self.registry = Registry()
        self.settings = Settings(
            mynah_data_dir=folder / "data",
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
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_each_kind_of_file_becomes_a_public_voice_by_its_name(house: House) -> None:
    house.drop("Anna.wav", wav(speech()))
    house.drop("Björn Borg.mp3", converted("mp3"))
    house.drop("chloe.OGG", converted("ogg", "-c:a", "libopus"))
    house.drop("dora.flac", converted("flac"))
    house.drop("README.md", b"# references\n")
    (house.references / "folder.wav").mkdir()
    await house.look()
    assert set(house.registry.voices) == {"Anna", "Björn Borg", "chloe", "dora"}
    anna, dora = house.registry.voices["Anna"], house.registry.voices["dora"]
    assert anna.reference == dora.reference  # the same samples
    assert house.copies() == sorted({each.reference for each in house.registry.voices.values()})
    assert anna.analysis.speech > 8


async def test_a_file_is_taken_once_it_stands_still(house: House) -> None:
    whole = wav(speech())
    house.drop("anna.wav", whole[:100_000])
    await house.look(times=1)
    house.drop("anna.wav", whole)
    await house.look(times=1)
    assert house.registry.acts == []
    await house.look(times=1)
    assert house.registry.acts == ["+anna"]
    await house.look(times=3)
    assert house.registry.acts == ["+anna"]


async def test_voices_follow_changes_and_go_with_their_files(house: House) -> None:
    house.drop("anna.wav", wav(speech()))
    await house.look()
    first = house.registry.voices["anna"].reference
    house.drop("anna.wav", wav(speech(voice="gmw/en-GB-scotland")))
    await house.look(times=1)
    assert house.registry.voices["anna"].reference == first  # it may still be growing
    await house.look(times=1)
    second = house.registry.voices["anna"].reference
    assert second != first
    assert house.copies() == [second]
    (house.references / "anna.wav").rename(house.references / "beth.wav")
    await house.look()
    assert list(house.registry.voices) == ["beth"]
    (house.references / "beth.wav").unlink()
    await house.look(times=1)
    assert house.registry.voices == {}
    assert house.copies() == []


async def test_what_cannot_serve_is_told_of_once_and_skipped(house: House) -> None:
    house.drop("anna.wav", wav(speech()))
    house.drop("text.wav", b"This is no voice.\n" * 100)
    house.drop("refused.wav", wav(speech()[:100_000]))
    with capture_logs() as logs:
        await house.look(times=4)
    warned = [
        (each.get("file") or each.get("name"), each["reason"]) for each in logs if "reason" in each
    ]
    assert len(warned) == 2
    assert dict(warned)["text.wav"].startswith("This file is text")
    assert "refused" in dict(warned)
    assert list(house.registry.voices) == ["anna"]
    # A file that is spoilt takes its voice away, and gives it back when it is mended.
    house.drop("anna.wav", b"")
    await house.look()
    assert house.registry.voices == {}
    house.drop("anna.wav", converted("flac"))
    await house.look()
    assert list(house.registry.voices) == ["anna"]


async def test_of_two_files_of_one_name_the_first_serves_and_the_other_is_told_of(
    house: House,
) -> None:
    house.drop("Anna.wav", wav(speech()))
    house.drop("anna.mp3", converted("mp3"))
    with capture_logs() as logs:
        await house.look(times=4)
    assert list(house.registry.voices) == ["Anna"]
    assert [each["file"] for each in logs if "rename" in each["event"]] == ["anna.mp3"]


async def test_after_a_restart_nothing_is_analyzed_again(house: House) -> None:
    house.drop("anna.wav", wav(speech()))
    house.drop("text.wav", b"This is no voice.\n" * 100)
    await house.look()
    nothing = RecordingLimits(bytes=1, seconds=1)  # with which all would be refused
    recording_files = RecordingFiles(house.references, house.converted)
    house.operator_folder = OperatorFolder(
        recording_files, RecordingAnalyzer(nothing), house.registry, ManualClock()
    )
    await house.operator_folder.start()
    await settle()
    with capture_logs() as logs:
        await house.look(times=3)
    await house.operator_folder.close()
    assert house.registry.acts == ["+anna"]
    assert logs == []


async def test_voices_keep_their_copies_until_their_files_are_analyzed_again(house: House) -> None:
    """As after an update, which analyzes every file again."""
    house.drop("anna.wav", wav(speech()))
    await house.look()
    copies = house.copies()
    (house.converted / "index.json").unlink()
    house.operator_folder = OperatorFolder.from_settings(
        house.settings, house.registry, ManualClock()
    )
    await house.look(times=1)
    assert house.copies() == copies
    await house.look(times=1)
    assert house.copies() == copies
    assert house.registry.acts == ["+anna"]


async def test_a_copy_that_was_lost_is_made_again(house: House) -> None:
    house.drop("anna.wav", wav(speech()))
    await house.look()
    (copy,) = house.converted.glob("*.wav")
    copy.unlink()
    await house.look()
    assert copy.exists()


async def test_it_looks_by_itself_each_second(house: House) -> None:
    clock = ManualClock()
    recording_files = RecordingFiles(house.references, house.converted)
    operator_folder = OperatorFolder(
        recording_files, operator_analyzer(house.settings), house.registry, clock
    )
    (house.references / "text.wav").write_bytes(b"This is no voice.\n" * 100)
    with capture_logs() as logs:
        await operator_folder.start()
        while not logs:
            await clock.advance(1)
    await operator_folder.close()
    assert logs[0]["file"] == "text.wav"
