"""A stage for the real bot, fresh for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.process.stage import Stage


@pytest.fixture
async def stage(tmp_path: Path, migrated: Path) -> AsyncIterator[Stage]:
    async with Stage.open(tmp_path, migrated) as stage:
        yield stage
