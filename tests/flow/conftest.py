"""The speech queue on a real database in a temporary directory, with an engine and a clock that
tests control."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.harness import Harness, one_thread
from tests.flow.voices import Voices


@pytest.fixture
async def harness(tmp_path: Path, migrated: Path) -> AsyncIterator[Harness]:
    """A queue, not yet open, in a fresh directory. What is still open at the end is closed."""
    with one_thread():
        harness = Harness(tmp_path / "data", migrated)
        yield harness
        await harness.close_all()


@pytest.fixture
async def voices(harness: Harness) -> AsyncIterator[Voices]:
    """A harness with a voice registry, not yet open."""
    voices = Voices(harness)
    yield voices
    await voices.close()


@pytest.fixture
async def running(voices: Voices, monkeypatch: pytest.MonkeyPatch) -> Voices:
    """A running bot's voice registry, on the directories that the command finds in its settings."""
    await voices.open()
    monkeypatch.chdir(voices.data)  # not the project's `.env`
    monkeypatch.setenv("MYNAH_DATA_DIR", str(voices.data))
    monkeypatch.setenv("MYNAH_REFERENCES_DIR", str(voices.references))
    return voices
