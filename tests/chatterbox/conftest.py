"""What the tests of Chatterbox share: checkpoints of random weights, loaded models, references; and
the bot against the sandbox, as the tests in `tests/discord/` have it.

They need torch, so `make test` leaves them out: `make test-chatterbox` sets up what they need. A
checkpoint takes 300 MB, so it is built once a run and deleted at its end.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.tts.engines.chatterbox import ChatterboxSynthesizer
from tests.chatterbox import checkpoint
from tests.chatterbox.speech import Speaker, recording
from tests.discord.conftest import clock, discord, host, scene, start

__all__ = ["clock", "discord", "host", "scene", "start"]

MODELS = ("turbo", "original", "multilingual")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """We cannot fix deprecations in the libraries that upstream brings."""
    for item in items:
        for kind in (DeprecationWarning, FutureWarning, UserWarning, ResourceWarning):
            item.add_marker(pytest.mark.filterwarnings(f"ignore::{kind.__name__}"))


@pytest.fixture(scope="session")
def checkpoints() -> Iterator[Callable[[str], Path]]:
    """The folder of a model's checkpoint, built on the first request."""
    with tempfile.TemporaryDirectory(prefix="checkpoints-") as folder:

        def get(model: str) -> Path:
            place = Path(folder, model)
            return place if place.is_dir() else checkpoint.build(model, place)

        yield get


@pytest.fixture(scope="session")
def speakers(checkpoints: Callable[[str], Path]) -> Callable[[str], Speaker]:
    """A loaded model with two voices; loaded once, because loading takes seconds."""
    loaded: dict[str, Speaker] = {}

    def get(model: Any) -> Speaker:
        if model not in loaded:
            synthesizer = ChatterboxSynthesizer(model, checkpoints(model), "cpu")
            synthesizer.load()
            # What Turbo needs; the others are quicker with less.
            seconds = 6.0 if model == "turbo" else 2.0
            low, high = (
                synthesizer.embed_voice(recording(pitch, seconds=seconds)) for pitch in (110, 230)
            )
            loaded[model] = Speaker(synthesizer, low, high)
        return loaded[model]

    return get


@pytest.fixture
def turbo(speakers: Callable[[str], Speaker]) -> Speaker:
    return speakers("turbo")


@pytest.fixture(params=MODELS)
def speaker(request: pytest.FixtureRequest, speakers: Callable[[str], Speaker]) -> Speaker:
    """Each of the three models."""
    return speakers(request.param)
