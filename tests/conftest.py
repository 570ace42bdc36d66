"""A fixture that tests in several folders share."""

from pathlib import Path

import pytest

from engine.store.integrity import upgrade


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest schema: migrating takes 0.6 s, copying it nothing."""
    file = tmp_path_factory.mktemp("migrated") / "mynah.db"
    upgrade(file)
    return file
