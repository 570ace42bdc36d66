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
