"""The weights come from the hub once, and are used offline from then on."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.synthesis.chatterbox.models import MODELS
from tests.chatterbox.hub import Hub, serving

HOME = Path(__file__).resolve().parents[2]
ORIGINAL = MODELS["original"]
#: In a process of its own, for the hub's place is read when its client is imported.
CODE = """
from tests.chatterbox import checkpoint
checkpoint.shrink()
from engine.errors import SetupError
from engine.synthesis.chatterbox import ChatterboxSynthesizer
synthesizer = ChatterboxSynthesizer('original', None, 'cpu')
try:
    synthesizer.load()
except SetupError as error:
    print('refused:', error)
else:
    print('loaded:', [voice.name for voice in synthesizer.describe().voices])
"""


def started(cache: Path, url: str) -> str:
    """How a start with that cache ends."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        cwd=HOME,
        env={"PATH": os.environ["PATH"], "HF_HOME": str(cache), "HF_ENDPOINT": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = ("refused", "loaded")
    return next(line for line in done.stdout.splitlines() if line.startswith(told))


@pytest.fixture
def hub(checkpoints: Callable[[str], Path]) -> Hub:
    return Hub(ORIGINAL.repository, checkpoints("original"))


def test_weights_are_fetched_once_and_only_those_that_are_wanted(hub: Hub, tmp_path: Path) -> None:
    unwanted = hub.folder / "README.md"
    unwanted.write_text("Not for us.")
    try:
        with serving(hub):
            assert started(tmp_path, hub.url) == "loaded: ['Chatterbox']"
            assert {*hub.asked} == {*ORIGINAL.files, *ORIGINAL.extras}
    finally:
        unwanted.unlink()
    # Nobody answers there any more.
    assert started(tmp_path, hub.url) == "loaded: ['Chatterbox']"


def test_fetch_that_breaks_off_is_said_and_gone_on_with(hub: Hub, tmp_path: Path) -> None:
    with serving(hub):
        hub.breaks = "s3gen.safetensors"
        said = started(tmp_path, hub.url)
        assert {*hub.asked} >= {hub.breaks, *ORIGINAL.extras}
        assert said.startswith("refused: The weights of Chatterbox could not be fetched")
        assert "Try again" in said
        hub.breaks = None
        hub.asked.clear()
        assert started(tmp_path, hub.url) == "loaded: ['Chatterbox']"
        assert "s3gen.safetensors" in hub.asked
        assert not {*hub.asked} & {*ORIGINAL.extras}  # they are here already
