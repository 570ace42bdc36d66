"""Speech on a real database in a temporary directory, with an engine and a clock on strings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.house import House, one_thread
from tests.flow.voices import Voices


@pytest.fixture
async def house(tmp_path: Path, migrated: Path) -> AsyncIterator[House]:
    """Speech, not yet open, in a fresh directory. What is open at the end is closed."""
    with one_thread():
        house = House(tmp_path / "data", migrated)
        yield house
        await house.close_all()


@pytest.fixture
async def voices(house: House) -> AsyncIterator[Voices]:
    """A house with a library, not yet open."""
    voices = Voices(house)
    yield voices
    await voices.close()
